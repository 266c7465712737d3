"""`distill clean` as a user runs it."""

import pytest
from typer.testing import CliRunner

from helpers.docs import make_doc, missing_tokens, read_docs, write_docs
from spacy_distill.cli import app


@pytest.fixture
def corpus(tmp_path):
    for name, odd in (("gold", "LOC"), ("distilled", "PER")):
        docs = []
        for n in range(32):
            items = [(1, 2, "PER"), (3, 4, odd if n % 16 == 0 else "LOC")]
            docs.append(make_doc(f"saw Name{n} in Town{n}", items, id=f"{n}:1"))
        write_docs(tmp_path / f"{name}.spacy", *docs)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, ["clean", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def test_students_by_folds_with_gold(corpus):
    out = corpus / "out.spacy"
    code, output = run(
        corpus / "distilled.spacy", out, "--folds", 2, "--epochs", 15, "--gold", corpus / "gold.spacy"
    )
    assert code == 0, output
    assert "2 of 128 labelled tokens were masked (1.6%)" in output
    assert "PER 34 2 2 0 0" in output
    assert "after 0.00% 1.000 1.000 1.000" in output
    assert sum(len(missing_tokens(doc)) for doc in read_docs(out)) == 2


def test_errors_are_shown(corpus):
    code, output = run(corpus / "distilled.spacy", corpus / "out.spacy", "--folds", 1)
    assert code == 1
    assert "at least 2 folds" in output
    code, output = run(corpus / "nothing.spacy", corpus / "out.spacy")
    assert code == 1
    assert "No such corpus" in output
    code, output = run(corpus / "distilled.spacy", corpus / "distilled.spacy")
    assert code == 1
    assert "Choose another place" in output
