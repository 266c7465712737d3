"""What to ask a model, how, and where: the endpoint and its key."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import DistillError
from .budget import Prices
from .endpoints import check_endpoint, check_variable
from .errors import LONGEST_WAIT
from .ledger.keys import Message, answer_key, user_message

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
    prices: Prices | None = None
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

    def messages(self, prompt: str) -> list[Message]:
        """The messages of a first request."""
        return user_message(prompt)

    def key(self, messages: list[Message], sample: int) -> str:
        """The ledger's key of an answer."""
        return answer_key(self.endpoint, self.name, messages, self.request, sample)
