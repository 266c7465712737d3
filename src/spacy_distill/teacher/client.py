"""A provider's API by the `openai` client: chat completions, and its batch interface."""

import asyncio
import itertools
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies

import openai
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultHttpxClient, Omit, OpenAI, RequestOptions
from openai.pagination import SyncCursorPage
from openai.types import Batch, FileObject

from ..errors import DistillError, shorten
from .credentials import Credentials
from .request_errors import Reply, RequestError, malformed, says_too_large, status_error
from .responses import read_json, read_reply
from .settings import ChatSettings, is_loopback

# Connections that a client of `openai` opens at most.
CONNECTIONS = 1000
# The client tells any endpoint what it runs on, which takes a seventh of its time too.
MACHINE = {
    f"X-Stainless-{name}": Omit()
    for name in [
        "Lang",
        "Package-Version",
        "OS",
        "Arch",
        "Runtime",
        "Runtime-Version",
        "Async",
        "Retry-Count",
        "Read-Timeout",
    ]
}
# The client wants one, though it need not be sent.
NO_KEY = "none"
# Brackets that are nested too deep are a RecursionError of the JSON parser.
ERRORS = (openai.OpenAIError, TimeoutError, ValueError, RecursionError)
# How the names of exceptions begin after which no connection was made.
NOT_CONNECTED = ("ConnectError", "ClientConnector", "ClientProxyConnection")
BatchOrFile = TypeVar("BatchOrFile", Batch, FileObject)
TAG = "spacy_distill_job"
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
PAGES = 1000


def client_error(error: Exception, credentials: Credentials, timeout: float) -> RequestError:
    """What an exception of the client says.

    error: one of `ERRORS`.
    credentials: what no message may hold.
    timeout: seconds that were waited for a reply.
    RETURNS: the error.
    """
    found = _client_error(error, credentials, timeout)
    # Headers are quoted too, what was put together of several parts, and what was shortened.
    return without_secrets(found, credentials)


def without_secrets(error: RequestError, credentials: Credentials) -> RequestError:
    """An error of which no part holds a secret or a part of one."""
    error.message = credentials.redact.message(error.message)
    if error.reply is not None:
        error.reply = _redacted_reply(error.reply, credentials)
    return error


def _redacted_reply(reply: Reply, credentials: Credentials) -> Reply:
    """A reply of which no part holds a secret; tokens that spell one together are left out."""
    redact = credentials.redact
    spelled = "".join(token for token, _ in reply.logprobs)
    return replace(
        reply,
        answer=redact(reply.answer),
        error=reply.error and redact.message(reply.error),
        logprobs=reply.logprobs if redact(spelled) == spelled else (),
    )


def _client_error(error: Exception, credentials: Credentials, timeout: float) -> RequestError:
    causes = list(_causes(error))
    if isinstance(error, TimeoutError) or "Timeout" in type(causes[-1]).__name__:
        return RequestError(f"no reply within {timeout:g} seconds", charged=True)
    if isinstance(error, openai.APIConnectionError):
        # The client takes any failure of a connection for a timeout; what is beneath says what it was.
        cause = next(one for one in causes[1:] or causes if "Timeout" not in type(one).__name__)
        said = shorten(credentials.redact(f"{type(cause).__name__}: {cause}"))
        for reason in filter(None, (getattr(one, "verify_message", None) for one in causes)):
            said = f"its certificate is not trusted ({reason.rstrip('.')})"
        refused = any(type(one).__name__.startswith(NOT_CONNECTED) for one in causes)
        return RequestError(f"connection failed: {said}", unreachable=refused, charged=not refused)
    if isinstance(error, openai.APIStatusError):
        body = credentials.redact(error.body or error.response.text)
        return status_error(error.status_code, body, error.response.headers)
    if isinstance(error, openai.OpenAIError):
        return RequestError(shorten(credentials.redact(f"{type(error).__name__}: {error}")), scope="document")
    if isinstance(error, json.JSONDecodeError):
        try:
            read_json(credentials.redact(error.doc))
        except RequestError as named:  # A page of HTML, or an event stream.
            return named
    return malformed(shorten(credentials.redact(str(error))))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it was raised from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def client_options(settings: ChatSettings, credentials: Credentials) -> dict[str, Any]:
    """What both kinds of client are made with."""
    # The environment's organization is nobody's business who was not asked to have it.
    headers = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit(), **credentials.headers}
    return {
        "api_key": credentials.key or NO_KEY,
        "base_url": settings.endpoint,
        "timeout": settings.timeout,
        "default_headers": headers,
        "default_query": dict(credentials.query),
    }


@contextmanager
def environment(settings: ChatSettings) -> Iterator[dict[str, Any]]:
    """What the client beneath is to take of the environment: certificates, and proxies to other machines.

    YIELDS: its arguments.
    RAISES DistillError: if the environment's values are such that no client can be made.
    """
    try:
        if is_loopback(settings.endpoint):
            # A proxy has no business between this machine and itself.
            yield {"follow_redirects": False, "trust_env": False, "verify": ssl.create_default_context()}
            return
        for proxy in getproxies().values():
            # An error, if the port is no number.
            _ = urlsplit(proxy).port
        yield {"follow_redirects": False, "trust_env": True}
    except (ValueError, ImportError, OSError) as error:
        raise DistillError(
            f"Cannot connect to {settings.endpoint} with the environment's proxies and certificates: "
            f"{shorten(str(error))}. Look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR."
        ) from None


def request_headers(settings: ChatSettings) -> dict[str, Any]:
    """The client's headers that no request is to bear: about this machine, and a key if there is none."""
    return MACHINE if settings.api_key_env else {**MACHINE, "Authorization": Omit()}


class ChatClient:
    """Sends requests to an OpenAI-compatible endpoint. Retries are for others to decide.

    settings: name the endpoint.
    credentials: what goes with each request.
    """

    def __init__(self, settings: ChatSettings, credentials: Credentials) -> None:
        self._credentials, self._timeout = credentials, settings.timeout
        self._options: RequestOptions = {"headers": request_headers(settings)}
        options = client_options(settings, credentials)
        with environment(settings) as given:
            self._clients = [
                AsyncOpenAI(max_retries=0, http_client=DefaultAioHttpClient(**given), **options)
                for _ in range(-(-settings.concurrency // CONNECTIONS))
            ]
        self._turn = itertools.cycle(self._clients)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.close()

    async def complete(self, body: dict[str, Any]) -> Reply:
        """Get a chat completion.

        body: the request's body.
        RETURNS: the completion.
        RAISES RequestError: if there is none.
        """
        # The client's typed method checks and rebuilds body and reply, which takes a third more time.
        sent = next(self._turn).post("/chat/completions", body=body, cast_to=object, options=self._options)
        try:
            async with asyncio.timeout(self._timeout):
                reply = await sent
        except ERRORS as error:
            raise client_error(error, self._credentials, self._timeout) from None
        return read_redacted(reply, self._credentials)


def read_redacted(body: object, credentials: Credentials) -> Reply:
    """Read a reply of which no part holds a secret, nor several parts put together.

    RAISES RequestError: see `read_reply`.
    """
    try:
        reply = read_reply(credentials.redact(body))
    except RequestError as error:
        raise without_secrets(error, credentials) from None
    return _redacted_reply(reply, credentials)


@dataclass(frozen=True)
class BatchState:
    """How a batch stands.

    id: the provider's name for it.
    status: as the provider calls it.
    ended: whether nothing more will be worked on.
    output, failures: files of results: answers, and errors; None if there is none yet.
    completed, failed, total: requests that were answered, that failed, and all; 0 where that is not said.
    errors: why it failed as a whole, if it did.
    """

    id: str
    status: str
    ended: bool
    output: str | None = None
    failures: str | None = None
    completed: int = 0
    failed: int = 0
    total: int = 0
    errors: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Requests that were dealt with."""
        return self.completed + self.failed

    @property
    def is_too_large(self) -> bool:
        """Whether it failed since too many tokens wait to be worked on."""
        return self.status == "failed" and any(map(says_too_large, self.errors))


class BatchClient:
    """Uploads files of requests, makes batches of them, and fetches their results.

    settings: name the endpoint, and how often to try what can be tried again without harm.
    credentials: what goes with each request.
    """

    def __init__(self, settings: ChatSettings, credentials: Credentials) -> None:
        self._credentials, self._timeout = credentials, settings.timeout
        self._headers = request_headers(settings)
        with environment(settings) as given:
            self._client = OpenAI(
                max_retries=settings.max_tries - 1,
                http_client=DefaultHttpxClient(**given),
                **client_options(settings, credentials),
            )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def upload(self, path: Path) -> str:
        """Upload a file of requests. One that is uploaded twice costs nothing.

        RETURNS: the provider's name for the file.
        RAISES RequestError: if that fails.
        """
        with self._explained():
            made = self._client.files.create(file=path, purpose="batch", extra_headers=self._headers)
        return self._checked(made, FileObject).id

    def create(self, file: str, job: str) -> str:
        """Make a batch. It is tried once: whether a try that failed made one, `find` knows.

        file: the provider's name for the file of requests.
        job: our own name for the batch, by which `find` knows it.
        RETURNS: the provider's name for the batch.
        RAISES RequestError: if that fails.
        """
        with self._explained():
            made = self._client.with_options(max_retries=0).batches.create(
                input_file_id=file,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={TAG: job},
                extra_headers={"Idempotency-Key": job, **self._headers},
            )
        return self._checked(made, Batch).id

    def find(self, job: str) -> str | None:
        """The provider's name for a batch that may have been made.

        RAISES RequestError: if that is not known.
        """
        with self._explained():
            page = self._client.batches.list(limit=100, extra_headers=self._headers)
            for number, batch in enumerate(page if isinstance(page, SyncCursorPage) else [page]):
                if self._checked(batch, Batch).metadata == {TAG: job}:
                    return batch.id
                if number == 100 * PAGES:
                    break
        return None

    def state(self, batch: str) -> BatchState:
        """How a batch stands.

        RAISES RequestError: if that is not known.
        """
        with self._explained():
            found = self._client.batches.retrieve(batch, extra_headers=self._headers)
        state, redact = _read_state(self._checked(found, Batch)), self._credentials.redact
        return replace(state, status=redact(state.status), errors=tuple(redact(state.errors)))

    def results(self, file: str) -> Iterator[dict[str, object]]:
        """The lines of a file of results.

        YIELDS: one line: `custom_id`, `response` and `error`.
        RAISES RequestError: if the file cannot be fetched, or is not one.
        """
        get = self._client.files.with_streaming_response.content
        with self._explained(), get(file, extra_headers=self._headers) as response:
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

    def _checked(self, made: object, kind: type[BatchOrFile]) -> BatchOrFile:
        """What the client made of a reply, which it does not check itself.

        RAISES RequestError: if it is something else.
        """
        if (
            not isinstance(made, kind)
            or not isinstance(made.id, str)
            or self._credentials.redact(made.id) != made.id
        ):
            said = f"malformed reply: expected a {kind.__name__} with its id, got {made}"
            raise RequestError(self._credentials.redact.message(shorten(self._credentials.redact(said))))
        return made

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ERRORS as error:
            found = client_error(error, self._credentials, self._timeout)
            if isinstance(error, ValueError):
                found.status = None  # A page of HTML does not say that a batch or a file is gone.
            raise found from None


def _read_state(batch: Batch) -> BatchState:
    counts = batch.request_counts
    errors = (batch.errors.data or []) if batch.errors else []
    return BatchState(
        batch.id,
        batch.status,
        batch.status in ENDED,
        batch.output_file_id or None,
        batch.error_file_id or None,
        counts.completed or 0 if counts else 0,
        counts.failed or 0 if counts else 0,
        counts.total or 0 if counts else 0,
        tuple(f"{error.code or ''} {error.message or ''}".strip() for error in errors),
    )
