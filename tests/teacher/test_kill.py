"""`kill -9` at any moment loses the requests in flight and nothing else."""

import os
import random
import signal
import threading
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from helpers.asking import entries
from helpers.loopback import Server, completion
from helpers.warm import CONFIG, processes
from spacy_distill import annotate

KILLS = 24
CONCURRENCY = 8
DOCUMENTS = 300


@pytest.fixture
def start(monkeypatch):
    """Starts `annotate` in a process that has imported everything before it was made."""
    context = processes(monkeypatch)

    def start(config: Path, source: Path, out: Path) -> BaseProcess:
        process = context.Process(target=annotate, args=(config, source, out))
        process.start()
        return process

    return start


@pytest.mark.slow
def test_killed_runs_end_like_one_that_was_not(tmp_path, make_corpus, start):
    rng = random.Random(0)
    source = make_corpus([f"Ada met number {i} in Oslo ." for i in range(DOCUMENTS)])
    reached, target = threading.Event(), 10**9

    def respond(call):
        if call.number >= target:
            reached.set()
        return completion(
            f'{{"entities": [{{"text": "Ada", "label": "PER"}}]}} {len(call.prompt)}', delay=0.002
        )

    with Server(respond) as server:
        configs = {}
        for name in ("killed", "whole"):
            configs[name] = tmp_path / f"{name}.cfg"
            text = CONFIG.replace("LEDGER", str(tmp_path / f"{name}.sqlite"))
            text = text.replace("http://127.0.0.1:9/v1", server.url)
            configs[name].write_text(text)

        kept = 0
        for _ in range(KILLS):
            reached.clear()
            target = len(server.calls) + rng.randrange(25)
            process = start(configs["killed"], source, tmp_path / "killed.spacy")
            # Once all is answered, no request comes: it is killed while it starts, reads or writes.
            reached.wait(20 if kept < DOCUMENTS else rng.random())
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            if (tmp_path / "killed.sqlite").exists():
                found = len(entries(tmp_path / "killed.sqlite"))
                assert found >= max(kept, len(set(server.prompts)) - CONCURRENCY)
                kept = found
        assert kept > 0
        annotate(configs["killed"], source, tmp_path / "killed.spacy")
        asked = Counter(server.prompts)
        assert len(asked) == DOCUMENTS
        assert asked.total() - DOCUMENTS <= KILLS * CONCURRENCY

        annotate(configs["whole"], source, tmp_path / "whole.spacy")
    assert (tmp_path / "killed.spacy").read_bytes() == (tmp_path / "whole.spacy").read_bytes()
