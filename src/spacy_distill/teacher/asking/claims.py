"""Who is asking what at this moment, so that processes that share a ledger do not pay twice."""

import os
import socket
import time
import uuid
from pathlib import Path

from ..ledger.ledger import Ledger

LEASE = 600.0


class Claims:
    """The claims of one run. A claim ends when it is given up, with its process, or with its lease.

    ledger (Ledger): The shared ledger.
    lease (float): Seconds after which a claim ends in any case.
    """

    def __init__(self, ledger: Ledger, *, lease: float = LEASE) -> None:
        self._ledger, self._lease = ledger, lease
        pid = os.getpid()
        self._owner = " ".join((socket.gethostname(), str(pid), started(pid), uuid.uuid4().hex))

    def take(self, key: str) -> bool:
        """Claim a key, or renew the claim.

        key (str): The ledger's key of the answer that is to be asked for.
        RETURNS (bool): False if another run that is alive holds it.
        """
        now = time.time()
        with self._ledger.transaction() as db:
            row = db.execute("SELECT owner, until FROM claims WHERE key = ?", [key]).fetchone()
            if row is not None and row[0] != self._owner and row[1] > now and alive(row[0]):
                return False
            db.execute(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", [key, self._owner, now + self._lease]
            )
        return True

    def give_up(self, key: str) -> None:
        """End one's claim."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM claims WHERE key = ? AND owner = ?", [key, self._owner])


def alive(owner: str) -> bool:
    """Whether a claim's process may still be running; where that cannot be seen, the lease decides."""
    host, pid, start, _ = owner.split(" ")
    if host != socket.gethostname() or os.name != "posix":
        return True
    if start:
        # The number of a process is used again, in a container at once.
        return started(int(pid)) == start
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started(pid: int) -> str:
    """When a process was started, in the kernel's own count; empty where it does not tell, or for none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The program's name, in parentheses, may hold anything.
    return stat.rpartition(")")[2].split()[19]
