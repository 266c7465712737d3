"""What a run may spend, and what it has done so far."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DistillError
from .ledger.claims import Holder
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
            f"ChatModel: prices is {dict(prices)!r:.200}. Expected US dollars per million tokens, for "
            'instance {"input": 2.5, "output": 10.0}; "batch" is the share of it that batches cost (0.5).'
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


@dataclass(frozen=True)
class Forecast:
    """What requests would take, about.

    tokens: tokens of prompts and answers.
    seconds: how long at the set limits.
    cost, batch_cost: US dollars, asked one by one and as batches; None without prices.
    measured: whether the ledger's answers say so; otherwise it is a rule of thumb.
    """

    tokens: Usage
    seconds: float
    cost: float | None
    batch_cost: float | None
    measured: bool


@dataclass(frozen=True)
class Waiting:
    """A wait for an answer that another process is asking for.

    holder: that process.
    since: when the wait began, seconds since the epoch.
    until: when it ends if that process gives no further sign of life.
    number: which of several waits it is.
    """

    holder: str
    since: float
    until: float
    number: int


@dataclass
class RunStatistics:
    """Counts of a run that is going on.

    total: how many prompts there are, samples counted singly, if that is known.
    done: prompts that were looked up, asked or had nothing to ask, so far.
    kept: answers that were in the ledger already.
    asked: answers that were got by this run, failed ones included.
    states: states of the answers that were got by this run.
    requests: requests sent.
    retries: requests that had to be sent again.
    reasked: answers that were asked again since they did not parse.
    awaited: answers that were not asked for since a batch will bring them.
    prompt_tokens, completion_tokens: tokens of this run's answers.
    cost: their price in US dollars; None without prices.
    in_flight: requests without a reply yet.
    waiting: waits for answers that other processes are asking for.
    destination: who is asked, and with what; empty for a model that sends nothing.
    stopped: why the run stopped early, if it did.
    """

    total: int | None = None
    done: int = 0
    kept: int = 0
    asked: int = 0
    states: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    reasked: int = 0
    awaited: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    in_flight: int = 0
    waiting: set[Waiting | None] = field(default_factory=set)
    destination: str = ""
    stopped: str | None = None
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    _waits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def send(self, *, is_retry: bool) -> None:
        """Count a request that is sent."""
        self.requests += 1
        self.retries += is_retry
        self.in_flight += 1

    def count(self, entry: Entry) -> None:
        """Count an answer that was got, or failed to be."""
        self.asked += 1
        self.states[entry.state] += 1
        self.prompt_tokens += entry.prompt_tokens or 0
        self.completion_tokens += entry.completion_tokens or 0

    def wait_for(self, holder: Holder | None, before: Waiting | None) -> Waiting | None:
        """Note that an answer is waited for.

        holder: who is asking for it; None if nobody is any more.
        before: what was noted of this wait before.
        RETURNS: what is noted now.
        """
        self.waiting.discard(before)
        if holder is None:
            return None
        self._waits += before is None
        since, number = (before.since, before.number) if before else (time.time(), self._waits)
        found = Waiting(str(holder), since, holder.until, number)
        self.waiting.add(found)
        return found

    def spend(self, cost: float) -> None:
        """Count what was spent, if there are prices."""
        if self.cost is not None:
            self.cost += cost

    @property
    def seconds(self) -> float:
        """How long the run has been going on."""
        return self.clock() - self.started

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.asked / self.seconds if self.seconds > 0 else 0.0

    @property
    def got_nothing(self) -> bool:
        """Whether the run was stopped without a single answer, old or new."""
        return bool(self.stopped) and not self.kept and self.asked == self.states["failed"]

    @property
    def left(self) -> int | None:
        """Prompts that are still to be done, or None if their number is unknown."""
        return None if self.total is None else self.total - self.done

    @property
    def projected_cost(self) -> float | None:
        """What the run will cost in all, at most and at this rate, or None if that is not known."""
        if self.cost is None or self.left is None or not self.asked:
            return None
        return self.cost * (1 + self.left / self.asked)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take, at most and at this rate, or None if that is not known."""
        return self.left / self.rate if self.left is not None and self.rate else None
