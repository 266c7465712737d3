PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
export OMP_NUM_THREADS = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: demo test site live install clean

# The whole spaCy project on the shipped sample: annotate, blend, train, compare.
demo: install
	$(BIN)/python -m spacy project run all . $(ARGS)

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(ARGS)

# The documentation as a site, in site/; a link that leads nowhere is an error.
site: install
	$(BIN)/mkdocs build --strict

# Both prompts through a real model behind a real server on this machine; builds llama.cpp, which takes minutes.
live: install
	$(BIN)/pip install --quiet --editable '.[dev,live]'
	$(BIN)/python benchmarks/live.py

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf corpus demo ledgers training studies reports packages dist build site project.lock
