"""The provider's batch interface against a fake of its endpoints."""

import json
import random
import threading
from dataclasses import replace

import pytest

from helpers.loopback import Response, Server, completion, failure
from helpers.provider import OK, Provider
from helpers.warm import CONFIG, processes
from spacy_distill.teacher.annotate import annotate
from spacy_distill.teacher.batch import JobBook
from spacy_distill.teacher.budget import Budget, Prices, Tally
from spacy_distill.teacher.ledger.claims import Claims
from spacy_distill.teacher.ledger.store import Ledger
from spacy_distill.teacher.models import make_chat_model
from spacy_distill.teacher.requests import Job, requests_of


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def model(tmp_path):
    """Makes a model that asks a server and keeps its answers."""

    def make(server, **settings):
        known = {"api_key_env": None, "timeout": 5.0, "max_tries": 1, **settings}
        return make_chat_model("fake", str(tmp_path / "ledger.sqlite"), server.url, **known)

    return make


def jobs(number):
    return [Job(f"prompt {i}", f"text {i}", "names", "0123") for i in range(number)]


def batch(model, number=5, budget=None, complaint=lambda answer: None):
    tally = Tally()
    waiting = model.batch(jobs(number), budget=budget or Budget(), complaint=complaint, tally=tally)
    return waiting, tally


def test_requests_are_handed_in_once_and_collected_later(model, provider):
    with Server(provider) as server:
        asked = model(server, prices={"input": 2, "output": 2})
        waiting, tally = batch(asked)
        assert [state.id for state in waiting.batches] == ["batch-0"]
        assert (tally.requests, tally.asked) == (5, 0)
        for _ in range(3):
            waiting, tally = batch(model(server))
            assert waiting.batches and (tally.requests, tally.awaited) == (0, 5)
        provider.end()
        waiting, tally = batch(model(server), budget=Budget(Prices(1, 1)))
        assert not waiting
        assert tally.states == {"ok": 5}
        assert tally.cost == pytest.approx(5 * 110e-6)
        assert batch(model(server))[1].kept == 5
    assert len(provider.batches) == 1
    (first, *_) = provider.lines(provider.batches["batch-0"])
    assert (first["method"], first["url"], first["body"]["temperature"]) == (
        "POST",
        "/v1/chat/completions",
        0.0,
    )
    entries = list(asked.ledger.entries())
    assert {entry.messages[0]["content"] for entry in entries} == {job.prompt for job in jobs(5)}
    assert {(entry.text, entry.view) for entry in entries} == {(job.text, "names") for job in jobs(5)}


def test_what_a_batch_will_bring_is_not_asked_live(model, provider):
    with Server(provider) as server:
        batch(model(server), 3)
        tally = model(server).ask(jobs(3))
        assert (tally.awaited, tally.requests) == (3, 0)


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
        waiting, tally = batch(model(server), 7)
        # What failed was handed in again at once.
        assert tally.states == {"ok": 1, "refused": 1, "failed": 5}
        assert tally.requests == 5
        assert len(waiting.batches) == 1
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
        waiting, tally = batch(model(server), 3)
    assert (bool(waiting), tally.states) == (False, {"ok": 3})


def test_a_batch_that_fails_as_a_whole(model, provider):
    with Server(provider) as server:
        batch(model(server), 2)
        errors = {"object": "list", "data": [{"message": "wrong model", "code": "x"}]}
        provider.batches["batch-0"].update(status="failed", errors=errors)
        provider.fault = lambda call: failure(400, "still wrong") if call.path == "/v1/batches" else None
        waiting, tally = batch(model(server), 2)
    assert tally.states == {"failed": 2}
    assert waiting.problems and "still wrong" in waiting.problems[0]


def test_a_batch_that_the_provider_does_not_know_is_kept_for_two_days(model, provider):
    with Server(provider) as server:
        batch(model(server), 2)
        known = dict(provider.batches)
        provider.batches.clear()
        waiting, tally = batch(model(server), 2)
        assert "another key" in waiting.problems[0]
        assert (tally.states, tally.requests) == ({}, 0)
        provider.batches.update(known)
        assert not batch(model(server), 2)[0].problems
        provider.batches.clear()
        model(server).ledger.rows("UPDATE jobs SET created = created - 3 * 86400")
        _, tally = batch(model(server), 2)
    assert (tally.states, tally.requests) == ({"failed": 2}, 2)


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
        waiting, tally = batch(model(server), 2)
        assert "malformed reply" in waiting.problems[0]
        assert (tally.states, later or tally.requests) == ({}, later or 2)
        provider.fault = lambda call: None
        batch(model(server), 2)
        provider.end()
        batch(model(server), 2)
        assert batch(model(server), 2)[1].kept == 2
    assert len(provider.batches) == 1


def test_a_batch_leaves_out_what_is_being_asked(model, provider):
    with Server(provider) as server:
        asked = model(server)
        (first, *_) = requests_of(asked.settings, jobs(3))
        claims = Claims(asked.ledger)
        claims.take(first.key)
        assert batch(asked, 3)[1].requests == 2
        claims.give_up(first.key)
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
        waiting, _ = batch(model(server))
        assert waiting.problems
        provider.fault = lambda call: None
        waiting, _ = batch(model(server))
        assert len(waiting.batches) == 1
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
        _, tally = batch(asked, 100, Budget(max_tokens=1000, longest=100))
        assert 1 <= tally.requests <= 9
        assert "--max-tokens" in tally.stopped
        assert len(provider.keys()) == tally.requests


def test_large_sets_of_requests_make_several_batches(model, provider, monkeypatch):
    monkeypatch.setattr("spacy_distill.teacher.batch.MOST_REQUESTS", 4)
    with Server(provider) as server:
        waiting, _ = batch(model(server), 10)
    assert [len(provider.lines(one)) for one in provider.batches.values()] == [4, 4, 2]
    assert len(waiting.batches) == 3


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
    with Server(provider) as server:
        asked = model(server)
        book = JobBook(asked.ledger, asked.settings)
        with asked.ledger.transaction() as db:
            db.execute(
                "INSERT INTO jobs VALUES ('x', ?, 'fake', ?, 'filling', NULL, NULL, 1.0)",
                [server.url, '{"temperature": 0.0}'],
            )
            db.execute("INSERT INTO prompts (hash, messages) VALUES ('h', '[]')")
            db.execute(
                "INSERT INTO job_requests VALUES (?, 'x', 'h', 0, NULL)", [asked.peek("prompt 0")[0][0]]
            )
        assert [job.state for job in book.open()] == ["filling"]
        _, tally = batch(asked, 2)
    assert tally.requests == 2
    assert len(provider.keys()) == 2


def test_the_key_is_written_nowhere(model, provider, tmp_path, monkeypatch, caplog):
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("MY_KEY", key)
    caplog.set_level(0)
    provider.answer = lambda line: {"custom_id": line["custom_id"], "error": key}
    with Server(provider) as server:
        waiting, _ = batch(model(server, api_key_env="MY_KEY"))
        provider.end()
        provider.fault = lambda call: failure(400, key) if call.path == "/v1/files" else None
        waiting, _ = batch(model(server, api_key_env="MY_KEY"))
    assert waiting.problems == [f"batch {waiting.problems[0].split()[1][:-1]}: HTTP 400: [key]"]
    assert server.calls[0].headers["authorization"] == f"Bearer {key}"
    assert key not in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_a_request_is_in_one_batch_only(tmp_path):
    settings = make_chat_model("fake", str(tmp_path / "ledger.sqlite"), "http://127.0.0.1:9/v1").settings
    first, second, third = requests_of(settings, jobs(3))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        book = JobBook(ledger, settings)
        free = {"taken": lambda key: False}
        one = book.add("one", [first, second], **free)
        other = book.add("other", [second, third], **free)
        assert book.add("none", [first, third], **free) is None
        assert [job.id for job in book.open()] == ["one", "other"]
        assert list(book.requests(other)) == [replace(third, job=replace(third.job, prompt=""))]
        assert {json.loads(line)["custom_id"] for line in book.lines(one)} == {first.key, second.key}
        book.remove(one)
        assert not book.holds(first.key)
        assert book.holds(third.key)


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
            process = context.Process(
                target=annotate, args=(config, source, out), kwargs={"overrides": {}, "batch": True}
            )
            process.start()
            while process.is_alive() and not reached.wait(0.05):
                pass
            process.join(rng.random() * 0.02)
            process.kill()
            process.join()
        assert annotate(config, source, out, overrides={}, batch=True).waiting
        assert len(set(provider.keys())) == len(provider.keys()) == 30
        provider.end()
        report = annotate(config, source, out, overrides={}, batch=True)
    assert report.states == {"ok": 30}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert len(ledger) == 30
