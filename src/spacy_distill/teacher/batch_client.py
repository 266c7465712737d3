"""A provider's batch interface (that of OpenAI), by the `openai` client."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from openai import DefaultHttpxClient, OpenAI
from openai.pagination import SyncCursorPage
from openai.types import Batch, FileObject

from ..errors import DistillError
from .client import ERRORS, client_fault
from .endpoints import hide_key, is_loopback
from .errors import Fault
from .responses import shorten

Thing = TypeVar("Thing", Batch, FileObject)
TAG = "spacy_distill_job"
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
PAGES = 1000


@dataclass(frozen=True)
class BatchState:
    """How a batch stands.

    id: The provider's name for it.
    status: As the provider calls it.
    ended: Whether nothing more will come.
    files: Files of results: answers, and errors.
    done, total (int): Requests that were dealt with, and all.
    errors: Why it failed as a whole, if it did.
    """

    id: str
    status: str
    ended: bool
    files: tuple[str, ...] = ()
    done: int = 0
    total: int = 0
    errors: tuple[str, ...] = ()


class BatchClient:
    """Uploads files of requests, makes batches of them, and fetches their results.

    endpoint: Base URL.
    key: API key.
    timeout: Seconds to wait for a reply.
    max_tries: How often to try what can be tried again without harm.
    """

    def __init__(self, endpoint: str, key: str, *, timeout: float, max_tries: int) -> None:
        self._key, self._timeout = key, timeout
        self._client = OpenAI(
            api_key=key,
            base_url=endpoint,
            max_retries=max_tries - 1,
            timeout=timeout,
            http_client=DefaultHttpxClient(follow_redirects=False, trust_env=not is_loopback(endpoint)),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def upload(self, path: Path) -> str:
        """Upload a file of requests. One that is uploaded twice costs nothing.

        RETURNS: The provider's name for the file.
        RAISES Fault: If that fails.
        """
        try:
            made = self._client.files.create(file=path, purpose="batch")
        except ERRORS as error:
            raise self._fault(error) from None
        return self._checked(made, FileObject).id

    def create(self, file: str, job: str) -> str:
        """Make a batch. It is tried once: whether a try that failed made one, `find` will tell.

        file: The provider's name for the file of requests.
        job: Our own name for the batch, by which `find` knows it.
        RETURNS: The provider's name for the batch.
        RAISES Fault: If that fails.
        """
        try:
            made = self._client.with_options(max_retries=0).batches.create(
                input_file_id=file,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={TAG: job},
                extra_headers={"Idempotency-Key": job},
            )
        except ERRORS as error:
            raise self._fault(error) from None
        return self._checked(made, Batch).id

    def find(self, job: str) -> str | None:
        """The provider's name for a batch that may have been made.

        RAISES Fault: If that cannot be told.
        """
        try:
            page = self._client.batches.list(limit=100)
            for number, batch in enumerate(page if isinstance(page, SyncCursorPage) else [page]):
                if self._checked(batch, Batch).metadata == {TAG: job}:
                    return batch.id
                if number == 100 * PAGES:
                    break
        except ERRORS as error:
            raise self._fault(error) from None
        return None

    def state(self, batch: str) -> BatchState:
        """How a batch stands.

        RAISES Fault: If that cannot be told.
        """
        try:
            found = self._client.batches.retrieve(batch)
        except ERRORS as error:
            raise self._fault(error) from None
        return _read_state(self._checked(found, Batch))

    def results(self, file: str) -> Iterator[dict[str, object]]:
        """The lines of a file of results.

        YIELDS: One line: `custom_id`, `response` and `error`.
        RAISES Fault: If the file cannot be fetched, or is not one.
        """
        try:
            with self._client.files.with_streaming_response.content(file) as response:
                found, other = 0, ""
                for line in filter(str.strip, response.iter_lines()):
                    value = json.loads(line)
                    if isinstance(value, dict) and isinstance(value.get("custom_id"), str):
                        found += 1
                        yield value
                    else:
                        other = line
                if other and not found:
                    raise DistillError(f"expected lines of results, got {shorten(other)}")
        except ERRORS as error:
            raise self._fault(error) from None

    def _checked(self, made: object, kind: type[Thing]) -> Thing:
        """What the client made of a reply, which it does not check itself.

        RAISES Fault: If it is something else.
        """
        if not isinstance(made, kind) or not isinstance(made.id, str):
            said = f"malformed reply: expected a {kind.__name__} with its id, got {made}"
            raise Fault(shorten(hide_key(said, self._key)))
        return made

    def _fault(self, error: Exception) -> Fault:
        return client_fault(error, key=self._key, timeout=self._timeout)


def _read_state(batch: Batch) -> BatchState:
    files = tuple(file for file in (batch.output_file_id, batch.error_file_id) if file)
    counts = batch.request_counts
    errors = tuple(error.message or "" for error in (batch.errors.data or [])) if batch.errors else ()
    done = counts.completed + counts.failed if counts else 0
    return BatchState(
        batch.id, batch.status, batch.status in ENDED, files, done, counts.total if counts else 0, errors
    )
