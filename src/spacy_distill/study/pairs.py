"""Which arms are compared, what they are called, and in what the two of a comparison differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .config import ANY, Arm, StudyConfig

# Two shares that differ by less are the same: steps and batches are whole numbers.
ROUNDING = 0.02
# Points at which two courses of the share are compared.
POINTS = 100


def matched(arms: Sequence[Arm], study: StudyConfig) -> Iterator[tuple[Arm, Arm]]:
    """Pairs of arms to compare: of the same student and the same number of gold documents.

    Both have equal steps or both equal gold, never one this and one that; the baseline has both. Of several
    arms with the second name those are taken that have the same number of steps and learning rate, or, where
    none has both, as much of it as there is.

    YIELDS: the two arms, each pair once.
    """
    seen = set()
    for first, second in study.declared():
        for a in (arm for arm in arms if first in (ANY, arm.name) and second != arm.name):
            others = {b: _unlike(a, b) for b in arms if b.name == second and _comparable(a, b, study)}
            for b in (b for b, unlike in others.items() if unlike == min(others.values())):
                if (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b


def arm_labels(arms: Iterable[Arm]) -> dict[Arm, str]:
    """What to call arms beside each other: their names, with steps and learning rate where those vary."""
    arms = list(dict.fromkeys(arms))
    several = {axis: len({getattr(arm, axis) for arm in arms}) > 1 for axis in ("max_steps", "learn_rate")}

    def label(arm: Arm) -> str:
        steps = f"{arm.max_steps:,} steps" if several["max_steps"] else ""
        rate = f"rate {arm.learn_rate:g}" if several["learn_rate"] and arm.learn_rate else ""
        return ", ".join(filter(None, (arm.name, steps, rate)))

    return {arm: label(arm) for arm in arms}


def _comparable(a: Arm, b: Arm, study: StudyConfig) -> bool:
    same = (a.student, a.gold_size) == (b.student, b.gold_size)
    return same and (a.hold == b.hold or study.baseline in (a.regimen, b.regimen))


def _unlike(a: Arm, b: Arm) -> int:
    return (a.max_steps != b.max_steps) + (a.learn_rate != b.learn_rate)


@dataclass(frozen=True)
class ArmFacts:
    """How an arm trains, as far as arms can differ in it.

    steps: its number of steps.
    shares: the share of distilled examples over the run, in steps of equal length.
    gold: share of gold in all examples.
    labels: whose distilled labels it sees; empty if none.
    rate: its learning rate, in words.
    passes: passes over gold and over all distilled documents; empty if they are not known.
    """

    steps: int
    shares: Sequence[float]
    gold: float
    labels: str
    rate: str
    passes: Mapping[str, float]

    @property
    def mixes(self) -> bool:
        """Whether it sees both gold and distilled examples, so that they have an order."""
        return ROUNDING < self.gold < 1 - ROUNDING

    def course(self) -> list[float]:
        """The share at points that do not depend on the number of steps; one value where it never changes."""
        if max(self.shares) - min(self.shares) < ROUNDING:
            return [0.0]
        return [self.shares[i * len(self.shares) // POINTS] for i in range(POINTS)]


def rate_of(arm: Arm) -> str:
    """The learning rate of an arm in words: shape, and height where the study sets it."""
    shape = "as the student's config says" if arm.rate == "student" else arm.rate
    return f"{shape}, {arm.learn_rate:g}" if arm.learn_rate else shape


def differences(first: ArmFacts, second: ArmFacts) -> list[dict[str, Any]]:
    """Everything in which two arms differ.

    The order of gold and distilled examples is one thing, their ratio another. Passes follow from the share
    of gold and the steps, and labels are one more thing only where both arms see some.

    RETURNS: each with "what", "first" and "second" (values, in words), and "own": whether it is a difference
        of its own, or follows from the others.
    """
    found = []

    def add(what: str, one: str, other: str, *, own: bool = True) -> None:
        if one != other:
            found.append({"what": what, "first": one, "second": other, "own": own})

    if abs(first.gold - second.gold) >= ROUNDING:
        add("share of gold", f"{first.gold:.0%}", f"{second.gold:.0%}")
    if first.mixes and second.mixes and not _same_course(first, second):
        found.append({"what": "order of gold and distilled", "first": "", "second": "", "own": True})
    add("steps", f"{first.steps:,}", f"{second.steps:,}")
    add("learning rate", first.rate, second.rate)
    add("labels", first.labels or "none", second.labels or "none", own=bool(first.labels and second.labels))
    for source in dict.fromkeys([*first.passes, *second.passes]):
        one, other = (arm.passes.get(source, 0.0) for arm in (first, second))
        if abs(one - other) >= ROUNDING * max(one, other):
            add(f"passes over {source}", f"{one:.1f}", f"{other:.1f}", own=False)
    return found


def _same_course(first: ArmFacts, second: ArmFacts) -> bool:
    one, other = first.course(), second.course()
    # Thinned curves may have a jump one point earlier or later.
    far = [abs(a - b) >= ROUNDING for a, b in zip(one, other, strict=False)]
    return len(one) == len(other) and sum(far) <= 1


def is_confounded(differing: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two arms differ in more than one thing, so that no result says which of them it comes from."""
    return len([difference for difference in differing if difference["own"]]) > 1


def difference_text(differing: Sequence[Mapping[str, Any]]) -> str:
    """The differences of two arms in words."""
    return "; ".join(
        f"{each['what']} {each['first']} / {each['second']}" if each["first"] else str(each["what"])
        for each in differing
    )
