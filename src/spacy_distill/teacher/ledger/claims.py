"""Who is asking what at this moment, so that processes that share a ledger do not pay twice."""

import os
import socket
import time
import uuid
from dataclasses import dataclass

from .entry import Entry
from .store import Ledger

LEASE = 60.0
RENEWAL = LEASE / 4


@dataclass(frozen=True)
class Holder:
    """A process that asks for something.

    host, process: where it runs, and its number there.
    until: when its claim ends unless it renews it, seconds since the epoch.
    """

    host: str
    process: str
    until: float

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.process}{where}"


class Claims:
    """The claims of one run. A claim ends when it is released, with its process, or with its lease.

    ledger: the shared ledger.
    lease: seconds that a claim lasts unless it is renewed.
    """

    def __init__(self, ledger: Ledger, *, lease: float = LEASE) -> None:
        self._ledger, self._lease = ledger, lease
        self._held: set[str] = set()
        self._owner = f"{socket.gethostname()} {os.getpid()} - {uuid.uuid4().hex}"

    def take(self, key: str) -> bool:
        """Claim a key, or renew the claim.

        key: the ledger's key of the answer that is to be asked for.
        RETURNS: False if another run that is alive has claimed it.
        """
        with self._ledger.transaction():
            free = not self.is_taken(key)
            if free:
                self._ledger.set_claim(key, self._owner, time.time() + self._lease)
                self._held.add(key)
        return free

    def holder(self, key: str) -> Holder | None:
        """The other run that has claimed a key, or None."""
        claim = self._ledger.claim_of(key)
        if claim is None or claim[0] == self._owner:
            return None
        host, process, *_ = claim[0].split(" ")
        return Holder(host, process, claim[1])

    def is_taken(self, key: str) -> bool:
        """Whether another run that is alive has claimed a key."""
        claim = self._ledger.claim_of(key)
        return claim is not None and claim[0] != self._owner and is_valid(*claim)

    def renew(self) -> None:
        """Renew all claims of this run."""
        self._ledger.renew_claims(self._owner, time.time() + self._lease)

    def store(self, entry: Entry) -> None:
        """Store an answer, and end the claim on it in the same transaction."""
        self._ledger.put(entry, claimed_by=self._owner)
        self._held.discard(entry.key)

    def release(self, key: str) -> None:
        """End one's claim, if it has not ended with its answer."""
        if key in self._held:
            self._held.discard(key)
            self._ledger.remove_claim(key, self._owner)


def is_valid(owner: str, until: float) -> bool:
    """Whether a claim holds: until its lease ends, or its process if that can be seen.

    owner: host, number and run of the process.
    until: when the lease ends, seconds since the epoch.
    """
    host, pid, *_ = owner.split(" ")
    if until <= time.time():
        return False
    # On other platforms a signal of 0 would end the process.
    if host != socket.gethostname() or os.name != "posix":
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
