"""`spacy-distill ledger` as a user types it."""

import json

import pytest
import spacy
from typer.testing import CliRunner

from helpers.asking import Entry, Ledger, answer_key, user_message
from helpers.warm import CONFIG
from spacy_distill import set_origin, write_docs
from spacy_distill.cli import app

OK = '{"entities": []}'


def entry(prompt, **known):
    messages = tuple(user_message(prompt))
    facts = {"model": "gpt-4", "host": "api.openai.com", "answer": OK, "state": "ok", **known}
    return Entry(key=answer_key("e", facts["model"], messages, {}, 0), messages=messages, **facts)


ENTRIES = [
    entry(
        "one",
        cost=0.5,
        prompt_tokens=1000,
        completion_tokens=10,
        latency=2.0,
        time=0.0,
        view="cot",
        text="One",
    ),
    entry(
        "two", cost=0.25, prompt_tokens=500, completion_tokens=5, latency=1.0, time=60.0, view="cot", tries=3
    ),
    entry("three", state="failed", answer="", error="HTTP 500: \x1b[31m", view="cot", prompt_hash="0123"),
    entry("four", model="llama", host="recorded", source="file.jsonl", answer="\x1b[31m and\nmore"),
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in a folder with a ledger; its exit status and its output without line breaks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.put_all(ENTRIES)

    def run(*arguments, ledger="ledger.sqlite"):
        done = CliRunner().invoke(app, ["ledger", ledger, *map(str, arguments)], catch_exceptions=False)
        return done.exit_code, " ".join(done.output.split())

    return run


def test_a_summary_by_model_prompt_and_state(run):
    status, output = run()
    assert status == 0
    assert "gpt-4 api.openai.com cot ok 2 1,500 15 0.7500 1.50 1970-01-01 00:00 1970-01-01 00:01" in output
    assert "gpt-4 api.openai.com cot 0123 failed 1" in output
    assert "llama recorded: file.jsonl ? ok 1" in output
    assert "4 answers, 0.7500 USD for 2 of them, unknown for the others, 2 retries" in output


def test_an_export_goes_round(run, tmp_path):
    for name in ("out.jsonl", "out.jsonl.gz"):
        assert run("export", name)[0] == 0
        status, output = run("import", name, ledger="other.sqlite")
        assert status == 0, output
        with Ledger(tmp_path / "other.sqlite") as ledger:
            assert list(ledger.entries()) == ENTRIES
        (tmp_path / "other.sqlite").unlink()


def test_importing_twice_changes_nothing(run):
    run("export", "out.jsonl")
    assert "Stored 4 of 4" in run("import", "out.jsonl", ledger="other.sqlite")[1]
    assert run("import", "out.jsonl", ledger="other.sqlite")[0] == 0
    assert "4 answers" in run(ledger="other.sqlite")[1]


def test_show_prints_everything_without_control_characters(run):
    status, output = run("show", ENTRIES[0].key[:12])
    assert status == 0
    for part in (ENTRIES[0].key, "gpt-4", "--- user one", f"--- answer {OK}"):
        assert part in output
    assert "\\x1b[31m and more" in run("show", ENTRIES[3].key)[1]
    assert run("show", "xyz")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exprt", "x"], "Expected one of export, import, list, show"),
        (["export"], "needs a file"),
        (["show"], "needs a key"),
        (["import", "none.jsonl"], "No such file"),
        (["import", "bad.jsonl"], "bad.jsonl, line 2: expected a JSON object"),
        (["import", "recorded.jsonl"], "--config and --corpus"),
        (["import", "recorded.jsonl", "--config", "x.cfg"], "go together"),
        (["export", "ledger.sqlite/x"], "Choose a place"),
    ],
)
def test_wrong_commands_say_what_is_wanted(run, tmp_path, arguments, message):
    run("export", "out.jsonl")
    (tmp_path / "bad.jsonl").write_text((tmp_path / "out.jsonl").read_text().splitlines()[0] + "\n{")
    (tmp_path / "recorded.jsonl").write_text('{"text": "a", "answer": "b"}\n')
    status, output = run(*arguments)
    assert status == 1
    assert message in output


def test_there_is_no_ledger(run, tmp_path):
    status, output = run(ledger="none.sqlite")
    assert status == 1
    assert "No such ledger" in output
    assert not (tmp_path / "none.sqlite").exists()


@pytest.fixture
def recorded(run, tmp_path):
    """Import some recorded answers against a config and a corpus."""
    nlp = spacy.blank("en")
    docs = [
        nlp("Ada met Bob."),
        spacy.tokens.Doc(nlp.vocab, words=["Oslo", "-", "Rome"]),
        nlp("Nobody came."),
    ]
    set_origin(docs[2], id="docs:3", document="docs", source="docs")
    write_docs([*docs, docs[0], nlp("")], tmp_path / "in.spacy")
    (tmp_path / "teacher.cfg").write_text(CONFIG)

    def recorded(lines, *options):
        (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return run(
            "import",
            "answers.jsonl",
            "--config",
            "teacher.cfg",
            "--corpus",
            "in.spacy",
            *options,
            ledger="new",
        )

    return recorded


def test_recorded_answers_are_matched_by_text_or_tokens(recorded, tmp_path):
    lines = [
        {"text": "Ada met Bob.", "answer": "first", "model": "one", "prompt_tokens": 5},
        {"text": "Ada met Bob.", "answer": "second"},
        {"tokens": ["Oslo", "-", "Rome"], "answer": "cut", "finish_reason": "length"},
        {"text": "Somewhere else.", "answer": "x"},
    ]
    status, output = recorded(lines, "--model", "other")
    assert status == 0, output
    for part in (
        "1 line with a text answered before",
        "1 line",
        "1 document of 4 without a recorded answer",
        "Stored 2 recorded",
    ):
        assert part in output, part
    with Ledger(tmp_path / "new") as ledger:
        first, second = ledger.entries()
    assert (first.answer, first.model, first.state, first.prompt_tokens) == ("first", "one", "ok", 5)
    assert (second.answer, second.model, second.state) == ("cut", "other", "truncated")
    assert first.source == second.source == "answers.jsonl"
    assert "Ada met Bob." in first.messages[0]["content"]
    assert first.prompt_hash and first.view == "standard"


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("end_turn", "ok"),
        ("MAX_TOKENS", "truncated"),
        ("SAFETY", "refused"),
        ("error", "failed"),
        (None, "ok"),
    ],
)
def test_recorded_answers_end_for_the_same_reasons_as_live_ones(recorded, tmp_path, reason, state):
    status, output = recorded([{"text": "Ada met Bob.", "answer": OK, "finish_reason": reason}])
    assert status == 0, output
    with Ledger(tmp_path / "new") as ledger:
        assert [entry.state for entry in ledger.entries()] == [state]


def test_recorded_answers_are_matched_by_the_documents_id(recorded, tmp_path):
    status, output = recorded([{"id": "docs:3", "answer": "two"}, {"id": "elsewhere", "answer": "none"}])
    assert status == 0, output
    with Ledger(tmp_path / "new") as ledger:
        (only,) = ledger.entries()
    assert only.answer == "two"


def test_an_export_is_a_file_of_recorded_answers(recorded, run, tmp_path):
    """A ledger's answers can be moved under another prompt of the same documents."""
    recorded([{"text": "Ada met Bob.", "answer": OK, "model": "one"}])
    run("export", "export.jsonl", ledger="new")
    options = ("--config", "teacher.cfg", "--corpus", "in.spacy", "--components.llm.task.labels", '["PER"]')
    status, output = run("import", "export.jsonl", *options, ledger="moved")
    assert status == 0, output
    with Ledger(tmp_path / "new") as old, Ledger(tmp_path / "moved") as new:
        (before,), (after,) = old.entries(), new.entries()
    assert (after.answer, after.model, after.source) == (OK, "one", "answers.jsonl")
    assert after.messages != before.messages


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "expected a JSON object"),
        ({"answer": "x"}, "text"),
        ({"text": "a"}, "answer"),
        ({"text": "a", "answer": 1}, "answer"),
        ({"tokens": "a", "answer": "x"}, "tokens"),
        ({"text": "a", "answer": "x", "finish_reason": 7}, "finish_reason"),
        ({"text": "a", "answer": "x", "sample": -1}, "sample"),
        ({"text": "a", "answer": "x", "prompt_tokens": "5"}, "prompt_tokens"),
        ({"text": "a", "answer": "x", "prompt_tokens": 2**63}, "prompt_tokens"),
        ({"text": "a", "answer": "x", "model": 1}, "model"),
    ],
)
def test_wrong_lines_are_refused_by_number(recorded, line, message):
    status, output = recorded([{"text": "a", "answer": "b"}, line])
    assert status == 1
    assert "answers.jsonl, line 2" in output
    assert message in output
