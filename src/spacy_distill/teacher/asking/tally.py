"""What a run has done so far, for whoever wants to show it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ..ledger.entry import Entry


@dataclass
class Tally:
    """Counts of a run that is going on.

    total (int | None): How many prompts there are, samples counted singly, if that is known.
    done (int): Prompts that were looked up, asked or had nothing to ask, so far.
    kept (int): Answers that were in the ledger already.
    asked (int): Answers that were got by this run, failed ones included.
    states (Counter[str]): States of the answers that were got by this run.
    requests (int): Requests sent.
    retries (int): Requests that had to be sent again.
    reasked (int): Answers that were asked again since they did not parse.
    awaited (int): Answers that were not asked for since a batch will bring them.
    prompt_tokens, completion_tokens (int): Tokens of this run's answers.
    cost (float): Their price in US dollars.
    in_flight (int): Requests without a reply yet.
    stopped (str | None): Why the run stopped early, if it did.
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
    cost: float = 0.0
    in_flight: int = 0
    stopped: str | None = None
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def count(self, entry: Entry) -> None:
        """Count an answer that was got, or failed to be."""
        self.asked += 1
        self.states[entry.state] += 1
        self.prompt_tokens += entry.prompt_tokens or 0
        self.completion_tokens += entry.completion_tokens or 0

    @property
    def seconds(self) -> float:
        """How long the run has been going on."""
        return self.clock() - self.started

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.asked / self.seconds if self.seconds > 0 else 0.0

    @property
    def fruitless(self) -> bool:
        """Whether the run was stopped without a single answer, old or new."""
        return bool(self.stopped) and not self.kept and self.asked == self.states["failed"]

    @property
    def left(self) -> int | None:
        """Prompts that are still to be done, or None if their number is unknown."""
        return None if self.total is None else self.total - self.done

    @property
    def projected_cost(self) -> float | None:
        """What the run will cost in all, at most and at this rate, or None if that cannot be told."""
        return self.cost * (1 + self.left / self.asked) if self.left is not None and self.asked else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take, at most and at this rate, or None if that cannot be told."""
        return self.left / self.rate if self.left is not None and self.rate else None
