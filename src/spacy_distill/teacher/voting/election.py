"""Vote on spans: which entities of several views hold, which tokens are "O", which are disputed."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Rule = Literal["majority", "union", "intersection", "threshold"]
Disputed = Literal["missing", "O", "majority"]
Place = tuple[int, int, str]  # First token, the token after the last one, label.


class Ballot(NamedTuple):
    """What one view says of a text.

    spans (frozenset[Place]): Its entities; they do not overlap.
    unknown (frozenset[int]): Tokens that it says nothing of.
    """

    spans: frozenset[Place]
    unknown: frozenset[int] = frozenset()


class Verdict(NamedTuple):
    """What the views say together.

    entities (tuple[Place, ...]): In text order, without overlaps.
    missing (frozenset[int]): Tokens that are neither an entity nor "O".
    shares (dict[Place, float]): For every span of any view, the share of the views that hold it, in (0, 1].
    """

    entities: tuple[Place, ...]
    missing: frozenset[int]
    shares: dict[Place, float]


@dataclass(frozen=True)
class Election:
    """How views are combined.

    rule (str): How many views must hold a span: "majority" (more than half of them), "union" (one),
        "intersection" (all) or "threshold" (a number).
    threshold (Optional[int]): That number, for the rule "threshold" alone.
    disputed (str): What becomes of tokens that a view puts into a span that the rule does not choose:
        "missing", "O", or what more than half of the views say of them ("majority"; missing where no
        majority says anything).
    RAISES (ValueError): If the arguments contradict each other.
    """

    rule: Rule = "majority"
    disputed: Disputed = "missing"
    threshold: int | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("rule", self.rule, Rule), ("disputed", self.disputed, Disputed)):
            if value not in get_args(allowed):
                raise ValueError(f"`{name}` is {value!r}. Allowed are {', '.join(get_args(allowed))}.")
        if (self.rule == "threshold") != (self.threshold is not None):
            raise ValueError(
                f"`rule` is {self.rule!r} and `threshold` is {self.threshold}. "
                'The rule "threshold" needs a number of views, and no other rule takes one.'
            )
        if self.threshold is not None and self.threshold < 1:
            raise ValueError(f"`threshold` is {self.threshold}. It is a number of views: give 1 or more.")

    def needed(self, views: int) -> int:
        """How many of some views must hold a span.

        RAISES (ValueError): If a threshold is higher than the number of views.
        """
        if self.threshold is not None and self.threshold > views:
            raise ValueError(f"`threshold` is {self.threshold}, and there are only {views} views to vote.")
        of = {"majority": views // 2 + 1, "union": 1, "intersection": views}
        return of.get(self.rule, self.threshold or 1)

    def hold(self, ballots: Sequence[Ballot | None], length: int) -> Verdict:
        """Vote on the spans of one text.

        A span is an entity if enough views hold just it, with its label; of two such that overlap the one
        with more votes wins, then the longer, then the earlier. A token that no view puts into any other
        span is "O" if as many views say so. A view without a usable answer is asked for its vote all the
        same and gives none.

        ballots (Sequence[Optional[Ballot]]): One for each view; None for a view without a usable answer.
        length (int): Number of tokens.
        RETURNS (Verdict): The entities, the tokens left missing, and the shares of votes.
        """
        cast = [ballot for ballot in ballots if ballot is not None]
        votes = Counter(span for ballot in cast for span in ballot.spans)
        half = len(ballots) // 2 + 1
        chosen = _choose(votes, self.needed(len(ballots)), {})
        if self.disputed == "majority":
            chosen = _choose(votes, half, chosen)
        outside = Counter(i for ballot in cast for i in _outside(ballot, length))
        claimed = {i for start, end, _ in votes for i in range(start, end)}
        # How many views must say "O" of a token, where some view claims it and where none does.
        for_claimed: float = {"missing": math.inf, "O": 0, "majority": half}[self.disputed]
        for_free = self.needed(len(ballots))
        missing = (i for i in range(length) if outside[i] < (for_claimed if i in claimed else for_free))
        return Verdict(
            tuple(sorted(set(chosen.values()))),
            frozenset(missing) - chosen.keys(),
            {span: votes[span] / len(ballots) for span in sorted(votes)},
        )


def _choose(votes: Counter[Place], needed: int, chosen: dict[int, Place]) -> dict[int, Place]:
    """Choose spans with enough votes, none over a token that is taken; by token."""
    enough = [span for span, count in votes.items() if count >= needed]
    for span in sorted(enough, key=lambda s: (-votes[s], s[0] - s[1], s)):
        if not any(i in chosen for i in range(span[0], span[1])):
            chosen.update(dict.fromkeys(range(span[0], span[1]), span))
    return chosen


def _outside(ballot: Ballot, length: int) -> list[int]:
    inside = {i for start, end, _ in ballot.spans for i in range(start, end)}
    return [i for i in range(length) if i not in inside and i not in ballot.unknown]
