"""Asking by a provider's batch interface: hand the requests in, walk away, collect the answers later."""

import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..ledger.keys import dump_messages
from ..ledger.ledger import Ledger
from .budget import Budget
from .claims import Claims
from .endpoints import hide_key
from .faults import Fault, status_fault
from .jobs import BatchJob, JobBook
from .replies import read_reply, shorten
from .request import Complaint, Job, Outcome, Request, make_entry, request_to_mend, requests_of
from .settings import ChatSettings
from .tally import Tally

if TYPE_CHECKING:
    from .batch_client import BatchClient, BatchState

# What OpenAI accepts in one batch, with some room: requests, and bytes.
MOST_REQUESTS = 50_000
MOST_BYTES = 150_000_000
# Seconds after which a batch that the provider does not know is given up: it is to end within a day.
FORGOTTEN = 2 * 86_400.0


@dataclass
class Waiting:
    """What is still to come.

    batches (list[BatchState]): Batches that have not ended.
    busy (int): Batches that another process is dealing with.
    problems (list[str]): What went wrong with batches that could not be sent or collected this time.
    """

    batches: list["BatchState"] = field(default_factory=list)
    busy: int = 0
    problems: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.batches or self.busy or self.problems)


class Batches:
    """Collects what has come back, and hands in what is missing.

    settings (ChatSettings): What to ask.
    ledger (Ledger): Where answers and batches are kept.
    client (BatchClient): Talks to the provider.
    key (str): The API key, which nothing may be stored with.
    budget (Budget): What may be spent, at the prices of batches.
    complaint (Complaint): What is wrong with an answer; None if nothing is.
    tally (Tally): Is kept up to date.
    """

    def __init__(
        self,
        settings: ChatSettings,
        ledger: Ledger,
        client: "BatchClient",
        key: str,
        *,
        budget: Budget,
        complaint: Complaint,
        tally: Tally,
    ) -> None:
        self._settings, self._ledger, self._client, self._key = settings, ledger, client, key
        self._budget, self._complaint, self._tally = budget, complaint, tally
        self._book, self._claims = JobBook(ledger, settings), Claims(ledger)
        self._waiting = Waiting()

    def run(self, jobs: Iterable[Job]) -> Waiting:
        """Collect the answers of batches that have ended, and hand in requests that no batch holds.

        jobs (Iterable[Job]): The prompts.
        RETURNS (Waiting): What is still to come. If it is nothing, all that can be answered is.
        """
        for job in self._book.open():
            self._with_claim(job, new=False)
        missing = self._missing(jobs)
        for first in missing:
            job_id = uuid.uuid4().hex
            self._claims.take(f"batch {job_id}")
            added = self._book.add(job_id, self._fill(first, missing), taken=self._claims.taken)
            if added is None:
                self._claims.give_up(f"batch {job_id}")
            else:
                self._tally.requests += self._book.count(added)
                self._with_claim(added, new=True)
        return self._waiting

    def _with_claim(self, job: BatchJob, *, new: bool) -> None:
        """Send or collect one batch, unless another process is at it."""
        if not self._claims.take(f"batch {job.id}"):
            self._waiting.busy += 1
            return
        try:
            if job.state == "filling":
                # Its process was killed before anything was sent.
                self._book.remove(job)
                return
            if job.state == "ready":
                job = self._send(job, new=new)
            self._collect(job)
        except Fault as fault:
            self._waiting.problems.append(f"batch {job.batch or job.id}: {fault.message}")
        finally:
            self._claims.give_up(f"batch {job.id}")

    def _send(self, job: BatchJob, *, new: bool) -> BatchJob:
        """Send a batch, unless an earlier try succeeded whose reply was lost."""
        batch = None if new or job.file is None else self._client.find(job.id)
        if job.file is None:
            job = self._book.note(replace(job, file=self._upload(job)))
        if batch is None:
            try:
                batch = self._client.create(str(job.file), job.id)
            except Fault as fault:
                if fault.scope != "try":
                    # It was refused: its requests can go into another one.
                    self._book.remove(job)
                raise
        return self._book.note(replace(job, state="sent", batch=batch))

    def _upload(self, job: BatchJob) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{job.id}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(self._book.lines(job))
            return self._client.upload(path)

    def _collect(self, job: BatchJob) -> None:
        """Store what a batch has brought, if it has ended."""
        try:
            state = self._client.state(str(job.batch))
        except Fault as fault:
            if fault.status != 404:
                raise
            if time.time() < job.created + FORGOTTEN:
                # Another key or project may own it, and what it brings is paid for.
                raise Fault(
                    f"{fault.message}; was it handed in with another key? It is kept for now"
                ) from None
            self._finish(job, f"the provider knows no batch {job.batch}")
            return
        if not state.ended:
            self._waiting.batches.append(state)
            return
        for file in state.files:
            for line in self._client.results(file):
                request = self._book.request(job, str(line.get("custom_id")))
                if request is not None and not self._ledger.has_answer(request.key):
                    self._keep(request, read_line(line, self._key))
        self._finish(job, f"batch {state.status}: {'; '.join(state.errors) or 'no result'}")

    def _finish(self, job: BatchJob, error: str) -> None:
        """Account for every request of a batch that has ended, and forget the batch."""
        for request in self._book.requests(job):
            if self._ledger.get(request.key) is None:
                self._keep(request, Outcome(Fault(shorten(hide_key(error, self._key)))))
        self._book.remove(job)

    def _keep(self, request: Request, outcome: Outcome) -> None:
        entry = make_entry(self._settings, request, outcome, prices=self._budget.prices)
        self._ledger.put(entry)
        self._tally.count(entry)
        self._tally.cost += entry.cost or 0.0

    def _missing(self, jobs: Iterable[Job]) -> Iterator[Request]:
        """The requests that are neither answered nor in a batch, as far as the budget goes."""
        for request in requests_of(self._settings, jobs):
            self._tally.done += 1
            wanted = self._wanted(request) if request.job.prompt else None
            if wanted is None or self._book.holds(wanted.key):
                self._tally.awaited += wanted is not None
            elif self._budget.reserve(self._budget.expect(dump_messages(wanted.messages))):
                yield wanted
            else:
                self._tally.stopped = self._budget.explain()
                return

    def _wanted(self, request: Request) -> Request | None:
        if not self._ledger.has_answer(request.key):
            return request
        self._tally.kept += 1
        mend = request_to_mend(self._settings, self._ledger, self._complaint, request)
        self._tally.reasked += mend is not None
        return mend

    def _fill(self, first: Request, rest: Iterator[Request]) -> Iterator[Request]:
        """Requests for one batch, no more than it may hold."""
        size = 0
        for number, request in enumerate(chain([first], rest), 1):
            yield request
            size += len(dump_messages(request.messages).encode())
            if number >= MOST_REQUESTS or size >= MOST_BYTES:
                return


def read_line(line: Mapping[str, object], key: str) -> Outcome:
    """What a line of results says.

    line (Mapping[str, object]): Its `response` or `error`.
    key (str): The API key, which nothing may be stored with.
    RETURNS (Outcome): The reply, or what went wrong.
    """
    response = line.get("response")
    if not isinstance(response, Mapping):
        return Outcome(Fault(shorten(hide_key(f"no response: {line.get('error')}", key))))
    status, body = response.get("status_code"), response.get("body")
    if status != 200:
        return Outcome(status_fault(status if isinstance(status, int) else 0, body, {}, key=key))
    try:
        reply = read_reply(body)
    except ValueError as error:
        return Outcome(Fault(shorten(hide_key(f"malformed reply: {error}", key))))
    return Outcome(replace(reply, answer=hide_key(reply.answer, key)))
