"""A provider's batch interface: hand requests in, walk away, collect the answers later."""

import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .budget import Budget, Tally
from .endpoints import hide_key
from .errors import Fault, status_fault
from .ledger.claims import Claims
from .ledger.keys import dump_messages, messages_hash, request_body
from .ledger.store import CHUNK, PUT_PROMPT, Ledger
from .requests import Complaint, Job, Outcome, Request, make_entry, request_to_mend, requests_of
from .responses import read_reply, shorten
from .settings import ChatSettings

if TYPE_CHECKING:
    from .batch_client import BatchClient, BatchState

SELECT = """
SELECT key, sample, messages, reask_of, text, view, prompts.prompt_hash FROM job_requests
JOIN prompts ON prompts.hash = job_requests.prompt
"""


@dataclass(frozen=True)
class BatchJob:
    """A batch.

    id: Our own name for it.
    state: "filling" (its requests are being noted down), "ready" (they are complete; it may have been
        sent) or "sent".
    file: The provider's name for the file of requests.
    batch: The provider's name for the batch.
    created: When it was made, seconds since the epoch.
    """

    id: str
    state: str
    file: str | None
    batch: str | None
    created: float


class JobBook:
    """Batches of one model at one endpoint.

    ledger: Where they are noted down.
    settings: Names the model and the endpoint.
    """

    def __init__(self, ledger: Ledger, settings: ChatSettings) -> None:
        self._ledger, self._settings = ledger, settings
        request = json.dumps(dict(settings.request), sort_keys=True)
        self._whose = [settings.endpoint, settings.name, request]

    def open(self) -> list[BatchJob]:
        """The batches that were not collected yet, the oldest first."""
        sql = """
            SELECT id, state, file, batch, created FROM jobs
            WHERE endpoint = ? AND model = ? AND request = ? ORDER BY created, id
        """
        return [BatchJob(*row) for row in self._ledger.rows(sql, self._whose)]  # type: ignore[arg-type]

    def add(self, id: str, requests: Iterable[Request], *, taken: Callable[[str], bool]) -> BatchJob | None:
        """Note down a batch with these requests, but for those that another one holds.

        id: Our own name for it.
        requests: The requests; written down as they come.
        taken: Whether another run is asking for an answer just now.
        RETURNS: The batch, ready to be sent, or None if there was nothing to put into it.
        """
        job = BatchJob(id, "filling", None, None, time.time())
        with self._ledger.transaction() as db:
            values = [id, *self._whose, job.state, job.created]
            sql = "INSERT INTO jobs (id, endpoint, model, request, state, created) VALUES (?, ?, ?, ?, ?, ?)"
            db.execute(sql, values)
        chunk: list[Request] = []
        for request in requests:
            chunk.append(request)
            if len(chunk) == CHUNK:
                self._put(job, chunk, taken)
                chunk = []
        self._put(job, chunk, taken)
        if self.count(job):
            return self.note(replace(job, state="ready"))
        self.remove(job)
        return None

    def note(self, job: BatchJob) -> BatchJob:
        """Write down what became known of a batch, and return it."""
        with self._ledger.transaction() as db:
            sql = "UPDATE jobs SET state = ?, file = ?, batch = ? WHERE id = ?"
            db.execute(sql, [job.state, job.file, job.batch, job.id])
        return job

    def remove(self, job: BatchJob) -> None:
        """Forget a batch: all that it brought is in the ledger, or nothing of it was ever sent."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM job_requests WHERE job = ?", [job.id])
            db.execute("DELETE FROM jobs WHERE id = ?", [job.id])

    def count(self, job: BatchJob) -> int:
        """How many requests a batch holds."""
        count = self._ledger.rows("SELECT count(*) FROM job_requests WHERE job = ?", [job.id])[0][0]
        return count if isinstance(count, int) else 0

    def holds(self, key: str) -> bool:
        """Whether a batch that was not collected yet holds the request with this key."""
        return bool(self._ledger.rows("SELECT 1 FROM job_requests WHERE key = ?", [key]))

    def request(self, job: BatchJob, key: str) -> Request | None:
        """The request of a batch with this key, or None if it holds none."""
        rows = self._ledger.rows(f"{SELECT} WHERE job = ? AND key = ?", [job.id, key])
        return _request(rows[0]) if rows else None

    def requests(self, job: BatchJob) -> Iterator[Request]:
        """The requests of a batch, by key.

        YIELDS: One of them.
        """
        sql, last = f"{SELECT} WHERE job = ? AND key > ? ORDER BY key LIMIT ?", ""
        while rows := self._ledger.rows(sql, [job.id, last, CHUNK]):
            for row in rows:
                request = _request(row)
                last = request.key
                yield request

    def lines(self, job: BatchJob) -> Iterator[str]:
        """A batch as the provider wants it.

        YIELDS: One request as a line of JSON.
        """
        for request in self.requests(job):
            body = request_body(self._settings.name, request.messages, self._settings.request)
            line = {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
            yield json.dumps(line, ensure_ascii=False) + "\n"

    def _put(self, job: BatchJob, requests: list[Request], taken: Callable[[str], bool]) -> None:
        with self._ledger.transaction() as db:
            for request in requests:
                if taken(request.key):
                    continue
                prompt, asked = messages_hash(request.messages), request.job
                messages = dump_messages(request.messages)
                db.execute(PUT_PROMPT, [prompt, messages, asked.text, asked.view, asked.prompt_hash])
                values = [request.key, job.id, prompt, request.sample, request.reask_of]
                db.execute("INSERT OR IGNORE INTO job_requests VALUES (?, ?, ?, ?, ?)", values)


def _request(row: tuple[Any, ...]) -> Request:
    key, sample, messages, reask_of, text, view, prompt_hash = row
    return Request(Job("", text, view, prompt_hash), key, json.loads(messages), sample, reask_of)


# What OpenAI accepts in one batch, with some room: requests, and bytes.
MOST_REQUESTS = 50_000
MOST_BYTES = 150_000_000
# Seconds after which a batch that the provider does not know is given up: it is to end within a day.
FORGOTTEN = 2 * 86_400.0


@dataclass
class Waiting:
    """What is still to come.

    batches: Batches that have not ended.
    busy: Batches that another process is dealing with.
    problems: What went wrong with batches that could not be sent or collected this time.
    """

    batches: list["BatchState"] = field(default_factory=list)
    busy: int = 0
    problems: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.batches or self.busy or self.problems)


class Batches:
    """Collects what has come back, and hands in what is missing.

    settings: What to ask.
    ledger: Where answers and batches are kept.
    client: Talks to the provider.
    key: The API key, which nothing may be stored with.
    budget: What may be spent, at the prices of batches.
    complaint: What is wrong with an answer; None if nothing is.
    tally: Is kept up to date.
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

        jobs: The prompts.
        RETURNS: What is still to come. If it is nothing, all that can be answered is.
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

    line: Its `response` or `error`.
    key: The API key, which nothing may be stored with.
    RETURNS: The reply, or what went wrong.
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
