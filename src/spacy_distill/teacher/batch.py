"""A provider's batch interface: hand requests in, walk away, collect the answers later."""

import json
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import shorten
from .budget import Budget
from .credentials import Credentials
from .ledger.claims import Claims
from .ledger.entry import BatchJob
from .ledger.store import Ledger
from .messages import Complaint, PromptJob, Request, dump_messages, request_body
from .request_errors import RequestError, body_error, says_too_large, status_error
from .request_outcomes import RequestOutcome, make_entry, next_reask
from .run_statistics import RunStatistics
from .settings import ChatSettings

if TYPE_CHECKING:
    from .client import BatchClient, BatchState

# What OpenAI accepts in one batch, with some room.
MOST_BYTES = 150_000_000
# Seconds after which a batch that the provider does not know is given up: it is to end within a day.
FORGOTTEN = 2 * 86_400.0


@dataclass
class PendingBatches:
    """What is still to come.

    batches: batches that have not ended.
    busy: batches that another process is dealing with.
    holders: those processes.
    problems: what went wrong with batches that could not be sent or collected this time.
    """

    batches: list["BatchState"] = field(default_factory=list)
    busy: int = 0
    holders: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.batches or self.busy or self.problems)


class BatchRunner:
    """Collects what has come back, and hands in what is missing.

    settings: what to ask.
    ledger: where answers and batches are kept.
    client: talks to the provider.
    credentials: what nothing may be stored with.
    budget: what may be spent, at the prices of batches.
    complaint: what is wrong with an answer; None if nothing is.
    statistics: are kept up to date.
    """

    def __init__(
        self,
        settings: ChatSettings,
        ledger: Ledger,
        client: "BatchClient",
        credentials: Credentials,
        budget: Budget,
        complaint: Complaint,
        statistics: RunStatistics,
    ) -> None:
        self._settings, self._ledger, self._client = settings, ledger, client
        self._credentials = credentials
        self._budget, self._complaint, self._statistics = budget, complaint, statistics
        self._claims = Claims(ledger, lease=settings.longest_wait)
        # Batches of one model at one endpoint belong together.
        self._owner = [settings.endpoint, settings.name, json.dumps(dict(settings.request), sort_keys=True)]
        self._pending = PendingBatches()
        self._size = settings.batch_size
        # Whether a batch was too large for what may wait at the provider: no other is handed in then.
        self._was_too_large = False

    def run(self, jobs: Iterable[PromptJob]) -> PendingBatches:
        """Collect the answers of batches that have ended, and hand in requests that no batch holds.

        jobs: the prompts.
        RETURNS: what is still to come. If it is nothing, all that can be answered is.
        """
        for job in self._ledger.batches(self._owner):
            self._with_claim(job, new=False)
        missing = self._missing(jobs)
        for first in missing:
            job_id = uuid.uuid4().hex
            self._claims.take(f"batch {job_id}")
            added = self._ledger.add_batch(
                job_id, self._owner, self._fill(first, missing), taken=self._claims.is_taken
            )
            if added is None:
                self._claims.release(f"batch {job_id}")
            else:
                self._statistics.requests += self._ledger.count_requests(added)
                self._with_claim(added, new=True)
            if self._was_too_large:
                # What is left is handed in by a later run, when this one has been worked on.
                break
        return self._pending

    def _with_claim(self, job: BatchJob, *, new: bool) -> None:
        """Send or collect one batch, unless another process is at it."""
        if not self._claims.take(f"batch {job.id}"):
            self._pending.busy += 1
            if holder := self._claims.holder(f"batch {job.id}"):
                self._pending.holders.add(str(holder))
            return
        try:
            if job.state == "filling":
                # Its process was killed before anything was sent.
                self._ledger.remove_batch(job)
                return
            if job.state == "ready":
                job = self._send(job, new=new)
            self._collect(job)
        except RequestError as error:
            self._pending.problems.append(f"batch {job.batch or job.id}: {error.message}")
        finally:
            self._claims.release(f"batch {job.id}")

    def _send(self, job: BatchJob, *, new: bool) -> BatchJob:
        """Send a batch, unless an earlier try succeeded whose reply was lost."""
        batch = None if new or job.file is None else self._client.find(job.id)
        while batch is None:
            if job.file is None:
                job = self._ledger.update_batch(replace(job, file=self._upload(job)))
            try:
                batch = self._client.create(str(job.file), job.id)
            except RequestError as error:
                too_large = says_too_large(error.message)
                if error.scope != "try" and not too_large:
                    # It was refused: its requests can go into another one.
                    self._ledger.remove_batch(job)
                number = self._ledger.count_requests(job)
                if not too_large or number == 1:
                    raise
                job = self._ledger.shorten_batch(job, number // 2)
                self._make_smaller(number)
                self._statistics.requests -= (number - self._size) if new else 0
                self._pending.problems.append(self._told_too_large(f"batch {job.id}", error.message))
        return self._ledger.update_batch(replace(job, state="sent", batch=batch))

    def _told_too_large(self, batch: str, error: str) -> str:
        return (
            f"{batch}: {error}. It is handed in again by batches of {self._size}; set batch_size in "
            "components.llm.model"
        )

    def _upload(self, job: BatchJob) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{job.id}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(self._lines(job))
            return self._client.upload(path)

    def _lines(self, job: BatchJob) -> Iterator[str]:
        """A batch as the provider wants it: one request a line."""
        for request in self._ledger.batch_requests(job):
            body = request_body(self._settings.name, request.messages, self._settings.request)
            line = {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
            yield json.dumps(line, ensure_ascii=False) + "\n"

    def _collect(self, job: BatchJob) -> None:
        """Store what a batch has brought, if it has ended."""
        try:
            state = self._client.state(str(job.batch))
        except RequestError as error:
            if error.status != 404:
                raise
            if time.time() < job.created + FORGOTTEN:
                # Another key or project may own it, and what it brings is paid for.
                raise RequestError(
                    f"{error.message}; was it handed in with another key? It is kept for now"
                ) from None
            self._finish(job, f"the provider knows no batch {job.batch}")
            return
        if not state.ended:
            self._pending.batches.append(state)
            return
        if state.is_too_large:
            self._make_smaller(self._ledger.count_requests(job))
            self._ledger.remove_batch(job)
            said = self._credentials.redact.message(
                shorten("; ".join(self._credentials.redact(state.errors)))
            )
            self._pending.problems.append(self._told_too_large(f"batch {state.id}", said))
            return
        seen = self._read_results(job, state.output)
        expected = state.completed + state.failed
        try:
            seen += self._read_results(job, state.failures)
        except RequestError as error:
            if error.status != 404:
                raise
            # What it said is gone: those requests count as failed.
            expected = state.completed
        is_whole = seen >= expected and (seen or expected or state.output or state.failures)
        if state.status == "completed" and not is_whole and time.time() < job.created + FORGOTTEN:
            # They are paid for, and some providers take a while to show them.
            self._pending.batches.append(state)
            return
        self._finish(job, f"batch {state.status}: {'; '.join(state.errors) or 'no result'}")

    def _read_results(self, job: BatchJob, file: str | None) -> int:
        """Store what a file of results holds.

        RETURNS: how many of the batch's requests it deals with.
        """
        seen: set[str] = set()
        for line in self._client.results(file) if file else ():
            request = self._ledger.batch_request(job, str(line.get("custom_id")))
            if request is not None:
                seen.add(request.key)
                if not self._ledger.has_answer(request.key):
                    self._keep(request, read_line(line, self._credentials))
        return len(seen)

    def _make_smaller(self, number: int) -> None:
        """Hold the next batches at half of a number of requests that was too large."""
        self._size = max(1, min(self._size, number // 2))
        self._was_too_large = True

    def _finish(self, job: BatchJob, error: str) -> None:
        """Account for every request of a batch that has ended, and forget the batch."""
        said = self._credentials.redact.message(shorten(self._credentials.redact(error)))
        for request in self._ledger.batch_requests(job):
            if self._ledger.get(request.key) is None:
                self._keep(request, RequestOutcome(RequestError(said)))
        self._ledger.remove_batch(job)

    def _keep(self, request: Request, outcome: RequestOutcome) -> None:
        entry = make_entry(self._settings, request, outcome, prices=self._budget.prices)
        self._ledger.put(entry)
        self._statistics.count(entry)
        self._statistics.spend(entry.cost or 0.0)

    def _missing(self, jobs: Iterable[PromptJob]) -> Iterator[Request]:
        """The requests that are neither answered nor in a batch, as far as the budget goes."""
        for request in self._settings.requests(jobs):
            self._statistics.done += 1
            wanted = self._wanted(request) if request.job.prompt else None
            if wanted is None or self._ledger.in_batch(wanted.key):
                self._statistics.awaited += wanted is not None
            elif self._budget.reserve(self._budget.expect(dump_messages(wanted.messages))):
                yield wanted
            else:
                self._statistics.stopped = self._budget.explain()
                return

    def _wanted(self, request: Request) -> Request | None:
        if not self._ledger.has_answer(request.key):
            return request
        self._statistics.kept += 1
        repeated = next_reask(self._settings, self._ledger, self._complaint, request)
        self._statistics.reasked += repeated is not None
        return repeated

    def _fill(self, first: Request, rest: Iterator[Request]) -> Iterator[Request]:
        """Requests for one batch, no more than it may hold."""
        size = 0
        for number, request in enumerate(chain([first], rest), 1):
            yield request
            size += len(dump_messages(request.messages).encode())
            if number >= self._size or size >= MOST_BYTES:
                return


def read_line(line: Mapping[str, object], credentials: Credentials) -> RequestOutcome:
    """What a line of results says.

    line: its `response` or `error`.
    credentials: what it may not hold.
    RETURNS: the reply, or what went wrong.
    """
    from .client import read_redacted, without_secrets

    line = credentials.redact(line)
    response = line.get("response")
    if not isinstance(response, Mapping):
        error = body_error(line.get("error"))
        error.message = shorten(f"no response: {error.message}")
        error = without_secrets(error, credentials)
        return RequestOutcome(error.reply or error)
    status, body = str(response.get("status_code")), response.get("body")
    try:
        if status != "200":
            raise status_error(int(status) if status.isdecimal() else 0, body or line.get("error"))
        return RequestOutcome(read_redacted(body, credentials))
    except RequestError as found:
        error = without_secrets(found, credentials)
        return RequestOutcome(error.reply or error)
