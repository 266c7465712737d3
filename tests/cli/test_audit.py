"""`spacy-distill audit` as a user types it."""

import json

import pytest
from typer.testing import CliRunner

from helpers.docs import make_doc, write_docs
from spacy_distill.cli import app

TEXT = "Ana left the old harbour of Oslo before noon today ."


def corpus(path, label, text=TEXT):
    views = {"cot": [(0, 1, label)], "standard": [(0, 1, "MISC")]}
    facts = {"teachers": views, "dropped": {"invented": 1}}
    write_docs(path, *(make_doc(f"{text} {i}", [(0, 1, label)], id=f"a{i}:1", **facts) for i in range(3)))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command beside four corpora; its exit status and its output without line breaks."""
    monkeypatch.chdir(tmp_path)
    corpus(tmp_path / "distilled.spacy", "ORG")
    corpus(tmp_path / "gold.spacy", "PER")
    corpus(tmp_path / "near.spacy", "PER", TEXT.replace("noon", "dawn"))
    corpus(tmp_path / "far.spacy", "PER", "Nothing of this can be found in any other corpus here.")

    def run(*arguments):
        done = CliRunner().invoke(app, ["audit", *map(str, arguments)])
        return done.exit_code, " ".join(done.output.split())

    return run


def test_without_gold(run):
    status, output = run("distilled.spacy")
    assert status == 0, output
    assert "3 documents (0 without labels) from 3 articles" in output
    assert "cot: 3 ok. Dropped candidates: 3 not in the text" in output
    assert "cot – standard" in output
    assert "Not compared with any test corpus" in output


def test_with_gold_and_files(run, tmp_path):
    status, output = run(
        *("distilled.spacy", "--gold", "gold.spacy", "--test", "far.spacy"),
        *("--json", "reports/audit.json", "--html", "reports/audit.html", "--strict"),
    )
    assert status == 0, output
    assert "No document of at least 8 tokens is in far.spacy" in output
    assert "Gold has no entities of ORG: are its labels those of the corpus?" in output
    record = json.loads((tmp_path / "reports" / "audit.json").read_text(encoding="utf8"))
    assert [quality["name"] for quality in record["gold"]["quality"]] == ["cot", "standard", "labels"]
    assert record["gold"]["quality"][0]["confusion"] == [
        {"gold": "PER", "found": "ORG", "exact": 3, "overlapping": 0}
    ]
    assert "<!doctype html>" in (tmp_path / "reports" / "audit.html").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("test", "found"),
    [("gold", "3 documents exactly and 0 nearly"), ("near", "0 documents exactly and 3 nearly")],
)
def test_a_corpus_that_leaks_is_not_called_clean(run, test, found):
    status, output = run("distilled.spacy", "--test", "far.spacy", "--test", f"{test}.spacy")
    assert found in output
    assert "This corpus is not clean" in output
    assert status == 0
    assert run("distilled.spacy", "--test", f"{test}.spacy", "--strict")[0] == 1


def test_strict_wants_a_test_corpus(run):
    assert run("distilled.spacy", "--strict")[0] == 1


def test_bad_input_is_one_message_and_status_1(run, tmp_path):
    (tmp_path / "bad.spacy").write_bytes(b"no corpus")
    status, output = run("bad.spacy")
    assert status == 1
    assert "bad.spacy is not a .spacy file" in output
    assert run("distilled.spacy", "--gold", "none.spacy")[0] == 1


@pytest.mark.parametrize("option", ["--gold", "--test"])
def test_an_empty_corpus_to_compare_with_is_refused(run, tmp_path, option):
    write_docs(tmp_path / "empty.spacy")
    status, output = run("distilled.spacy", option, "empty.spacy")
    assert status == 1
    assert "empty.spacy holds no document" in output
