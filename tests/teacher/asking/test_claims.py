"""Runs that share a ledger do not ask the same at the same time."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from helpers.asking import Asking, PromptJob, ask, chat_model
from helpers.loopback import Server, completion, failure
from spacy_distill.cli.annotate import clock, waits


@pytest.fixture
def model(tmp_path):
    """Makes a model that asks a server and keeps its answers."""

    def make(server):
        return chat_model(tmp_path / "ledger.sqlite", server.url)

    return make


ASK = """
import sys
from helpers.asking import PromptJob, ask, chat_model
ask(chat_model(sys.argv[1], sys.argv[2], timeout=60), [PromptJob("prompt")])
"""


@pytest.mark.parametrize("ends", ["with its answer", "by being killed"])
def test_what_another_process_asks_is_waited_for_until_it_ends(tmp_path, model, monkeypatch, ends):
    monkeypatch.setenv("PYTHONPATH", "tests", prepend=":")
    asked = threading.Event()

    def respond(call):
        asked.set()
        return (
            completion("first", delay=1.5 if ends == "with its answer" else 30)
            if call.number == 0
            else completion("second")
        )

    with Server(respond) as server:
        process = subprocess.Popen([sys.executable, "-c", ASK, str(tmp_path / "ledger.sqlite"), server.url])
        assert asked.wait(60)
        if ends == "by being killed":
            process.kill()
            process.wait()
        statistics = ask(model(server), [PromptJob("prompt")])
        process.wait()
        assert len(server.calls) == (1 if ends == "with its answer" else 2)
        assert statistics.requests == len(server.calls) - 1
        assert list(model(server)([["prompt"]])) == [["first" if len(server.calls) == 1 else "second"]]


@pytest.mark.parametrize("seconds", [-1, 0.5])
def test_a_claim_that_nobody_renews_ends_with_its_lease(model, seconds):
    """Its process is on another machine, or does not go on."""
    with Server(lambda call: completion("[]")) as server:
        asked = model(server)
        [(key, _)] = asked.peek("prompt")
        until = time.time() + seconds
        asked.ledger.set_claim(key, f"elsewhere 1 - {'0' * 32}", until)
        assert ask(asked, [PromptJob("prompt")]).states == {"ok": 1}
        assert time.time() > until
        assert asked.ledger.count_claims() == 0


def test_a_run_that_waits_renews_its_claims(model, monkeypatch):
    monkeypatch.setattr("spacy_distill.teacher.runner.RENEWAL", 0.05)
    ends = []

    def respond(call):
        ends.append(asked.ledger.claim_of(asked.peek(call.prompt)[0][0])[1])
        return completion("[]") if call.number else failure(429, **{"retry-after-ms": "400"})

    with Server(respond) as server:
        asked = model(server)
        ask(asked, [PromptJob("prompt")])
    assert ends[1] > ends[0]


def test_whom_a_run_waits_for_and_since_when_is_known(model):
    """A paused process is alive, and renews nothing."""
    with Server(lambda call: completion("[]")) as server:
        asked = model(server)
        keys = [asked.peek(f"prompt {i}")[0][0] for i in range(2)]
        until = time.time() + 1.0
        for key in keys:
            asked.ledger.set_claim(key, f"{socket.gethostname()} {os.getppid()} - {'0' * 32}", until)
        how, seen = Asking(), []

        def look():
            while not how.statistics.done:
                seen.extend(waits(how.statistics))
                time.sleep(0.02)

        watcher = threading.Thread(target=look)
        watcher.start()
        asked.get_answers([PromptJob(f"prompt {i}") for i in range(2)], how)
        watcher.join()
    assert how.statistics.states == {"ok": 2} and not how.statistics.waiting
    said = {text for _, text in seen}
    assert any(f"process {os.getppid()} since " in text and "2 of these answers" in text for text in said)
    assert all(f"goes on at {clock(until)}" in text for text in said)
