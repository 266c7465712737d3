"""What a run may spend: tokens, their prices, and the limits of a run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DistillError
from .ledger.entry import Entry

FIRST_GUESS = 1024
BATCH_PRICE = 0.5
# A token of English text is about four characters long.
CHARACTERS_PER_TOKEN = 4.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request and of its answer."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        """All tokens."""
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """US dollars per million tokens.

    input, output: of prompts, and of answers.
    batch: what the provider's batch interface charges, as a share of that.
    """

    input: float
    output: float
    batch: float = BATCH_PRICE

    def of_batches(self) -> "TokenPrices":
        """The prices of the provider's batch interface."""
        return TokenPrices(self.input * self.batch, self.output * self.batch)

    def cost(self, usage: Usage) -> float:
        """The price of a request in US dollars."""
        return (usage.prompt * self.input + usage.completion * self.output) / 1e6


def read_prices(prices: Mapping[str, Any] | None) -> TokenPrices | None:
    """The prices of a config.

    RAISES DistillError: if they are not `{"input": USD, "output": USD}`, with "batch" if wanted.
    """
    if prices is None:
        return None
    names = {"input", "output"}
    right = names <= set(prices) <= names | {"batch"} and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
        for value in prices.values()
    )
    if not right:
        raise DistillError(
            f"The teacher's value of prices is {dict(prices)!r:.200}. Expected US dollars per million "
            'tokens, for instance {"input": 2.5, "output": 10.0}; "batch" is the share of it that batches '
            "cost (0.5)."
        )
    return TokenPrices(**{name: float(value) for name, value in prices.items()})


def entry_usage(entry: Entry) -> Usage:
    """The tokens of a kept answer: as the server counted them, or else by the length of prompt and answer."""
    asked = sum(len(message["content"]) for message in entry.messages) // CHARACTERS_PER_TOKEN
    answered = len(entry.answer) // CHARACTERS_PER_TOKEN
    return Usage(
        int(asked) if entry.prompt_tokens is None else entry.prompt_tokens,
        int(answered) if entry.completion_tokens is None else entry.completion_tokens,
    )


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, rather too many than too few."""
    return -(-len(text.encode("utf-8")) // 3) + 8


class Budget:
    """What a run may spend: a request reserves the most it may cost, and at its end spends what it did cost.

    prices: needed to limit the cost.
    max_cost: US dollars.
    max_tokens: tokens of prompts and answers.
    longest: the most tokens that an answer can have, if the request limits them. Otherwise
        half as much again as the longest answer so far is reserved.
    """

    def __init__(
        self,
        prices: TokenPrices | None = None,
        *,
        max_cost: float | None = None,
        max_tokens: int | None = None,
        longest: int | None = None,
    ) -> None:
        if max_cost is not None and prices is None:
            raise DistillError(
                "--max-cost needs prices. Set components.llm.model.prices in the config, for instance "
                'prices = {"input": 2.5, "output": 10.0} (US dollars per million tokens).'
            )
        for name, value in (("--max-cost", max_cost), ("--max-tokens", max_tokens)):
            if value is not None and not value >= 0:
                raise DistillError(f"{name} is {value}. It has to be 0 or more.")
        self.prices, self.max_cost, self.max_tokens = prices, max_cost, max_tokens
        self._longest, self._guess, self._factor = longest, FIRST_GUESS, 1.0
        self.cost, self.tokens = 0.0, 0
        self.reserved_cost, self.reserved_tokens, self.reservations = 0.0, 0, 0

    def expect(self, prompt: str) -> Usage:
        """The most that a request is expected to use."""
        tokens = math.ceil(estimate_tokens(prompt) * self._factor)
        return Usage(tokens, self._guess if self._longest is None else self._longest)

    def reserve(self, most: Usage) -> bool:
        """Set aside what a request may use.

        most: the most it may use.
        RETURNS: False if that would exceed a limit; nothing is set aside then.
        """
        cost = self._cost(most)
        too_much = self.max_cost is not None and self.cost + self.reserved_cost + cost > self.max_cost
        too_many = (
            self.max_tokens is not None and self.tokens + self.reserved_tokens + most.total > self.max_tokens
        )
        if too_much or too_many:
            return False
        self._reserve(most, 1)
        return True

    def settle(self, most: Usage, used: Usage | None) -> float:
        """Give back what was reserved, and spend what was used.

        most: what was reserved.
        used: what was used; None for nothing.
        RETURNS: the cost in US dollars; 0 without prices.
        """
        self._reserve(most, -1)
        if used is None:
            return 0.0
        cost = self._cost(used)
        self.cost += cost
        self.tokens += used.total
        return cost

    def learn(self, prompt: str, used: Usage) -> None:
        """Remember what a request used, for reservations to come."""
        self._guess = max(self._guess, used.completion + used.completion // 2)
        self._factor = max(self._factor, used.prompt / estimate_tokens(prompt))

    @property
    def idle(self) -> bool:
        """Whether nothing is reserved, so that waiting will not free anything."""
        return self.reservations == 0

    def explain(self) -> str:
        """Why the run stops."""
        limits = []
        if self.max_cost is not None:
            limits.append(f"--max-cost {self.max_cost:g} (spent {self.cost:.4f} USD)")
        if self.max_tokens is not None:
            limits.append(f"--max-tokens {self.max_tokens} (used {self.tokens})")
        return f"the next request might exceed {' or '.join(limits)}"

    def _cost(self, usage: Usage) -> float:
        return self.prices.cost(usage) if self.prices else 0.0

    def _reserve(self, most: Usage, sign: int) -> None:
        self.reserved_cost += sign * self._cost(most)
        self.reserved_tokens += sign * most.total
        self.reservations += sign
        if self.idle:
            # What adding and taking away of fractions leaves behind.
            self.reserved_cost = 0.0
