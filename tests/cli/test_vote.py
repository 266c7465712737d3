"""`distill vote` as a user runs it."""

import pytest
from typer.testing import CliRunner

from helpers.docs import make_doc, make_ner_task, read_docs, write_docs
from spacy_distill.cli import app


@pytest.fixture
def files(tmp_path):
    answers = {"a": '[["Rome", "LOC"]]', "b": '[["Rome", "LOC"], ["May", "LOC"]]', "c": "[]"}
    return [
        str(write_docs(tmp_path / f"{name}.spacy", make_ner_task(["LOC"], view=name).annotate(doc, answer)))
        for name, answer in answers.items()
        for doc in [make_doc("Rome in May", labelled=False)]
    ]


def run(*arguments):
    return CliRunner().invoke(app, ["vote", *map(str, arguments)])


def test_three_views_become_one_annotation(files, tmp_path):
    result = run(*files, tmp_path / "out.spacy")
    assert result.exit_code == 0, result.output
    assert "1 of 3 tokens are missing (33.3%)" in result.output
    (doc,) = read_docs(tmp_path / "out.spacy")
    assert [t.ent_iob_ for t in doc] == ["B", "O", ""]


def test_rule_and_disputed_are_passed_on(files, tmp_path):
    out = tmp_path / "out.spacy"
    result = run(*files, out, "--rule", "threshold", "--threshold", 3, "--disputed", "O", "--negatives")
    assert result.exit_code == 0, result.output
    (doc,) = read_docs(out)
    assert [t.ent_iob_ for t in doc] == ["O", "O", "O"]
    assert "negative" in doc.spans


@pytest.mark.parametrize(("options", "message"), [
    (["--rule", "most"], "Allowed are majority"),
    (["--threshold", "2"], "no other rule"),
    (["--disputed", "x"], "Allowed are missing"),
])  # fmt: skip
def test_wrong_options_are_explained(files, tmp_path, options, message):
    result = run(*files, tmp_path / "out.spacy", *options)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())


def test_a_lone_path_is_refused(files):
    result = run(files[0])
    assert result.exit_code == 1
    assert "the file to write" in " ".join(result.output.split())
