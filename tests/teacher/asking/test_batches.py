"""The provider's batch interface against a fake of its endpoints."""

import random
import re
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from helpers.asking import Asking, ask, chat_model, entries, jobs
from helpers.loopback import Response, Server, completion, failure
from helpers.provider import OK, Provider
from helpers.warm import CONFIG, processes
from spacy_distill import annotate


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def model(tmp_path):
    """Makes a model that asks a server and keeps its answers."""

    def make(server, **settings):
        return chat_model(tmp_path / "ledger.sqlite", server.url, **{"max_tries": 1, **settings})

    return make


def batch(model, number=5, **how):
    how = Asking(batch=True, **how)
    pending = model.get_answers(jobs(number), how)
    return pending, how.statistics


def test_requests_are_handed_in_once_and_collected_later(model, provider):
    with Server(provider) as server:
        asked = model(server, prices={"input": 2, "output": 2})
        pending, statistics = batch(asked)
        assert [state.id for state in pending.batches] == ["batch-0"]
        assert (statistics.requests, statistics.asked) == (5, 0)
        for _ in range(3):
            pending, statistics = batch(model(server))
            assert pending.batches and (statistics.requests, statistics.awaited) == (0, 5)
        provider.end()
        pending, statistics = batch(model(server, prices={"input": 2, "output": 2}))
        assert not pending
        assert statistics.states == {"ok": 5}
        assert statistics.cost == pytest.approx(5 * 110e-6)
        assert batch(model(server))[1].kept == 5
    assert len(provider.batches) == 1
    (first, *_) = provider.lines(provider.batches["batch-0"])
    assert (first["method"], first["url"], first["body"]["temperature"]) == (
        "POST",
        "/v1/chat/completions",
        0.0,
    )
    rows = list(asked.ledger.entries())
    assert {entry.messages[0]["content"] for entry in rows} == {job.prompt for job in jobs(5)}
    assert {(entry.text, entry.view) for entry in rows} == {(job.text, "names") for job in jobs(5)}


def test_what_a_batch_will_bring_is_not_asked_live(model, provider):
    with Server(provider) as server:
        batch(model(server), 3)
        statistics = ask(model(server), 3)
        assert (statistics.awaited, statistics.requests) == (3, 0)


def test_every_way_to_come_back_is_accounted_for(model, provider):
    def answer(line):
        prompt = line["body"]["messages"][0]["content"]
        error = {
            "custom_id": line["custom_id"],
            "response": {"status_code": 400, "body": {"error": {"message": "bad"}}},
        }
        return {
            "prompt 0": completion(OK).body,
            "prompt 1": completion("", finish_reason="content_filter").body,
            "prompt 2": error,
            "prompt 3": {
                "custom_id": line["custom_id"],
                "response": None,
                "error": {"code": "batch_expired"},
            },
            "prompt 4": {"choices": []},
            "prompt 5": None,
            "prompt 6": {
                "custom_id": "unknown",
                "response": {"status_code": 200, "body": completion(OK).body},
            },
        }[prompt]

    provider.answer = answer
    with Server(provider) as server:
        batch(model(server), 7)
        provider.end("expired")
        pending, statistics = batch(model(server), 7)
        # What failed was handed in again at once.
        assert statistics.states == {"ok": 1, "refused": 1, "failed": 5}
        assert statistics.requests == 5
        assert len(pending.batches) == 1
        errors = {e.messages[0]["content"]: e.error for e in model(server).ledger.entries() if e.error}
    assert errors["prompt 2"] == "HTTP 400: bad"
    assert "batch_expired" in errors["prompt 3"]
    assert "malformed" in errors["prompt 4"]
    assert errors["prompt 5"] == errors["prompt 6"] == "batch expired: no result"


def test_answers_that_come_twice_are_kept_once(model, provider):
    with Server(provider) as server:
        batch(model(server), 3)
        provider.end()
        provider.batches["batch-0"]["error_file_id"] = provider.batches["batch-0"]["output_file_id"]
        pending, statistics = batch(model(server), 3)
    assert (bool(pending), statistics.states) == (False, {"ok": 3})


def test_a_batch_that_fails_as_a_whole(model, provider):
    with Server(provider) as server:
        batch(model(server), 2)
        errors = {"object": "list", "data": [{"message": "wrong model", "code": "x"}]}
        provider.batches["batch-0"].update(status="failed", errors=errors)
        provider.fault = lambda call: failure(400, "still wrong") if call.path == "/v1/batches" else None
        pending, statistics = batch(model(server), 2)
    assert statistics.states == {"failed": 2}
    assert pending.problems and "still wrong" in pending.problems[0]


def test_a_batch_that_the_provider_does_not_know_is_kept_for_two_days(model, provider, ledger):
    with Server(provider) as server:
        batch(model(server), 2)
        known = dict(provider.batches)
        provider.batches.clear()
        pending, statistics = batch(model(server), 2)
        assert "another key" in pending.problems[0]
        assert (statistics.states, statistics.requests) == ({}, 0)
        provider.batches.update(known)
        assert not batch(model(server), 2)[0].problems
        provider.batches.clear()
        with closing(sqlite3.connect(ledger)) as db, db:
            db.execute("UPDATE jobs SET created = created - 3 * 86400")
        _, statistics = batch(model(server), 2)
    assert (statistics.states, statistics.requests) == ({"failed": 2}, 2)


@pytest.mark.parametrize("body", ["<html>hello</html>", "null", "[1]", "{}", "[" * 200_000])
@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/batches", "/v1/batches/batch-0", "/v1/files/file-1/content"]
)
def test_a_reply_that_makes_no_sense_loses_nothing(model, provider, path, body):
    typed = {"content-type": "text/html" if "<" in body else "application/json"}
    with Server(provider) as server:
        later = path.endswith(("-0", "content"))
        if later:
            batch(model(server), 2)
            provider.end()
        provider.fault = lambda call: Response(body, headers=typed) if call.path == path else None
        pending, statistics = batch(model(server), 2)
        assert re.search("malformed reply|page of HTML", pending.problems[0])
        assert (statistics.states, later or statistics.requests) == ({}, later or 2)
        provider.fault = lambda call: None
        batch(model(server), 2)
        provider.end()
        batch(model(server), 2)
        assert batch(model(server), 2)[1].kept == 2
    assert len(provider.batches) == 1


def test_a_batch_leaves_out_what_is_being_asked(model, provider):
    with Server(provider) as server:
        asked = model(server)
        [(key, _)] = asked.peek("prompt 1")
        asked.ledger.set_claim(key, f"elsewhere 1 - {'0' * 32}", time.time() + 60)
        assert batch(asked, 3)[1].requests == 2
        asked.ledger.set_claim(key, f"elsewhere 1 - {'0' * 32}", time.time() - 1)
        assert batch(asked, 3)[1].requests == 1
    assert len(provider.keys()) == 3


@pytest.mark.parametrize("made", [True, False])
def test_a_batch_whose_making_was_not_confirmed_is_made_once(model, provider, made):
    def lose(call):
        if (call.method, call.path) == ("POST", "/v1/batches"):
            if made:
                provider.serve(call)
            return Response(b"", cut=0)
        return None

    provider.fault = lose
    with Server(provider) as server:
        pending, _ = batch(model(server))
        assert pending.problems
        provider.fault = lambda call: None
        pending, _ = batch(model(server))
        assert len(pending.batches) == 1
    assert len(provider.batches) == 1
    assert len(set(provider.keys())) == len(provider.keys()) == 5


def test_a_refused_batch_can_be_handed_in_again(model, provider):
    with Server(provider) as server:
        provider.fault = lambda call: failure(400, "limit") if call.path == "/v1/batches" else None
        assert "limit" in batch(model(server))[0].problems[0]
        provider.fault = lambda call: None
        assert len(batch(model(server))[0].batches) == 1
    assert len(provider.keys()) == 5


def test_the_budget_is_reserved_for_all_that_is_handed_in(model, provider):
    with Server(provider) as server:
        asked = model(server, request={"max_tokens": 100})
        _, statistics = batch(asked, 100, max_tokens=1000)
        assert 1 <= statistics.requests <= 9
        assert "--max-tokens" in statistics.stopped
        assert len(provider.keys()) == statistics.requests


def test_large_sets_of_requests_make_several_batches(model, provider):
    with Server(provider) as server:
        pending, _ = batch(model(server, batch_size=4), 10)
    assert [len(provider.lines(one)) for one in provider.batches.values()] == [4, 4, 2]
    assert len(pending.batches) == 3


LIMIT = "Enqueued token limit reached for fake in organization x. Limit: 90,000 enqueued tokens."


def test_a_batch_that_is_too_large_is_shown_and_handed_in_by_smaller_ones(model, provider):
    with Server(provider) as server:
        batch(model(server), 8)
        errors = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": LIMIT}]}
        provider.batches["batch-0"].update(status="failed", errors=errors)
        pending, statistics = batch(model(server), 8)
        assert "Enqueued token limit" in pending.problems[0] and "batch_size" in pending.problems[0]
        # Nothing failed, and no more is handed in than half of what was too much.
        assert (statistics.states, statistics.requests) == ({}, 4)
        provider.end()
        statistics = batch(model(server), 8)[1]
        assert (statistics.states, statistics.requests) == ({"ok": 4}, 4)


@pytest.mark.parametrize("most", [1, 3, 8])
def test_a_batch_that_is_refused_for_its_size_is_made_smaller(model, provider, most):
    def refuse(call):
        if (call.method, call.path) != ("POST", "/v1/batches"):
            return None
        waiting = [one for one in provider.batches.values() if one["status"] == "in_progress"]
        handed_in = [*waiting, {"input_file_id": call.body["input_file_id"]}]
        return failure(429, LIMIT) if sum(len(provider.lines(one)) for one in handed_in) > most else None

    provider.fault = refuse
    with Server(provider) as server:
        for _ in range(8):
            statistics = batch(model(server), 8)[1]
            assert statistics.requests <= most
            assert len(provider.keys()) == len(set(provider.keys()))
            provider.end()
        assert batch(model(server), 8)[1].kept == 8


def test_a_request_that_is_too_large_by_itself_is_said(model, provider):
    provider.fault = lambda call: failure(429, LIMIT) if call.path == "/v1/batches" else None
    with Server(provider) as server:
        pending, _ = batch(model(server), 4)
    assert "Enqueued" in pending.problems[0] and "batches of 2" in pending.problems[0]
    assert not provider.batches and not pending.batches


def test_a_completed_batch_is_kept_until_its_results_are_there(model, provider):
    with Server(provider) as server:
        batch(model(server), 3)
        provider.end()
        one = provider.batches["batch-0"]
        one["request_counts"] = {"total": 3, "completed": 3, "failed": 0}
        file, lines = one.pop("output_file_id"), provider.files["file-1"]
        for _ in range(3):
            pending, statistics = batch(model(server), 3)
            assert [state.status for state in pending.batches] == ["completed"]
            assert (statistics.states, statistics.requests) == ({}, 0)
        one["output_file_id"], provider.files["file-1"] = file, lines.splitlines(keepends=True)[0]
        pending, statistics = batch(model(server), 3)
        assert (len(pending.batches), statistics.states) == (1, {"ok": 1})
        provider.files["file-1"] = lines
        pending, statistics = batch(model(server), 3)
        assert (bool(pending), statistics.states) == (False, {"ok": 2})
    assert len(provider.batches) == 1


def test_an_error_file_that_is_gone_blocks_nothing(model, provider):
    provider.answer = lambda line: None if "prompt 0" in str(line) else completion(OK).body
    with Server(provider) as server:
        batch(model(server), 3)
        provider.end()
        counts = {"total": 3, "completed": 2, "failed": 1}
        provider.batches["batch-0"].update(request_counts=counts, error_file_id="file-99")
        gone = "/v1/files/file-99/content"
        provider.fault = lambda call: failure(404, "no such file") if call.path == gone else None
        statistics = batch(model(server), 3)[1]
    assert statistics.states == {"ok": 2, "failed": 1}


FILTERED = {"message": "filtered", "code": "content_filter"}


@pytest.mark.parametrize(
    "line",
    [
        {"response": {"status_code": 400, "body": {"error": FILTERED}}, "error": None},
        {"response": {"status_code": "400", "body": None}, "error": FILTERED},
        {"response": None, "error": FILTERED},
    ],
)
def test_a_filtered_line_of_an_error_file_is_refused(model, provider, line):
    def answer(request):
        return {"custom_id": request["custom_id"], **line}

    provider.answer = answer
    with Server(provider) as server:
        batch(model(server), 2)
        provider.end()
        one = provider.batches["batch-0"]
        one["error_file_id"] = one.pop("output_file_id")
        assert batch(model(server), 2)[1].states == {"refused": 2}
        assert batch(model(server), 2)[1].requests == 0


def test_answers_that_do_not_parse_are_asked_again_in_the_next_batch(model, provider):
    provider.answer = lambda line: completion("bad" if len(line["body"]["messages"]) == 1 else OK).body

    def complain(answer):
        return None if answer == OK else "Wrong."

    with Server(provider) as server:
        asked = model(server, reask=1)
        for _ in range(2):
            assert batch(asked, 2, complaint=complain)[0].batches
            provider.end()
        assert not batch(asked, 2, complaint=complain)[0]
        assert list(asked([["prompt 0"]])) == [[OK]]
    assert len(provider.keys()) == 4


def test_half_a_batch_of_a_killed_process_is_forgotten(model, provider):
    def break_off(key):
        raise KeyboardInterrupt

    with Server(provider) as server:
        asked = model(server)
        owner = [server.url, "fake", '{"temperature": 0.0}']
        with pytest.raises(KeyboardInterrupt):
            asked.ledger.add_batch("x", owner, asked.settings.requests(jobs(2)), taken=break_off)
        assert [job.state for job in asked.ledger.batches(owner)] == ["filling"]
        _, statistics = batch(asked, 2)
    assert statistics.requests == 2
    assert len(provider.keys()) == 2


def test_the_key_is_written_nowhere(model, provider, tmp_path, monkeypatch, caplog):
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("MY_KEY", key)
    caplog.set_level(0)
    provider.answer = lambda line: {"custom_id": line["custom_id"], "error": key}
    with Server(provider) as server:
        pending, _ = batch(model(server, api_key_env="MY_KEY"))
        provider.end()
        provider.fault = lambda call: failure(400, key) if call.path == "/v1/files" else None
        pending, _ = batch(model(server, api_key_env="MY_KEY"))
    assert pending.problems == [f"batch {pending.problems[0].split()[1][:-1]}: HTTP 400: [key]"]
    assert server.calls[0].headers["authorization"] == f"Bearer {key}"
    assert key not in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_a_request_is_in_one_batch_only(model, provider):
    with Server(provider) as server:
        batch(model(server), 3)
        provider.batches["batch-0"]["status"] = "cancelling"
        pending, statistics = batch(model(server), 5)
        assert (len(pending.batches), statistics.awaited, statistics.requests) == (2, 3, 2)
    assert len(set(provider.keys())) == len(provider.keys()) == 5


@pytest.mark.slow
def test_a_submit_killed_at_any_moment_never_submits_twice(tmp_path, make_corpus, provider, monkeypatch):
    rng = random.Random(1)
    context = processes(monkeypatch)
    source = make_corpus([f"Ada met number {i} ." for i in range(30)])
    config, out = tmp_path / "teacher.cfg", tmp_path / "out.spacy"
    reached, target = threading.Event(), 0

    def notice(call):
        if call.number >= target:
            reached.set()
        return None

    provider.fault = notice
    with Server(provider) as server:
        config.write_text(
            CONFIG.replace("LEDGER", str(tmp_path / "ledger.sqlite")).replace(
                "http://127.0.0.1:9/v1", server.url
            )
        )
        for _ in range(12):
            reached.clear()
            target = len(server.calls) + rng.randrange(3)
            process = context.Process(target=annotate, args=(config, source, out), kwargs={"batch": True})
            process.start()
            while process.is_alive() and not reached.wait(0.05):
                pass
            process.join(rng.random() * 0.02)
            process.kill()
            process.join()
        assert annotate(config, source, out, batch=True).pending
        assert len(set(provider.keys())) == len(provider.keys()) == 30
        provider.end()
        report = annotate(config, source, out, batch=True)
    assert report.states == {"ok": 30}
    assert len(entries(tmp_path / "ledger.sqlite")) == 30
