"""What a Python user imports: there, described, and loaded only when it is used."""

import inspect
import subprocess
import sys

import pytest

import spacy_distill

PROMISED = (
    *("annotate", "audit_corpus", "vote", "clean", "predict", "import_corpus", "preview"),
    *("BlendedCorpus", "DistillError", "Task", "Annotation", "Item", "Ledger", "read_docs", "write_docs"),
)


@pytest.mark.parametrize("name", spacy_distill.__all__)
def test_every_name_resolves_and_is_described(name: str):
    assert inspect.getdoc(getattr(spacy_distill, name))
    assert name in dir(spacy_distill)


def test_what_was_promised_is_there():
    assert set(PROMISED) <= set(spacy_distill.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        spacy_distill.nothing  # noqa: B018


def test_importing_the_package_loads_neither_spacy_nor_torch():
    code = (
        "import sys, spacy_distill; "
        "print(sorted({'spacy', 'torch', 'thinc', 'confection', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
