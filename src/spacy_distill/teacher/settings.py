"""What to ask a model, how, and where."""

import ipaddress
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import DistillError, shorten
from .budget import CHARACTERS_PER_TOKEN, TokenPrices, Usage
from .limits import LONGEST_WAIT
from .messages import Message, PromptJob, Request, answer_key, user_message
from .run_statistics import Forecast

# Of a request, until the ledger has answers to go by.
COMPLETION_TOKENS = 200.0
SECONDS_PER_ANSWER = 3.0
# Headers and parts of the query that hold no secret. The value of any other one is named by its variable.
PLAIN_HEADERS = frozenset(
    {"accept-language", "anthropic-beta", "anthropic-version", "http-referer", "openai-beta"}
)
PLAIN_HEADERS |= {"referer", "user-agent", "x-title", "x-stainless-raw-response", "content-language"}
PLAIN_QUERY = frozenset({"api-version", "version", "api_version", "model", "region", "deployment"})
OWN_FIELDS = ("model", "messages", "n", "stream")


@dataclass(frozen=True)
class ChatSettings:
    """The arguments of `spacy_distill.ChatModel.v1`; `make_chat_model` describes them.

    RAISES DistillError: if one of them is out of its range, or contradicts another.
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
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    batch_size: int = 50_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", check_endpoint(self.endpoint))
        check_variable(self.api_key_env)
        check_plain("headers", self.headers, PLAIN_HEADERS)
        check_plain("query", self.query, PLAIN_QUERY)
        for name, least in (
            ("concurrency", 1),
            ("max_tries", 1),
            ("samples", 1),
            ("reask", 0),
            ("batch_size", 1),
        ):
            if getattr(self, name) < least:
                raise DistillError(
                    f"The teacher's {name} is {getattr(self, name)}. It has to be {least} or more."
                )
        for name in ("requests_per_minute", "tokens_per_minute", "timeout"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise DistillError(f"The teacher's {name} is {value}. It has to be more than 0.")
        own = sorted(set(OWN_FIELDS) & set(self.request))
        if own:
            raise DistillError(
                f"The teacher's request holds {', '.join(own)}, which the model sets by itself. Remove it; "
                "for several answers a prompt use samples."
            )
        if self.samples > 1 and self.request.get("temperature") == 0:
            raise DistillError(
                f"The teacher's value of samples is {self.samples} at temperature 0: the same answer would "
                'be paid for again and again. Set request = {"temperature": 1.0}, or samples = 1.'
            )

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return urlsplit(self.endpoint).netloc

    @property
    def variables(self) -> list[str]:
        """The environment variables whose values are sent."""
        named = [*self.headers.values(), *self.query.values()]
        found = [self.api_key_env or "", *(value[1:] for value in named if value.startswith("$"))]
        return list(dict.fromkeys(filter(None, found)))

    @property
    def destination(self) -> str:
        """Who is asked, and what is sent there of the environment."""
        keys = ", ".join(self.variables)
        return f"{self.name} at {self.host}, " + (f"with the key in {keys}" if keys else "without a key")

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

        requests, characters: how many, and the length of their messages in all.
        average: of earlier ones: characters a token, tokens of an answer, seconds; None if there are none.
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

        jobs: the prompts.
        YIELDS: one request.
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

    RAISES DistillError: if it is no http(s) address, or holds a password or key.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DistillError(
            f'The teacher\'s endpoint is "{shorten(endpoint)}". Expected the base URL of an OpenAI-'
            'compatible API, for instance "https://api.openai.com/v1" or "http://localhost:8000/v1".'
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise DistillError(
            f"The teacher's endpoint, host {parts.hostname}, holds a name, password or query. A key may "
            "be in an environment variable only: name that in api_key_env."
        )
    return endpoint.rstrip("/")


def check_variable(variable: str | None) -> None:
    """Refuse what cannot be the name of an environment variable, such as the key itself, without quoting it.

    RAISES DistillError: if it cannot be one.
    """
    if variable is not None and not variable.isidentifier():
        raise DistillError(
            "The teacher's api_key_env is not the name of an environment variable. Put the key into a "
            "variable and name that, for instance OPENAI_API_KEY; null if the endpoint needs no key."
        )


def check_plain(what: str, values: Mapping[str, str], plain: frozenset[str]) -> None:
    """Refuse what might be a secret in a config, without quoting it.

    RAISES DistillError: if a value that may be one is not the name of a variable.
    """
    for name, value in values.items():
        if not isinstance(value, str):
            raise DistillError(
                f"The teacher's {what} holds {shorten(name)}, which is no text. Put it in quotes."
            )
        if name.casefold() not in plain and not (value.startswith("$") and value[1:].isidentifier()):
            raise DistillError(
                f"The value of {shorten(name)} in the teacher's {what} may be a secret, and those are in the "
                f"environment only. Put it into a variable and name that: {shorten(name)} = "
                f'"$MY_VARIABLE". Values that may stand here are those of {", ".join(sorted(plain))}.'
            )
