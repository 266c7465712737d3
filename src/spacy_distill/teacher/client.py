"""One request to a chat endpoint, by the `openai` client: a reply, or a fault."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from .endpoints import hide_key, is_loopback
from .errors import Fault, status_fault
from .responses import Reply, read_reply, shorten

# A connection pool looks at all its connections at each request: several small ones are faster than one.
LANE = 32


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
        RAISES Fault: If there is none.
        """
        # The client's typed method checks and rebuilds body and reply, which takes a third more time.
        sent = next(self._turn).post("/chat/completions", body=body, cast_to=object)
        try:
            async with asyncio.timeout(self._timeout):
                reply = await sent
        except ERRORS as error:
            raise client_fault(error, key=self._key, timeout=self._timeout) from None
        try:
            found = read_reply(reply)
        except ValueError as error:
            said = shorten(hide_key(f"malformed reply: {error}", self._key))
            raise Fault(said, charged=True) from None
        return replace(found, answer=hide_key(found.answer, self._key))


# Brackets that are nested too deep are a RecursionError of the JSON parser.
ERRORS = (openai.OpenAIError, TimeoutError, ValueError, RecursionError)


def client_fault(error: Exception, *, key: str, timeout: float) -> Fault:
    """The fault that an exception stands for.

    error: One of `ERRORS`.
    key: The API key, which no message may hold.
    timeout: Seconds that were waited for a reply.
    RETURNS: The fault.
    """
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault(f"no reply within {timeout:g} seconds", charged=True)
    if isinstance(error, openai.APIConnectionError):
        cause = type(error.__cause__).__name__
        said = shorten(hide_key(f"{cause}: {error.__cause__}", key))
        refused = cause == "ConnectError"
        return Fault(f"connection failed: {said}", unreachable=refused, charged=not refused)
    if isinstance(error, openai.APIStatusError):
        body = error.body or error.response.text
        fault = status_fault(error.status_code, body, error.response.headers, key=key)
        return fault
    if isinstance(error, openai.OpenAIError):
        return Fault(shorten(hide_key(f"{type(error).__name__}: {error}", key)), scope="document")
    return Fault(shorten(hide_key(f"malformed reply: {error}", key)), charged=True)
