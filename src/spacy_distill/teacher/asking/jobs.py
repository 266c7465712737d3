"""The ledger's record of batches: what was handed to a provider's batch interface and has not come back."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..ledger.keys import dump_messages, messages_hash, request_body
from ..ledger.ledger import CHUNK, PUT_PROMPT, Ledger
from .request import Job, Request
from .settings import ChatSettings

SELECT = """
SELECT key, sample, messages, reask_of, text, view, prompts.prompt_hash FROM job_requests
JOIN prompts ON prompts.hash = job_requests.prompt
"""


@dataclass(frozen=True)
class BatchJob:
    """A batch.

    id (str): Our own name for it.
    state (str): "filling" (its requests are being noted down), "ready" (they are complete; it may have been
        sent) or "sent".
    file (str | None): The provider's name for the file of requests.
    batch (str | None): The provider's name for the batch.
    created (float): When it was made, seconds since the epoch.
    """

    id: str
    state: str
    file: str | None
    batch: str | None
    created: float


class JobBook:
    """Batches of one model at one endpoint.

    ledger (Ledger): Where they are noted down.
    settings (ChatSettings): Names the model and the endpoint.
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

        id (str): Our own name for it.
        requests (Iterable[Request]): The requests; written down as they come.
        taken (Callable[[str], bool]): Whether another run is asking for an answer just now.
        RETURNS (BatchJob | None): The batch, ready to be sent, or None if there was nothing to put into it.
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

        YIELDS (Request): One of them.
        """
        sql, last = f"{SELECT} WHERE job = ? AND key > ? ORDER BY key LIMIT ?", ""
        while rows := self._ledger.rows(sql, [job.id, last, CHUNK]):
            for row in rows:
                request = _request(row)
                last = request.key
                yield request

    def lines(self, job: BatchJob) -> Iterator[str]:
        """A batch as the provider wants it.

        YIELDS (str): One request as a line of JSON.
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
