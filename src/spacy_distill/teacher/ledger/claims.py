"""Who is asking what at this moment, so that processes that share a ledger do not pay twice."""

import os
import socket
import time
import uuid
from pathlib import Path

from .store import Ledger

LEASE = 600.0


class Claims:
    """The claims of one run. A claim ends when it is given up, with its process, or, where others cannot see
    whether that lives, with its lease.

    ledger: The shared ledger.
    lease: Seconds.
    """

    def __init__(self, ledger: Ledger, *, lease: float = LEASE) -> None:
        self._ledger, self._lease = ledger, lease
        pid = os.getpid()
        self._owner = " ".join((socket.gethostname(), str(pid), started(pid), uuid.uuid4().hex))

    def take(self, key: str) -> bool:
        """Claim a key, or renew the claim.

        key: The ledger's key of the answer that is to be asked for.
        RETURNS: False if another run that is alive holds it.
        """
        now = time.time()
        with self._ledger.transaction() as db:
            if self.taken(key):
                return False
            db.execute(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", [key, self._owner, now + self._lease]
            )
        return True

    def taken(self, key: str) -> bool:
        """Whether another run that is alive holds a key."""
        rows = self._ledger.rows("SELECT owner, until FROM claims WHERE key = ?", [key])
        return any(
            str(owner) != self._owner and holds(str(owner), float(str(until))) for owner, until in rows
        )

    def give_up(self, key: str) -> None:
        """End one's claim."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM claims WHERE key = ? AND owner = ?", [key, self._owner])


def holds(owner: str, until: float) -> bool:
    """Whether a claim still holds: as long as its process lives; where that cannot be seen, its lease.

    owner: Host, number, start and run of the process.
    until: When the lease ends, seconds since the epoch.
    """
    host, pid, start, _ = owner.split(" ")
    leased = until > time.time()
    if host != socket.gethostname() or os.name != "posix":
        return leased
    if int(pid) == os.getpid() and started(int(pid)) == start:
        # Another run of this very process: it may have ended without giving it up.
        return leased
    if start:
        # The number of a process is used again, in a container at once.
        return started(int(pid)) == start
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return leased
    return leased


def started(pid: int) -> str:
    """When a process that lives was started, in the kernel's own count; empty for none, or where it does not
    tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The program's name, in parentheses, may hold anything.
    state, *rest = stat.rpartition(")")[2].split()
    # A process that has ended stays in the list until its parent has looked.
    return "" if state in "ZX" else rest[18]
