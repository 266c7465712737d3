"""`spacy-distill import` as a user types it."""

import json

import pytest
import spacy
from typer.testing import CliRunner

from spacy_distill import read_docs
from spacy_distill.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty folder; its exit status and its output without line breaks."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(app, ["import", *map(str, arguments)])
        return done.exit_code, " ".join(done.output.split())

    return run


def test_a_corpus_is_imported_and_described(run, tmp_path):
    (tmp_path / "news.txt").write_text("-DOCSTART- O\n\nAna I-PER\n\nOslo I-LOC\n", encoding="utf8")
    status, output = run("news.txt", "out/news.spacy", "--format", "conll", "--limit", 1, "--seed", 3)
    assert status == 0, output
    assert "1 left out by --limit" in output
    assert "1 document from 1 article, 1 token" in output
    assert len(list(read_docs(tmp_path / "out" / "news.spacy", spacy.blank("en").vocab))) == 1


def test_every_option_reaches_the_import(run, tmp_path):
    (tmp_path / "other.txt").write_text("Ana left.\n", encoding="utf8")
    assert run("other.txt", "other.spacy", "-f", "text")[0] == 0
    rows = [{"id": f"a{i}", "text": f"Ana left. Number {i}."} for i in range(4)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    status, output = run(
        *("rows.jsonl", "out.spacy", "-f", "jsonl", "--sentences", "--exclude", "other.spacy"),
        *("--documents", "0:0.5", "--shuffled", "--seed", 1, "--lang", "xx"),
    )
    assert status == 0, output
    assert "4 outside --documents" in output
    assert "2 excluded" in output
    docs = read_docs(tmp_path / "out.spacy", spacy.blank("xx").vocab)
    assert all(doc.text.startswith("Number") for doc in docs)


def test_spans_that_fit_no_tokens_are_shown(run, tmp_path):
    row = {"text": "Boli came.", "spans": [[0, 2, "PER"]]}
    rows = [row] * 12
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    _, output = run("rows.jsonl", "out.spacy", "-f", "jsonl")
    assert "12 spans not on token borders" in output
    assert "line 10: 'Bo' (PER)" in output
    assert "and 2 more" in output


def test_bad_input_is_one_message_and_status_1(run, tmp_path):
    (tmp_path / "news.txt").write_text("Ana\n", encoding="utf8")
    status, output = run("news.txt", "out.spacy", "-f", "conll")
    assert status == 1
    assert "news.txt, line 1: expected a token and its entity tag" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("number", [1, 2])
def test_what_was_left_out_is_counted_in_words(run, tmp_path, number):
    person = {"start": 0, "end": 3, "label": "PER"}
    torn = {"start": 5, "end": 7, "label": "PER"}
    rows = [{"text": "Ana met Bob", "spans": [torn, *[person] * 2]}] * number
    rows += [{"text": "Bob", "spans": 3}] * number
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    status, output = run(source, tmp_path / "out.spacy", "--skip-bad")
    assert status == 0, output
    many = "s" if number > 1 else ""
    for said in ("span{} left out: the row names it", "row{} left out as unusable", "span{} not on token"):
        assert f"{number} {said.format(many)}" in output


def test_where_every_row_is_unusable_the_first_reason_is_named(run, tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text(json.dumps({"text": "Ana", "spans_gold": [{"start": 0, "end": 3, "label": "PER"}]}))
    status, output = run(source, tmp_path / "out.spacy", "--skip-bad")
    assert status == 1 and "its 1 row was left out" in output and "spans_gold" in output
