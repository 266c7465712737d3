"""How several annotations of a document become one: each item and each place by vote."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from ..errors import DistillError
from .annotation import Annotation, Item, places_of

Rule = Literal["majority", "half", "union", "intersection", "threshold"]
Disputed = Literal["missing", "O", "majority", "first"]

# Sums of weights that differ by less are the same but for rounding.
MORE = 1 + 1e-9
SAMPLE = "/"  # Between the name of a view and the number of a sample: "cot/2".


class VoteResult(NamedTuple):
    """What several annotations say together.

    annotation: items that enough of them have, without overlaps, and the places that stay missing.
    shares: for every item of any of them, the share of the votes that it has, in (0, 1].
    """

    annotation: Annotation
    shares: dict[Item, float]


@dataclass(frozen=True)
class VoteRule:
    """How annotations are combined.

    rule: how many of them must have an item: "majority" (more than half), "half" (half or more), "union"
        (one), "intersection" (all) or "threshold" (a number).
    disputed: what becomes of places of an item that the rule does not choose: "missing", "O", what more than
        half of the annotations say of them ("majority"; missing where no majority says anything), or what the
        first annotation says of them ("first").
    threshold: that number, for the rule "threshold" alone.
    RAISES DistillError: if the arguments contradict each other.
    """

    rule: Rule = "majority"
    disputed: Disputed = "missing"
    threshold: int | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("rule", self.rule, Rule), ("disputed", self.disputed, Disputed)):
            if value not in get_args(allowed):
                raise DistillError(f"`{name}` is {value!r}. Allowed are {', '.join(get_args(allowed))}.")
        if (self.rule == "threshold") != (self.threshold is not None):
            raise DistillError(
                f"`rule` is {self.rule!r} and `threshold` is {self.threshold}. "
                'The rule "threshold" needs a number of views, and no other rule takes one.'
            )
        if self.threshold is not None and self.threshold < 1:
            raise DistillError(f"`threshold` is {self.threshold}. It is a number of views: give 1 or more.")

    def needed(self, votes: float) -> float:
        """How many of all votes an item must have.

        votes: the sum of the annotations' weights; their number, if each weighs 1.
        RAISES DistillError: if a threshold is higher than that.
        """
        if self.threshold is not None and self.threshold > votes:
            raise DistillError(
                f"`threshold` is {self.threshold}, and there are only {votes:g} views to vote."
            )
        half = votes / 2
        of = {
            "majority": half * MORE,
            "half": half / MORE,
            "union": votes * (MORE - 1),
            "intersection": votes / MORE,
        }
        return of.get(self.rule, float(self.threshold or 0))


def combine(
    annotations: Sequence[Annotation], rule: VoteRule, weights: Sequence[float] | None = None
) -> VoteResult:
    """Vote on the items of one document.

    An item is chosen if enough annotations have just it, with its label; of two such that overlap the one
    with more votes wins, then the longer, then the earlier. A place that is in no item of any annotation is
    "O" if as many say so. An annotation that is all missing counts, and votes for nothing. A place of a
    rejected item becomes "O" only where some annotation says so, or all say something.

    annotations: of the same places, at least one.
    rule: how many must agree.
    weights: the votes of each annotation, above 0; None: one each.
    """
    size, weights = annotations[0].size, weights or [1] * len(annotations)
    votes: dict[Item, float] = defaultdict(float)
    outside: dict[int, float] = defaultdict(float)
    for one, weight in zip(annotations, weights, strict=True):
        for item in one.items:
            votes[item] += weight
        for place in one.outside():
            outside[place] += weight
    total = sum(weights)
    needed, half = rule.needed(total), total / 2 * MORE
    chosen = _choose(votes, needed, {})
    if rule.disputed == "majority":
        chosen = _choose(votes, half, chosen)
    claimed = places_of(votes)
    # How many must say "O" of a place, where some annotation has an item and where none does.
    for_claimed: float = {"missing": math.inf, "O": 0.0, "majority": half, "first": 0.0}[rule.disputed]
    missing = {i for i in range(size) if outside[i] < (for_claimed if i in claimed else needed)}
    unsure = frozenset[int]().union(*(one.missing for one in annotations))
    missing |= {i for i in claimed & unsure if not outside[i]}
    if rule.disputed == "first":
        first = annotations[0]
        for item in first.items:
            if not any(i in chosen for i in range(item.start, item.end)):
                chosen.update(dict.fromkeys(range(item.start, item.end), item))
        missing |= {i for i in claimed if i in first.missing}
    return VoteResult(
        Annotation(size, tuple(sorted(set(chosen.values()))), frozenset(missing - chosen.keys())),
        {item: votes[item] / total for item in sorted(votes)},
    )


def _choose(votes: Mapping[Item, float], needed: float, chosen: dict[int, Item]) -> dict[int, Item]:
    """Choose items with enough votes, none over a place that is taken; by place."""
    enough = [item for item, count in votes.items() if count >= needed]
    for item in sorted(enough, key=lambda i: (-votes[i], i.start - i.end, i)):
        if not any(i in chosen for i in range(item.start, item.end)):
            chosen.update(dict.fromkeys(range(item.start, item.end), item))
    return chosen
