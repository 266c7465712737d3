"""One request to a chat endpoint, by the `openai` client: a reply, or a fault."""

import asyncio
import ipaddress
import itertools
import os
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from .faults import Fault, status_fault
from .replies import Reply, read_reply, shorten

# A connection pool looks at all its connections at each request: several small ones are faster than one.
LANE = 32
NO_KEY = "none"


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint's host is this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_endpoint(endpoint: str) -> str:
    """An endpoint without a slash at its end.

    RAISES (ValueError): If it is no http(s) address, or holds a password or key.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f'ChatModel: endpoint is "{shorten(endpoint)}". Expected the base URL of an OpenAI-compatible '
            'API, for instance "https://api.openai.com/v1" or "http://localhost:8000/v1".'
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            f"ChatModel: the endpoint of host {parts.hostname} holds a name, password or query. A key may "
            "stand in an environment variable only: name that in api_key_env."
        )
    return endpoint.rstrip("/")


def read_key(endpoint: str, variable: str | None, *, allow_http: bool = False) -> str:
    """The API key, read from the environment.

    endpoint (str): Where it will be sent.
    variable (str | None): The environment variable that holds it; None if the endpoint needs none.
    allow_http (bool): Whether it may go over plain http to another machine.
    RETURNS (str): The key, or a placeholder.
    RAISES (ValueError): If there is none and the endpoint is on another machine, or it may not be sent there.
    """
    key = os.environ.get(variable, "").strip() if variable else ""
    if not key:
        if variable and not is_loopback(endpoint):
            raise ValueError(
                f"ChatModel: the environment variable {variable} holds no API key for {endpoint}. Set it, or "
                "name another in api_key_env; api_key_env = null if this endpoint needs no key."
            )
        return NO_KEY
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"ChatModel: the environment variable {variable} does not hold an API key.")
    if urlsplit(endpoint).scheme == "http" and not is_loopback(endpoint) and not allow_http:
        raise ValueError(
            f"ChatModel: the key in {variable} would be sent unencrypted to {endpoint}. Use https, or set "
            "api_key_env = null if the endpoint needs no key, or allow_http = true if you trust the network."
        )
    return key


class ChatClient:
    """Sends requests to an OpenAI-compatible endpoint. Retries are for others to decide.

    endpoint (str): Base URL.
    key (str): API key.
    timeout (float): Seconds from sending a request to the end of its reply.
    concurrency (int): How many requests will be in flight, at most.
    """

    def __init__(self, endpoint: str, key: str, *, timeout: float, concurrency: int) -> None:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError

        self._key, self._timeout = key, timeout
        self._errors = (OpenAIError, TimeoutError, ValueError)
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

    @property
    def lane(self) -> Any:
        """The `openai` client whose turn it is."""
        return next(self._turn)

    async def close(self) -> None:
        """Close all connections."""
        for lane in self._lanes:
            await lane.close()

    async def complete(self, body: dict[str, Any]) -> Reply:
        """Get a chat completion.

        body (dict[str, Any]): The request's body.
        RETURNS (Reply): The completion.
        RAISES (Fault): If there is none.
        """
        reply = await self.send("/chat/completions", body)
        try:
            found = read_reply(reply)
        except ValueError as error:
            raise Fault(self._tell(f"malformed reply: {error}"), charged=True) from None
        return replace(found, answer=self._hide_key(found.answer))

    async def send(self, path: str, body: dict[str, Any]) -> object:
        """Post a body of JSON and get one.

        RAISES (Fault): If that fails.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self.lane.post(path, body=body, cast_to=object)
        except self._errors as error:
            raise self.fault(error) from None

    def fault(self, error: Exception) -> Fault:
        """The fault that an exception of the `openai` client stands for."""
        import openai

        if isinstance(error, TimeoutError | openai.APITimeoutError):
            return Fault(f"no reply within {self._timeout:g} seconds", charged=True)
        if isinstance(error, openai.APIConnectionError):
            cause = type(error.__cause__).__name__
            refused = cause == "ConnectError"
            said = self._tell(f"{cause}: {error.__cause__}")
            return Fault(f"connection failed: {said}", unreachable=refused, charged=not refused)
        if isinstance(error, openai.APIStatusError):
            fault = status_fault(error.status_code, error.body or error.response.text, error.response.headers)
            fault.message = self._tell(fault.message)
            return fault
        if isinstance(error, openai.OpenAIError):
            return Fault(self._tell(f"{type(error).__name__}: {error}"), scope="document")
        return Fault(self._tell(f"malformed reply: {error}"), charged=True)

    def _hide_key(self, text: str) -> str:
        """What the server says, without the key, should it quote it."""
        return text if self._key == NO_KEY else text.replace(self._key, "[key]")

    def _tell(self, message: str) -> str:
        return shorten(self._hide_key(message))
