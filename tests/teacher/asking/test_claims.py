import os
import socket
import subprocess
import sys
import time

import pytest

from spacy_distill.teacher.ledger.claims import Claims, holds, started
from spacy_distill.teacher.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def owner(pid, start):
    return f"{socket.gethostname()} {pid} {start} x"


def test_one_of_two_runs_gets_a_key_until_it_gives_it_up(ledger):
    one, other = Claims(ledger), Claims(ledger)
    assert one.take("key")
    assert one.take("key")
    assert not other.take("key")
    assert other.take("another")
    other.give_up("key")
    assert not other.take("key")
    one.give_up("key")
    assert other.take("key")


def test_a_claim_of_this_process_ends_with_its_lease(ledger):
    assert Claims(ledger, lease=-1).take("key")
    assert Claims(ledger).take("key")


TAKE = """
import sys
from pathlib import Path
from spacy_distill.teacher.ledger.claims import Claims
from spacy_distill.teacher.ledger.store import Ledger
assert Claims(Ledger(Path(sys.argv[1])), lease=float(sys.argv[2])).take("key")
print("taken", flush=True)
input()
"""


@pytest.fixture
def holder(ledger):
    """Starts a process that holds a claim until its input ends."""
    started = []

    def start(lease):
        command = [sys.executable, "-c", TAKE, str(ledger.path), str(lease)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate()


def test_a_claim_lasts_as_long_as_its_process(ledger, holder):
    process = holder(-1)
    assert not Claims(ledger).take("key")
    process.kill()
    process.wait()
    assert Claims(ledger).take("key")


def test_a_process_that_has_ended_claims_nothing_though_nobody_looked(ledger, holder):
    process = holder(600)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert Claims(ledger).take("key")


def test_a_process_of_the_same_number_is_another_one():
    pid, later = os.getppid(), time.time() + 60
    assert holds(owner(pid, started(pid)), later)
    assert not holds(owner(pid, "1"), later)


def test_where_a_process_cannot_be_seen_its_lease_decides():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    later = time.time() + 60
    assert holds(f"elsewhere {gone.pid} 1 x", later)
    assert not holds(f"elsewhere {gone.pid} 1 x", later - 120)
    assert holds(owner(os.getppid(), ""), later)
    assert not holds(owner(os.getppid(), ""), later - 120)
    assert not holds(owner(gone.pid, ""), later)
    assert started(gone.pid) == ""
