"""Every public name resolves through its entry point, with no import and no --code."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf8"))
REGISTRIES = {
    "thinc_llm_tasks": "llm_tasks",
    "thinc_llm_models": "llm_models",
    "spacy_readers": "readers",
    "thinc_schedules": "schedules",
    "thinc_optimizers": "optimizers",
    "spacy_callbacks": "callbacks",
    "spacy_loggers": "loggers",
    "spacy_batchers": "batchers",
}
PROMISED = {
    "llm_tasks": ["NER", "TextCat"],
    "llm_models": ["ChatModel", "Replay"],
    "readers": ["BlendedCorpus", "gold_labels"],
    "schedules": [
        *("distilled", "gold", "pooled", "constant", "simple_mix", "simple_mix_union", "gold_first"),
        *("linear", "cosine", "sigmoid", "power", "phases"),
    ],
    "callbacks": ["track_progress"],
    "loggers": ["BlendLogger"],
}
NAMES = [
    (REGISTRIES[group], name)
    for group, names in PYPROJECT["project"]["entry-points"].items()
    if group in REGISTRIES
    for name in names
]
COMMANDS = (
    *("import", "export", "annotate", "audit", "preview", "ledger", "vote"),
    *("study", "report", "card", "clean", "predict"),
    *("init", "encoder", "committee", "relabel", "review", "select"),
)


@pytest.mark.parametrize(("registry", "name"), NAMES)
def test_a_public_name_resolves(registry: str, name: str):
    import spacy_llm  # noqa: F401  the llm_* registries exist once it was imported
    from spacy import registry as registries

    assert callable(registries.get(registry, name))


@pytest.mark.parametrize("registry", PROMISED)
def test_the_promised_names_are_there(registry: str):
    assert {f"spacy_distill.{name}.v1" for name in PROMISED[registry]} <= {
        n for r, n in NAMES if r == registry
    }


def test_the_commands_are_part_of_spacys_own_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "distill", "--help"], capture_output=True, text=True, check=True
    )
    assert [c for c in COMMANDS if c not in done.stdout] == []


def test_importing_the_package_and_its_commands_loads_nothing_heavy():
    heavy = {"torch", "openai", "matplotlib", "transformers", "spacy_llm", "scipy", "spacy_transformers"}
    code = (
        "import sys, spacy.cli; before = set(sys.modules); import spacy_distill.cli.plugin; "
        f"print(sorted({heavy!r} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_python_page_has_every_name_of_the_package():
    import spacy_distill

    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf8")
    assert [name for name in spacy_distill.__all__ if f"`{name}`" not in page] == []
