"""Who is asking what at this moment, so that processes that share a ledger do not pay twice."""

import os
import socket
import time
import uuid

from .ledger import Ledger

LEASE = 600.0


class Claims:
    """The claims of one run. A claim ends when it is given up, with its process, or after ten minutes.

    ledger (Ledger): The shared ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"

    def take(self, key: str) -> bool:
        """Claim a key, or renew the claim.

        key (str): The ledger's key of the answer that is to be asked for.
        RETURNS (bool): False if another run that is alive holds it.
        """
        now = time.time()
        with self._ledger.transaction() as db:
            row = db.execute("SELECT owner, until FROM claims WHERE key = ?", [key]).fetchone()
            if row is not None and row[0] != self._owner and row[1] > now and _alive(row[0]):
                return False
            db.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", [key, self._owner, now + LEASE])
        return True

    def give_up(self, key: str) -> None:
        """End one's claim."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM claims WHERE key = ? AND owner = ?", [key, self._owner])


def _alive(owner: str) -> bool:
    """Whether a claim's process may still be running; where that cannot be seen, the lease decides."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname() or os.name != "posix":
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
