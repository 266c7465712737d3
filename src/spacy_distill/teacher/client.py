"""A provider's API by the `openai` client: chat completions, and its batch interface."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from openai.pagination import SyncCursorPage
from openai.types import Batch, FileObject

from .responses import Reply, RequestError, hide_key, read_reply, shorten, status_error
from .settings import is_loopback

# A connection pool looks at all its connections at each request: several small ones are faster than one.
LANE = 32
# Brackets that are nested too deep are a RecursionError of the JSON parser.
ERRORS = (openai.OpenAIError, TimeoutError, ValueError, RecursionError)
Thing = TypeVar("Thing", Batch, FileObject)
TAG = "spacy_distill_job"
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
PAGES = 1000


def client_error(error: Exception, *, key: str, timeout: float) -> RequestError:
    """What an exception of the client says.

    error: One of `ERRORS`.
    key: The API key, which no message may hold.
    timeout: Seconds that were waited for a reply.
    RETURNS: The error.
    """
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return RequestError(f"no reply within {timeout:g} seconds", charged=True)
    if isinstance(error, openai.APIConnectionError):
        cause = type(error.__cause__).__name__
        said = shorten(hide_key(f"{cause}: {error.__cause__}", key))
        refused = cause == "ConnectError"
        return RequestError(f"connection failed: {said}", unreachable=refused, charged=not refused)
    if isinstance(error, openai.APIStatusError):
        body = error.body or error.response.text
        return status_error(error.status_code, body, error.response.headers, key=key)
    if isinstance(error, openai.OpenAIError):
        return RequestError(shorten(hide_key(f"{type(error).__name__}: {error}", key)), scope="document")
    return RequestError(shorten(hide_key(f"malformed reply: {error}", key)), charged=True)


class ChatClient:
    """Sends requests to an OpenAI-compatible endpoint. Retries are for others to decide.

    endpoint: Base URL.
    key: API key.
    timeout: Seconds from sending a request to the end of its reply.
    concurrency: How many requests will be in flight, at most.
    """

    def __init__(self, endpoint: str, key: str, *, timeout: float, concurrency: int) -> None:
        self._key, self._timeout = key, timeout
        # A proxy from the environment has no business between this machine and itself.
        trust_env = not is_loopback(endpoint)
        self._lanes = [
            AsyncOpenAI(
                api_key=key,
                base_url=endpoint,
                max_retries=0,
                timeout=timeout,
                http_client=DefaultAsyncHttpxClient(follow_redirects=False, trust_env=trust_env),
            )
            for _ in range(-(-concurrency // LANE))
        ]
        self._turn = itertools.cycle(self._lanes)

    async def close(self) -> None:
        """Close all connections."""
        for lane in self._lanes:
            await lane.close()

    async def complete(self, body: dict[str, Any]) -> Reply:
        """Get a chat completion.

        body: The request's body.
        RETURNS: The completion.
        RAISES RequestError: If there is none.
        """
        # The client's typed method checks and rebuilds body and reply, which takes a third more time.
        sent = next(self._turn).post("/chat/completions", body=body, cast_to=object)
        try:
            async with asyncio.timeout(self._timeout):
                reply = await sent
        except ERRORS as error:
            raise client_error(error, key=self._key, timeout=self._timeout) from None
        try:
            found = read_reply(reply)
        except ValueError as error:
            said = shorten(hide_key(f"malformed reply: {error}", self._key))
            raise RequestError(said, charged=True) from None
        return replace(found, answer=hide_key(found.answer, self._key))


@dataclass(frozen=True)
class BatchState:
    """How a batch stands.

    id: The provider's name for it.
    status: As the provider calls it.
    ended: Whether nothing more will come.
    files: Files of results: answers, and errors.
    done, total: Requests that were dealt with, and all.
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
        RAISES RequestError: If that fails.
        """
        with self._explained():
            made = self._client.files.create(file=path, purpose="batch")
        return self._checked(made, FileObject).id

    def create(self, file: str, job: str) -> str:
        """Make a batch. It is tried once: whether a try that failed made one, `find` will tell.

        file: The provider's name for the file of requests.
        job: Our own name for the batch, by which `find` knows it.
        RETURNS: The provider's name for the batch.
        RAISES RequestError: If that fails.
        """
        with self._explained():
            made = self._client.with_options(max_retries=0).batches.create(
                input_file_id=file,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={TAG: job},
                extra_headers={"Idempotency-Key": job},
            )
        return self._checked(made, Batch).id

    def find(self, job: str) -> str | None:
        """The provider's name for a batch that may have been made.

        RAISES RequestError: If that cannot be told.
        """
        with self._explained():
            page = self._client.batches.list(limit=100)
            for number, batch in enumerate(page if isinstance(page, SyncCursorPage) else [page]):
                if self._checked(batch, Batch).metadata == {TAG: job}:
                    return batch.id
                if number == 100 * PAGES:
                    break
        return None

    def state(self, batch: str) -> BatchState:
        """How a batch stands.

        RAISES RequestError: If that cannot be told.
        """
        with self._explained():
            found = self._client.batches.retrieve(batch)
        return _read_state(self._checked(found, Batch))

    def results(self, file: str) -> Iterator[dict[str, object]]:
        """The lines of a file of results.

        YIELDS: One line: `custom_id`, `response` and `error`.
        RAISES RequestError: If the file cannot be fetched, or is not one.
        """
        with self._explained(), self._client.files.with_streaming_response.content(file) as response:
            found, other = 0, ""
            for line in filter(str.strip, response.iter_lines()):
                value = json.loads(line)
                if isinstance(value, dict) and isinstance(value.get("custom_id"), str):
                    found += 1
                    yield value
                else:
                    other = line
            if other and not found:
                raise ValueError(f"expected lines of results, got {shorten(other)}")

    def _checked(self, made: object, kind: type[Thing]) -> Thing:
        """What the client made of a reply, which it does not check itself.

        RAISES RequestError: If it is something else.
        """
        if not isinstance(made, kind) or not isinstance(made.id, str):
            said = f"malformed reply: expected a {kind.__name__} with its id, got {made}"
            raise RequestError(shorten(hide_key(said, self._key)))
        return made

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ERRORS as error:
            raise client_error(error, key=self._key, timeout=self._timeout) from None


def _read_state(batch: Batch) -> BatchState:
    files = tuple(file for file in (batch.output_file_id, batch.error_file_id) if file)
    counts = batch.request_counts
    errors = tuple(error.message or "" for error in (batch.errors.data or [])) if batch.errors else ()
    done = counts.completed + counts.failed if counts else 0
    return BatchState(
        batch.id, batch.status, batch.status in ENDED, files, done, counts.total if counts else 0, errors
    )
