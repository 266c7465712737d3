"""Servers that fail in every way: whatever they do, every document is accounted for and nothing is lost."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.asking import PromptJob, chat_model, entries, states
from helpers.asking import ask as get
from helpers.loopback import Response, Server, completion, failure
from spacy_distill.teacher.request_errors import LONGEST_RETRY_AFTER, retry_after, status_error

OK = "[]"
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ask(path):
    """Asks a server for some prompts."""

    def ask(server, number=30, **settings):
        settings = {"concurrency": 4, "max_tries": 4, **settings}
        return get(chat_model(path, server.url, **settings), number)

    return ask


def errors(path):
    return [entry.error for entry in entries(path).values() if entry.error is not None]


def cut(response, after):
    response.cut = after
    return response


def once(reply):
    """A server that fails in this way at the first request for each prompt, and then answers."""
    seen = set()

    def respond(call):
        if call.prompt in seen:
            return completion(OK)
        seen.add(call.prompt)
        return reply

    return respond


@pytest.mark.parametrize(
    "reply",
    [
        failure(429),
        failure(429, **{"retry-after-ms": "1"}),
        failure(408),
        failure(409),
        failure(500),
        failure(503, **{"retry-after": "0"}),
        Response("<html><h1>Bad gateway</h1></html>", 502, {"content-type": "text/html"}),
        cut(completion(OK), 0),
        cut(completion(OK), 20),
        Response("{not json"),
        Response("[" * 200_000),
        Response("not json", headers={"content-type": "text/plain"}),
        Response({"choices": []}),
        Response({}),
        Response([1, 2]),
        Response(b"\xff\xfe\x00"),
        Response({"error": {"message": "overloaded"}}),
    ],
    ids=lambda reply: f"{reply.status}-{str(reply.body)[:20]}-{reply.cut}-{'-'.join(reply.headers)}",
)
def test_an_error_that_passes_costs_a_retry_and_no_document(ask, path, reply):
    with Server(once(reply)) as server:
        statistics = ask(server)
    assert statistics.states == {"ok": 30}
    assert (statistics.requests, statistics.retries, statistics.stopped) == (60, 30, None)
    assert set(states(path).values()) == {"ok"}


def test_a_server_that_answers_everything_twice(ask, path):
    reply = Response(completion(OK).payload())
    twice = b"HTTP/1.1 200 X\r\ncontent-length: %d\r\n\r\n" % len(reply.payload()) + reply.payload()
    reply.headers, reply.body = {"content-length": str(len(reply.payload()))}, reply.payload() + twice
    with Server(lambda call: reply) as server:
        statistics = ask(server, max_tries=20)
    assert statistics.states == {"ok": 30}
    assert len(states(path)) == 30


@pytest.mark.parametrize("reply", [failure(400), failure(403), failure(422), Response("gone", 302)])
def test_a_request_that_is_wrong_is_not_sent_again_and_harms_no_other(ask, path, reply):
    with Server(lambda call: reply if call.prompt == "prompt 7" else completion(OK)) as server:
        statistics = ask(server)
        assert statistics.states == {"ok": 29, "failed": 1}
        assert (statistics.requests, statistics.stopped) == (30, None)
        assert states(path)["prompt 7"] == "failed"
        server.respond = lambda call: completion(OK)
        again = ask(server)
    assert (again.requests, again.kept, again.states) == (1, 29, {"ok": 1})


def test_a_document_that_always_fails_is_recorded_with_its_error(ask, path):
    with Server(lambda call: failure(500, "boom") if call.prompt == "prompt 3" else completion(OK)) as server:
        statistics = ask(server, max_tries=3)
    assert statistics.states == {"ok": 29, "failed": 1}
    assert statistics.requests == 32
    assert errors(path) == ["HTTP 500: boom"]


@pytest.mark.parametrize("reply", [failure(401), failure(404), failure(429, code="insufficient_quota")])
def test_what_would_fail_for_every_document_ends_the_run(ask, path, reply):
    with Server(lambda call: reply if call.number >= 10 else completion(OK)) as server:
        statistics = ask(server, number=1000)
    assert statistics.requests <= 10 + 4
    assert "HTTP" in statistics.stopped
    assert statistics.states["ok"] == 10
    assert len(states(path)) == statistics.asked


def test_a_storm_of_429_is_weathered_and_the_server_not_hammered(ask):
    rejected = 0

    def respond(call):
        nonlocal rejected
        if call.number < 20 or server.in_flight > 2:
            rejected += 1
            return failure(429)
        return completion(OK, delay=0.03)

    with Server(respond) as server:
        statistics = ask(server, number=80, concurrency=16)
    assert statistics.states == {"ok": 80}
    assert statistics.retries == rejected < 70


def test_a_server_that_says_at_once_is_not_hammered(ask, monkeypatch):
    """Its clock may be wrong, so that the date it gives has passed."""
    monkeypatch.setattr("spacy_distill.teacher.limits.FIRST_WAIT", 0.2)
    past = failure(429, **{"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})
    with Server(lambda call: past if call.number < 2 else completion(OK)) as server:
        began = time.monotonic()
        assert ask(server, number=1).states == {"ok": 1}
    assert time.monotonic() - began >= 0.1 + 0.2


def test_half_of_the_requests_never_answered(ask):
    with Server(lambda call: Response(hang=True) if call.number % 2 else completion(OK)) as server:
        statistics = ask(server, number=12, timeout=0.3, max_tries=10)
    assert statistics.states == {"ok": 12}


def test_nothing_ever_answered(ask, path):
    with Server(lambda call: Response(hang=True)) as server:
        statistics = ask(server, number=6, timeout=0.1, max_tries=2)
    assert statistics.states == {"failed": 6}
    assert errors(path) == ["no reply within 0.1 seconds"] * 6


def test_a_slow_first_byte_is_waited_for(ask):
    with Server(lambda call: completion(OK, delay=0.3)) as server:
        assert ask(server, number=4).states == {"ok": 4}


def test_a_server_that_dies_and_comes_back(ask, path):
    with Server(lambda call: completion(OK)) as server:
        port = server.port
        ask(server, number=10)
    statistics = ask(server, number=30, max_tries=2)
    assert "connection failed" in statistics.stopped
    assert 1 <= statistics.asked <= 4
    with Server(lambda call: completion(OK), port) as server:
        again = ask(server)
    assert (again.kept, again.states) == (10, {"ok": 20})
    assert set(states(path).values()) == {"ok"}


def test_a_server_that_restarts_during_the_run(path, monkeypatch):
    first = Server(lambda call: completion(OK, delay=0.002))
    second: list[Server] = []
    reached = threading.Event()

    def jobs():
        for i in range(200):
            if i == 50:
                reached.set()
            yield PromptJob(f"prompt {i}")

    def restart():
        reached.wait(20)
        first.__exit__()
        second.append(Server(lambda call: completion(OK), first.port).__enter__())

    first.__enter__()
    thread = threading.Thread(target=restart)
    thread.start()
    monkeypatch.setattr("spacy_distill.teacher.limits.FIRST_WAIT", 0.02)
    statistics = get(chat_model(path, first.url, concurrency=4, max_tries=20), jobs())
    thread.join()
    second[0].__exit__()
    assert statistics.states == {"ok": 200}
    assert len(second[0].calls) > 0


def test_a_ledger_that_cannot_grow_ends_the_run_with_a_clear_error(ask, path):
    with Server(lambda call: completion("x" * 5000)) as server:
        model = chat_model(path, server.url, concurrency=4)
        database = model.ledger._db
        pages = database.execute("PRAGMA page_count").fetchone()[0] + 40
        database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ValueError, match="Make room"):
            get(model, 200)
        model.ledger.close()
        kept = states(path)
        assert 0 < len(kept) < 200
        assert set(kept.values()) == {"ok"}
        assert ask(server, number=200).kept == len(kept)


def test_what_the_server_says_is_shortened_and_escaped(ask, path):
    rude = "\x1b[31m[bold]" + "é\n" * 5000 + "\u202e"
    with Server(lambda call: failure(400, rude)) as server:
        ask(server, number=1)
    (error,) = errors(path)
    assert len(error) < 300
    assert error.isprintable()


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, f"Incorrect API key provided: {KEY}"),
        failure(401, f"Incorrect API key provided: {KEY}"),
        failure(500, KEY * 20),
        Response(f"<html>{KEY}</html>", 503),
        Response(f"not json {KEY}"),
        Response({"choices": KEY}),
        completion(f"Your key is {KEY}"),
    ],
)
def test_the_key_is_sent_and_written_nowhere(ask, path, tmp_path, monkeypatch, capfd, caplog, reply):
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(0)
    with Server(lambda call: reply) as server:
        statistics = ask(server, number=3, max_tries=2, api_key_env="MY_KEY")
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    written = str(entries(path))
    out, err = capfd.readouterr()
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert KEY not in written + out + err + caplog.text + repr(statistics)
    assert KEY.encode() not in files


@pytest.mark.parametrize(
    ("status", "scope"),
    [
        (400, "document"),
        (401, "run"),
        (403, "document"),
        (404, "run"),
        (408, "try"),
        (409, "try"),
        (422, "document"),
        (429, "try"),
        (500, "try"),
        (503, "try"),
        (529, "try"),
    ],
)
def test_statuses_that_are_tried_again(status, scope):
    assert status_error(status, {"error": {"message": "no"}}, {}).scope == scope


def test_an_empty_account_is_not_asked_again():
    error = status_error(429, {"error": {"message": "no money", "code": "insufficient_quota"}})
    assert error.scope == "run"
    assert "no money" in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "100000"}, LONGEST_RETRY_AFTER),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:40 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after_is_obeyed_in_every_form(headers, seconds):
    assert retry_after(headers, now=60) == seconds


@given(st.text())
def test_retry_after_never_fails(value):
    seconds = retry_after({"retry-after": value})
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


def test_a_page_of_html_is_shortened_and_escaped():
    error = status_error(502, "<html>\n" + "\x1b[2J" * 500, {})
    assert error.message.startswith("HTTP 502: <html> \\x1b[2J")
    assert len(error.message) < 1000
    assert error.message.isprintable()
