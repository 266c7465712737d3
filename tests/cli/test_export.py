"""`spacy-distill export` as a user types it."""

import json
from pathlib import Path

import pytest
from spacy.tokens import Doc
from typer.testing import CliRunner

from helpers.docs import VOCAB, make_doc, write_docs
from spacy_distill.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder; its exit status and its output without line breaks."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, " ".join(done.output.split())

    return run


def test_a_corpus_is_exported_and_what_is_not_held_is_named(run):
    docs = [make_doc("Ana left Oslo", [(0, 1, "PER"), (2, 3, "LOC")], id="a:1", teachers={"cot": []})]
    docs += [make_doc("Bo left", [(0, 1, "PER")], id="a:2"), make_doc("Who left", id="b:1")]
    write_docs(Path("in.spacy"), *docs)
    status, output = run("export", "in.spacy", "out.conll", "--format", "conll")
    assert status == 0, output
    assert "Not kept by conll, with the number of documents: ids (3), provenance and views (3)" in output
    assert "3 documents: out.conll" in output
    assert Path("out.conll").read_text(encoding="utf8") == (
        "-DOCSTART- -X- -X- O\n\nAna -X- -X- I-PER\nleft -X- -X- O\nOslo -X- -X- I-LOC\n\n"
        "Bo -X- -X- I-PER\nleft -X- -X- O\n\n-DOCSTART- -X- -X- O\n\nWho -X- -X- O\nleft -X- -X- O\n\n"
    )
    status, output = run("import", "out.conll", "back.spacy")
    assert "Read as conll (its name ends with .conll); --format says otherwise." in output
    assert "3 documents from 2 articles" in output


def test_what_would_become_another_label_is_refused_or_left_out(run):
    docs = [make_doc("Ana left", [(0, 1, "PER")], id="a"), make_doc("Bo left", missing=[0], id="b")]
    write_docs(Path("in.spacy"), *docs, make_doc("Who left", id="c", labelled=False), Doc(VOCAB, ["\n"]))
    status, output = run("export", "in.spacy", "out.tsv", "-f", "bilou")
    assert status == 1 and not Path("out.tsv").exists()
    assert "2 documents of in.spacy cannot be written as bilou: b: nothing is known of 1 token" in output
    assert "c: it has no labels" in output and "--skip-bad" in output
    status, output = run("export", "in.spacy", "out.tsv", "-f", "bilou", "--skip-bad")
    assert status == 0 and "1 document without text left out" in output and "1 document: out.tsv" in output
    assert Path("out.tsv").read_text(encoding="utf8") == "Ana\tU-PER\nleft\tO\n\n"
    status, output = run("export", "in.spacy", "out.jsonl", "-f", "jsonl")
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf8").splitlines()]
    assert status == 0 and [row.get("missing") for row in rows] == [None, [[0, 2]], None]
    assert ["spans" in row for row in rows] == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("in.spacy", "out", "-f", "csv"),
            "The format 'csv' is only read. Formats that are written: datasets",
        ),
        (("in.spacy", "out", "-f", "nonsense"), "There is no format 'nonsense'"),
        (("in.spacy", "in.spacy", "-f", "jsonl"), "is read too"),
        (("none.spacy", "out", "-f", "jsonl"), "No such corpus"),
        (
            ("unlabelled.spacy", "out", "-f", "iob", "--skip-bad"),
            "has no document that can be written as iob",
        ),
    ],
)
def test_what_cannot_be_exported_is_one_message(arguments, message, run):
    write_docs(Path("in.spacy"), make_doc("Ana left"))
    write_docs(Path("unlabelled.spacy"), make_doc("Ana left", labelled=False))
    status, output = run("export", *arguments)
    assert status == 1 and message in output and "Traceback" not in output


def test_articles_with_marked_sentences_are_blocks_and_come_back(run):
    text = "-DOCSTART- O\n\nAna B-PER\nleft O\n\nOslo B-LOC\n\n-DOCSTART- O\n\nBo B-PER\n"
    Path("a.conll").write_text(text, encoding="utf8")
    assert run("import", "a.conll", "a.spacy", "--docs")[0] == 0
    for name in ("conll", "conllu", "conllup"):
        assert run("export", "a.spacy", f"b.{name}", "-f", name)[0] == 0
        for options, size in (
            (("--docs",), "2 documents from 2"),
            ((), "3 documents from 2 articles, 4 tokens"),
        ):
            status, output = run("import", f"b.{name}", "b.spacy", *options)
            assert status == 0 and size in output
