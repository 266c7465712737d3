"""What a run is expected to take, and what it has done so far."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .budget import Usage
from .ledger.claims import Holder
from .ledger.entry import Entry


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
