import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.asking import Entry, Ledger, entry, user_message
from spacy_distill.teacher.ledger import file
from spacy_distill.teacher.ledger.entry import STATES, from_line, to_line

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
NUMBER = st.none() | st.integers(0, 10**9)
# As version 0.1.0 made it.
BEFORE = """
PRAGMA application_id = 97605393;
PRAGMA user_version = 1;
CREATE TABLE prompts (
    hash TEXT PRIMARY KEY, messages TEXT NOT NULL, text TEXT, view TEXT, prompt_hash TEXT
);
CREATE TABLE answers (
    key TEXT PRIMARY KEY, prompt TEXT NOT NULL REFERENCES prompts (hash), model TEXT NOT NULL,
    host TEXT NOT NULL, sample INTEGER NOT NULL, state TEXT NOT NULL, answer TEXT NOT NULL,
    body TEXT NOT NULL, finish_reason TEXT,
    prompt_tokens INTEGER, completion_tokens INTEGER, cost REAL, latency REAL, time REAL,
    tries INTEGER NOT NULL, error TEXT, source TEXT, reask_of TEXT
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, file TEXT, batch TEXT, created REAL NOT NULL
);
CREATE TABLE job_requests (
    key TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs (id), prompt TEXT NOT NULL,
    sample INTEGER NOT NULL, reask_of TEXT
);
CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL);
INSERT INTO prompts VALUES ('h', '[{"role": "user", "content": "p"}]', NULL, NULL, NULL);
INSERT INTO answers VALUES
    ('k', 'h', 'm', 'host', 0, 'ok', 'old', '', 'stop', 1, 1, NULL, 0.5, 1.0, 1, NULL, NULL, NULL);
INSERT INTO jobs VALUES ('x', 'e', 'm', '{}', 'sent', 'file-1', 'batch-1', 1.0);
INSERT INTO job_requests VALUES ('j', 'x', 'h', 0, NULL);
INSERT INTO claims VALUES ('c', 'host 12 345 abc', 1.0);
"""
ENTRIES = st.builds(
    Entry,
    key=st.text("0123456789abcdef", min_size=4, max_size=8),
    model=TEXT,
    host=TEXT,
    messages=st.lists(TEXT, min_size=1, max_size=2).map(
        lambda texts: tuple(user_message(t)[0] for t in texts)
    ),
    answer=TEXT,
    state=st.sampled_from(STATES),
    sample=st.integers(0, 5),
    finish_reason=st.none() | TEXT,
    prompt_tokens=NUMBER,
    completion_tokens=NUMBER,
    cost=st.none() | st.floats(0, 100),
    latency=st.none() | st.floats(0, 100),
    error=st.none() | TEXT,
    source=st.none() | TEXT,
    reask_of=st.none() | TEXT,
    logprobs=st.lists(st.tuples(TEXT, st.floats(-100, 0)), max_size=3).map(tuple),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "ledger.sqlite"


def test_what_is_put_is_there_also_for_others(path):
    with Ledger(path) as ledger, Ledger(path, create=False) as other:
        ledger.put(entry())
        assert other.get(entry().key) == entry()
        assert len(other) == 1
    with Ledger(path) as again:
        assert again.get(entry().key) == entry()
        assert again.get("nothing") is None


@given(st.lists(ENTRIES, max_size=8, unique_by=lambda e: e.key))
def test_entries_come_back_as_they_were_put(entries):
    with TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.sqlite") as ledger:
        ledger.put_all(entries)
        assert list(ledger.entries()) == entries
        assert [ledger.get(e.key) for e in entries] == entries


@given(ENTRIES)
def test_a_line_of_an_export_reads_back(entry):
    assert from_line(json.loads(json.dumps(to_line(entry)))) == entry


@given(st.none() | st.integers() | st.dictionaries(st.sampled_from(["key", "x", "messages"]), st.text()))
def test_other_lines_are_refused(line):
    with pytest.raises(ValueError, match=r"expected an object|unknown fields|has to be"):
        from_line(line)


@pytest.mark.parametrize("name", ["sample", "tries", "prompt_tokens", "cost", "latency", "time"])
@pytest.mark.parametrize("number", [2**63, 10**400, float("nan"), float("inf"), True, "1"])
def test_a_number_that_a_ledger_cannot_hold_is_refused(name, number):
    with pytest.raises(ValueError, match="number"):
        from_line({**to_line(entry()), name: number})


@pytest.mark.parametrize("given", [0, {}, [1], [["a"]], [["a", "b"]], [[1, -0.1]], [["a", float("nan")]]])
def test_log_probabilities_that_are_none_are_refused(given):
    with pytest.raises(ValueError, match="logprobs"):
        from_line({**json.loads(json.dumps(to_line(entry()))), "logprobs": given})


def test_an_answer_is_never_replaced_but_a_failed_one_is(path):
    with Ledger(path) as ledger:
        ledger.put(entry(answer="", state="failed", error="HTTP 500"))
        assert not ledger.has_answer(entry().key)
        assert ledger.answer(entry().key).state == "failed"
        ledger.put(entry(answer="first"))
        ledger.put(entry(answer="second"))
        ledger.put(entry(answer="", state="failed"))
        assert ledger.answer(entry().key) == "first"
        assert ledger.has_answer(entry().key)


def test_a_recorded_answer_is_replaced_by_the_next_import(path):
    with Ledger(path) as ledger:
        ledger.put(entry(answer="first", source="a.jsonl", logprobs=(("first", -0.5),)))
        assert ledger.answer(entry().key).logprobs == (("first", -0.5),)
        ledger.put(entry(answer="second", source="a.jsonl"))
        assert ledger.answer(entry().key) == "second"
        assert ledger.answer(entry().key).source == "a.jsonl"
        assert ledger.answer(entry().key).logprobs == ()


def test_an_answer_that_was_asked_again_stands_for_the_first(path):
    bad = entry(answer="bad")
    worse = replace(entry("again", answer="worse"), reask_of=bad.key)
    good = replace(entry("again and again", answer="good"), reask_of=worse.key)
    with Ledger(path) as ledger:
        ledger.put_all([bad, worse, good])
        assert [str(ledger.answer(bad.key, reasks=n)) for n in range(4)] == ["bad", "worse", "good", "good"]
        ledger.put(replace(entry("and so on", answer="", state="refused"), reask_of=good.key))
        assert ledger.answer(bad.key, reasks=9) == "good"
        assert ledger.reask(bad.key) == worse


def test_answers_to_a_prompt_prefer_usable_live_and_late_ones(path):
    asked = entry()
    rows = [
        replace(asked, key="1", state="failed", time=9.0),
        replace(asked, key="2", source="a.jsonl", time=8.0),
        replace(asked, key="3", time=1.0),
        replace(asked, key="4", time=2.0),
        replace(asked, key="5", model="n"),
        replace(asked, key="6", sample=1),
    ]
    with Ledger(path) as ledger:
        ledger.put_all(rows)
        found = ledger.answers_to(asked.messages_hash)
    assert found == [("m", 0, k) for k in "4321"] + [("m", 1, "6"), ("n", 0, "5")]


def test_a_transaction_that_fails_leaves_nothing(path):
    with Ledger(path) as ledger:
        with pytest.raises(ValueError):
            ledger.put_all([entry(), replace(entry("q"), model=None)])
        assert len(ledger) == 0
        ledger.put(entry())


def test_several_processes_can_make_and_use_one_ledger(path):
    code = """
import sys
from pathlib import Path
from helpers.asking import Entry, Ledger
ledger = Ledger(Path(sys.argv[1]))
for i in range(50):
    message = {"role": "user", "content": f"{i}"}
    ledger.put(Entry(f"{sys.argv[2]}-{i}", "m", "h", (message,), "[]", "ok"))
"""
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], env=ENVIRONMENT) for n in range(3)
    ]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    with Ledger(path) as ledger:
        assert len(ledger) == 150


def test_a_ledger_that_another_process_is_making_is_waited_for(path):
    path.parent.mkdir(exist_ok=True)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    end = threading.Timer(0.1, other.execute, ["COMMIT"])
    end.start()
    with Ledger(path):
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    end.join()
    other.close()


def test_a_ledger_that_grows_while_it_is_opened_is_not_cut_off(path, monkeypatch):
    Ledger(path).close()
    read = file._pragma

    def grow(db, name):
        if name == "page_count":
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("INSERT INTO prompts VALUES ('a', ?, null, null, null)", ["long" * 100_000])
            other = sqlite3.connect(path)
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            other.close()
        return read(db, name)

    monkeypatch.setattr(file, "_pragma", grow)
    Ledger(path).close()


def test_threads_may_hand_a_ledger_on(path):
    with Ledger(path) as ledger:
        thread = threading.Thread(target=ledger.put, args=[entry()])
        thread.start()
        thread.join()
        assert len(ledger) == 1


@pytest.mark.parametrize("content", [b"not a ledger at all" * 100, b"SQLite format 3\x00" + b"\x00" * 4096])
def test_a_file_that_is_no_ledger_is_left_alone(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    for create in (True, False):
        with pytest.raises(ValueError, match="not a ledger, or is damaged"):
            Ledger(path, create=create)
    assert path.read_bytes() == content


def test_another_database_is_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no ledger"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_ledger_that_was_cut_off_is_noticed(path):
    with Ledger(path) as ledger:
        ledger.put_all(entry(f"{i}" * 100) for i in range(500))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="damaged"):
        Ledger(path)
    assert path.read_bytes() == content[: len(content) // 2]


def test_a_ledger_with_damaged_pages_is_noticed_when_they_are_read(path):
    with Ledger(path) as ledger:
        ledger.put_all(entry(f"{i}" * 100) for i in range(500))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(ValueError, match="damaged"), Ledger(path) as ledger:
        ledger.has_answer("x")


def test_a_ledger_of_a_later_format_is_refused(path):
    Ledger(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ValueError, match="format 99"):
        Ledger(path)


def test_a_ledger_of_before_is_read_and_written(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(BEFORE)
    with Ledger(path, create=False) as ledger:
        assert (ledger.get("k").answer, ledger.answer("k").logprobs) == ("old", ())
    with Ledger(path) as ledger:
        assert ledger.get("k").answer == "old"
        assert ledger.in_batch("j")
        ledger.put(entry(logprobs=(("[]", -0.1),)))
        assert ledger.get(entry().key).logprobs == (("[]", -0.1),)
    with Ledger(path, create=False) as ledger:
        assert (len(ledger), len(ledger.summarise()), ledger.awaited()) == (2, 1, [("batch-1", "m", 1)])


def test_answers_in_the_log_are_not_overlooked_where_nothing_can_be_written(path, monkeypatch):
    with Ledger(path) as ledger:
        ledger.put(entry())
        monkeypatch.setattr("os.access", lambda *args: False)
        with Ledger(path, create=False) as other:
            assert len(other) == 1


def test_a_full_disk_is_a_clear_error_and_the_ledger_stays_whole(path):
    code = """
import resource, sys
from pathlib import Path
from helpers.asking import Entry, Ledger
ledger = Ledger(Path(sys.argv[1]))
# No file may grow beyond this: to SQLite that is a disk without room.
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
stored = 0
try:
    while True:
        message = {"role": "user", "content": f"{stored} " * 1000}
        ledger.put(Entry(f"{stored}", "m", "h", (message,), "[]", "ok"))
        stored += 1
except ValueError as error:
    print(stored, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, env=ENVIRONMENT
    )
    stored, said = done.stdout.split(" ", 1)
    assert "Make room on the disk" in said, done.stderr
    with Ledger(path) as ledger:
        assert len(ledger) == len(list(ledger.entries())) == int(stored) > 0


def test_no_ledger_to_read(path):
    with pytest.raises(ValueError, match="No such ledger"):
        Ledger(path, create=False)
    assert not path.exists()


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="Choose a place"):
        Ledger(tmp_path / "file" / "ledger.sqlite")
