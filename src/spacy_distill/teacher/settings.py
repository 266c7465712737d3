"""What to ask a model, how, and where: the endpoint and its key."""

import ipaddress
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import DistillError
from .budget import CHARACTERS_PER_TOKEN, Forecast, TokenPrices, Usage
from .ledger.entry import Message, PromptJob, Request, answer_key, user_message
from .limits import LONGEST_WAIT
from .responses import NO_KEY, shorten

# Of a request, until the ledger has answers to go by.
COMPLETION_TOKENS = 200.0
SECONDS_PER_ANSWER = 3.0
OWN_FIELDS = ("model", "messages", "n", "stream")


@dataclass(frozen=True)
class ChatSettings:
    """The arguments of `spacy_distill.ChatModel.v1`; `make_chat_model` describes them.

    RAISES DistillError: If one of them is out of its range, or contradicts another.
    """

    name: str
    ledger: Path
    endpoint: str = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = 60.0
    max_tries: int = 6
    samples: int = 1
    reask: int = 0
    request: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0.0})
    prices: TokenPrices | None = None
    allow_http: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", check_endpoint(self.endpoint))
        check_variable(self.api_key_env)
        for name, least in (("concurrency", 1), ("max_tries", 1), ("samples", 1), ("reask", 0)):
            if getattr(self, name) < least:
                raise DistillError(
                    f"ChatModel: {name} is {getattr(self, name)}. It has to be {least} or more."
                )
        for name in ("requests_per_minute", "tokens_per_minute", "timeout"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise DistillError(f"ChatModel: {name} is {value}. It has to be more than 0.")
        own = sorted(set(OWN_FIELDS) & set(self.request))
        if own:
            raise DistillError(
                f"ChatModel: request holds {', '.join(own)}, which the model sets by itself. Remove it; for "
                "several answers a prompt use samples."
            )
        if self.samples > 1 and self.request.get("temperature") == 0:
            raise DistillError(
                f"ChatModel: samples is {self.samples} at temperature 0: the same answer would be paid for "
                'again and again. Set request = {"temperature": 1.0}, or samples = 1.'
            )

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return urlsplit(self.endpoint).netloc

    @property
    def longest(self) -> int | None:
        """The most tokens that an answer can have, if the request says so."""
        for name in ("max_completion_tokens", "max_tokens"):
            value = self.request.get(name)
            if isinstance(value, int):
                return value
        return None

    @property
    def longest_wait(self) -> float:
        """Seconds that it may take until a request is answered or has failed."""
        return 60.0 + self.max_tries * (self.timeout + LONGEST_WAIT)

    def forecast(
        self, requests: int, characters: int, average: tuple[float, float, float | None] | None
    ) -> Forecast:
        """What some requests would take.

        requests, characters: How many, and the length of their messages in all.
        average: Of earlier ones: characters a token, tokens of an answer, seconds; None if there are none.
        """
        guess = (CHARACTERS_PER_TOKEN, min(COMPLETION_TOKENS, self.longest or COMPLETION_TOKENS), None)
        per_token, completion, seconds = average or guess
        tokens = Usage(round(characters / per_token), round(requests * completion))
        times = [requests * (seconds or SECONDS_PER_ANSWER) / self.concurrency]
        for wanted, limit in ((requests, self.requests_per_minute), (tokens.total, self.tokens_per_minute)):
            times.append(60 * wanted / limit if limit else 0.0)
        cost = self.prices.cost(tokens) if self.prices else None
        batch_cost = self.prices.of_batches().cost(tokens) if self.prices else None
        return Forecast(tokens, max(times), cost, batch_cost, measured=average is not None)

    def messages(self, prompt: str) -> list[Message]:
        """The messages of a first request."""
        return user_message(prompt)

    def key(self, messages: list[Message], sample: int) -> str:
        """The ledger's key of an answer."""
        return answer_key(self.endpoint, self.name, messages, self.request, sample)

    def requests(self, jobs: Iterable[PromptJob]) -> Iterator[Request]:
        """The requests that prompts need, one for each sample, whatever the ledger has.

        jobs: The prompts.
        YIELDS: One request.
        """
        for job in jobs:
            messages = self.messages(job.prompt)
            for sample in range(self.samples):
                yield Request(job, self.key(messages, sample), messages, sample)


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint's host is this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_endpoint(endpoint: str) -> str:
    """An endpoint without a slash at its end.

    RAISES DistillError: If it is no http(s) address, or holds a password or key.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DistillError(
            f'ChatModel: endpoint is "{shorten(endpoint)}". Expected the base URL of an OpenAI-compatible '
            'API, for instance "https://api.openai.com/v1" or "http://localhost:8000/v1".'
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise DistillError(
            f"ChatModel: the endpoint of host {parts.hostname} holds a name, password or query. A key may "
            "stand in an environment variable only: name that in api_key_env."
        )
    return endpoint.rstrip("/")


def check_variable(variable: str | None) -> None:
    """Refuse what cannot be the name of an environment variable, such as the key itself, without quoting it.

    RAISES DistillError: If it cannot be one.
    """
    if variable is not None and not variable.isidentifier():
        raise DistillError(
            "ChatModel: api_key_env is not the name of an environment variable. Put the key into a variable "
            "and name that, for instance OPENAI_API_KEY; null if the endpoint needs no key."
        )


def read_key(endpoint: str, variable: str | None, *, allow_http: bool = False) -> str:
    """The API key, read from the environment.

    endpoint: Where it will be sent.
    variable: The environment variable that holds it; None if the endpoint needs none.
    allow_http: Whether it may go over plain http to another machine.
    RETURNS: The key, or a placeholder.
    RAISES DistillError: If there is none and the endpoint is on another machine, or it may not be sent there.
    """
    key = os.environ.get(variable, "").strip() if variable else ""
    if not key:
        if variable and not is_loopback(endpoint):
            raise DistillError(
                f"ChatModel: the environment variable {variable} holds no API key for {endpoint}. Set it, or "
                "name another in api_key_env; api_key_env = null if this endpoint needs no key."
            )
        return NO_KEY
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DistillError(f"ChatModel: the environment variable {variable} does not hold an API key.")
    if urlsplit(endpoint).scheme == "http" and not is_loopback(endpoint) and not allow_http:
        raise DistillError(
            f"ChatModel: the key in {variable} would be sent unencrypted to {endpoint}. Use https, or set "
            "api_key_env = null if the endpoint needs no key, or allow_http = true if you trust the network."
        )
    return key
