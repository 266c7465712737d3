import os
import socket
import subprocess
import sys

import pytest

from spacy_distill.teacher.asking.claims import Claims, alive, started
from spacy_distill.teacher.ledger.ledger import Ledger


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


def test_a_claim_ends_with_its_lease(ledger):
    assert Claims(ledger, lease=-1).take("key")
    assert Claims(ledger).take("key")


def test_a_claim_ends_with_its_process(ledger):
    code = """
import sys
from pathlib import Path
from spacy_distill.teacher.asking.claims import Claims
from spacy_distill.teacher.ledger.ledger import Ledger
assert Claims(Ledger(Path(sys.argv[1]))).take("key")
"""
    subprocess.run([sys.executable, "-c", code, str(ledger.path)], check=True)
    assert Claims(ledger).take("key")


def test_a_process_of_the_same_number_is_another_one():
    pid = os.getpid()
    assert alive(owner(pid, started(pid)))
    assert not alive(owner(pid, "1"))
    assert alive(f"elsewhere {pid} 1 x")


def test_where_processes_do_not_tell_their_start_their_number_has_to_do():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert alive(owner(os.getpid(), ""))
    assert not alive(owner(gone.pid, ""))
    assert started(gone.pid) == ""
