"""The regimens: schedules of the share of distilled examples, one value a step.

All take `total_steps`, the number of training steps, and give the rest a default, so that one override
chooses among them. t is step / total_steps. None as a share stands for "in proportion to the documents"."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice, repeat
from typing import Any

from confection import ConfigValidationError

from ..errors import Share, check_fraction, check_positive, check_steps, is_fraction, is_number, refusal

ShareSchedule = Iterator[Share]
SHARE_LINE = ("corpora", "train", "share")


def draw_shares(share: object, max_steps: int) -> list[Share]:
    """Draw the share of every step from a schedule. What a schedule raises is passed on.

    share: a schedule, a number that holds at every step, or None.
    max_steps: the `max_steps` of training, which makes one update more.
    RETURNS: `max_steps + 1` shares.
    RAISES ConfigValidationError: if a share is NaN or outside [0, 1], or the schedule ends too early.
    """
    if share is None or is_number(share):
        drawn: list[Share] = [share] * (max_steps + 1)  # type: ignore[list-item]
    elif isinstance(share, Iterable) and not isinstance(share, str | dict):
        drawn = list(islice(share, max_steps + 1))
    else:
        raise _unusable(f"{share!r} is neither a schedule nor a number.")
    for step, value in enumerate(drawn):
        if value is not None and not is_fraction(value):
            raise _unusable(f"the share at step {step} is {value!r}, but must be a number from 0 to 1.")
    if len(drawn) <= max_steps:
        raise _unusable(
            f"the schedule ends after {len(drawn)} values, but training makes {max_steps + 1} updates "
            "(max_steps and one more)."
        )
    return [None if value is None else float(value) for value in drawn]


def fill_shares(drawn: Iterable[Share], distilled: int, gold: int) -> list[float]:
    """Put a number in for "in proportion to the documents".

    drawn: shares as a schedule gives them.
    distilled, gold: number of documents.
    """
    proportion = distilled / (distilled + gold) if distilled + gold else 0.0
    return [proportion if value is None else value for value in drawn]


def _unusable(message: str) -> ConfigValidationError:
    return refusal(message, SHARE_LINE, "The share of distilled examples cannot be used")


def make_distilled(total_steps: int) -> ShareSchedule:
    """Distilled examples only: the share is 1 at every step."""
    return make_constant(total_steps, 1.0)


def make_gold(total_steps: int) -> ShareSchedule:
    """Gold examples only: the share is 0 at every step."""
    return make_constant(total_steps, 0.0)


def make_pooled(total_steps: int) -> ShareSchedule:
    """Both sources as one pool: the share is that of the distilled documents among all documents."""
    check_steps(total_steps)
    return repeat(None)


def make_constant(total_steps: int, share: float = 0.5) -> ShareSchedule:
    """The same share at every step: both sources from the first step to the last, without an order.

    share: share of distilled examples, in [0, 1].
    """
    check_steps(total_steps)
    check_fraction("share", share)
    return repeat(float(share))


def make_simple_mix(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Distilled examples first, then gold ones: 1 while t < switch, then 0.

    switch: fraction of the run at which gold takes over, in [0, 1].
    """
    return _two_phases(total_steps, switch, 1.0, 0.0)


def make_simple_mix_union(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Distilled examples first, then both as one pool: 1 while t < switch, then in proportion to documents.

    switch: fraction of the run at which gold joins, in [0, 1].
    """
    return _two_phases(total_steps, switch, 1.0, None)


def make_gold_first(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Gold examples first, then distilled ones: 0 while t < switch, then 1 (the control of simple_mix).

    switch: fraction of the run at which distilled examples take over, in [0, 1].
    """
    return _two_phases(total_steps, switch, 0.0, 1.0)


def make_linear(total_steps: int, start: float = 1.0, end: float = 0.0) -> ShareSchedule:
    """A straight line: end + (start - end) (1 - t).

    start, end: share at the first step and at the end, in [0, 1].
    """
    return _decay(total_steps, start, end, lambda t: 1.0 - t)


def make_cosine(total_steps: int, start: float = 1.0, end: float = 0.0) -> ShareSchedule:
    """Half a cosine wave: end + (start - end) (1 + cos(pi t)) / 2.

    start, end: share at the first step and at the end, in [0, 1].
    """
    return _decay(total_steps, start, end, lambda t: (1.0 + math.cos(math.pi * t)) / 2.0)


def make_sigmoid(
    total_steps: int, start: float = 1.0, end: float = 0.0, steepness: float = 10.0, midpoint: float = 0.5
) -> ShareSchedule:
    """A logistic curve 1 / (1 + exp(k (t - m))), rescaled so that it runs from `start` to `end` exactly.

    start, end: share at the first step and at the end, in [0, 1].
    steepness: k, above 0: the larger, the more sudden the change.
    midpoint: m, the fraction of the run at which the curve is steepest, in [0, 1].
    """
    check_positive("steepness", steepness)
    check_fraction("midpoint", midpoint)

    def logistic(t: float) -> float:
        # tanh does not overflow, however steep the curve is; the two forms are equal.
        return (1.0 - math.tanh(steepness * (t - midpoint) / 2.0)) / 2.0

    first, last = logistic(0.0), logistic(1.0)
    if first == last:
        raise refusal(f"steepness is {steepness!r}, too small for a curve. Take linear for a straight line.")
    return _decay(total_steps, start, end, lambda t: (logistic(t) - last) / (first - last))


def make_power(
    total_steps: int, start: float = 1.0, end: float = 0.0, exponent: float = 2.0
) -> ShareSchedule:
    """A power of the rest of the run: end + (start - end) (1 - t)^a.

    start, end: share at the first step and at the end, in [0, 1].
    exponent: a, above 0: below 1 the start share is kept long, above 1 it is left early.
    """
    check_positive("exponent", exponent)
    return _decay(total_steps, start, end, lambda t: (1.0 - t) ** exponent)


def make_phases(*phases: dict[str, Any], total_steps: int) -> ShareSchedule:
    """Phases one after the other, each with a share of its own: any curriculum.

    In a config the phases are sections `[….share.*.first]`, `[….share.*.second]`, in this order.

    phases: each has either "fraction" (of the run) or "steps", and "share": a number, null for "in
        proportion to the documents", or a schedule, which starts with its phase (its own total_steps is the
        length of the phase). Together they make up the whole run.
    RAISES ConfigValidationError: if a section is not of that form, or together they are not the whole run.
    """
    check_steps(total_steps)
    if not phases:
        raise refusal(
            "spacy_distill.phases.v1 needs at least one phase: add a section [….share.*.first] with "
            "fraction (or steps) and share."
        )
    lengths = [_length(number, phase, total_steps) for number, phase in enumerate(phases, 1)]
    if not math.isclose(sum(lengths), total_steps, abs_tol=1e-6 * total_steps):
        raise refusal(
            f"The phases last {sum(lengths):g} steps together, but the run has {total_steps}. "
            "Change their fractions so that they add up to 1, or their steps to total_steps."
        )
    ends = [first_step_at(sum(lengths[: i + 1]) / total_steps, total_steps) for i in range(len(lengths))]
    shares = [_shares(number, phase) for number, phase in enumerate(phases, 1)]
    return _chain([(end - start, share) for start, end, share in zip([0, *ends], ends, shares, strict=False)])


def first_step_at(fraction: float, total_steps: int) -> int:
    """The first step with step / total_steps >= fraction, whatever the rounding of the fraction."""
    return math.ceil(fraction * total_steps - 1e-9)


def _chain(phases: Sequence[tuple[int, ShareSchedule]]) -> ShareSchedule:
    """Chain phases; the last one goes on, since training makes one update more than `max_steps`.

    phases: the steps and the shares of each.
    RAISES ConfigValidationError: if a schedule ends before its phase: those after it would come too early.
    """
    for number, (steps, shares) in enumerate(phases[:-1], 1):
        given = 0
        for share in islice(shares, steps):
            given += 1
            yield share
        if given < steps:
            raise refusal(
                f"Phase {number}: its schedule ends after {given} values, but the phase lasts {steps} "
                "steps. Change its share, or make the phase shorter."
            )
    yield from phases[-1][1]


def _length(number: int, phase: Mapping[str, Any], total_steps: int) -> float:
    if not isinstance(phase, Mapping) or set(phase) - {"fraction", "steps", "share"}:
        raise refusal(
            f"Phase {number} is {phase!r}. Each phase is a section with share and either fraction or steps."
        )
    if "share" not in phase or ("fraction" in phase) == ("steps" in phase):
        raise refusal(
            f"Phase {number} has {', '.join(sorted(phase)) or 'nothing'}, but needs share and exactly one "
            "of fraction and steps."
        )
    if "fraction" in phase:
        check_fraction(f"Phase {number}: fraction", phase["fraction"])
        return float(phase["fraction"]) * total_steps
    steps = phase["steps"]
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise refusal(f"Phase {number}: steps is {steps!r}, but must be a whole number, 0 or more.")
    return float(steps)


def _shares(number: int, phase: Mapping[str, Any]) -> ShareSchedule:
    share = phase["share"]
    if share is None or is_fraction(share):
        return repeat(share)
    if is_number(share) or not isinstance(share, Iterable) or isinstance(share, str | Mapping):
        raise refusal(
            f"Phase {number}: share is {share!r}, but must be a number from 0 to 1, null for a share in "
            "proportion to the documents, or a section with @schedules."
        )
    return iter(share)


def _two_phases(total_steps: int, switch: float, first: Share, second: Share) -> ShareSchedule:
    check_steps(total_steps)
    check_fraction("switch", switch)
    end = first_step_at(switch, total_steps)
    return _chain([(end, repeat(first)), (total_steps - end, repeat(second))])


def _decay(total_steps: int, start: float, end: float, falling: Callable[[float], float]) -> ShareSchedule:
    check_steps(total_steps)
    check_fraction("start", start)
    check_fraction("end", end)
    return (_between(start, end, falling(min(step / total_steps, 1.0))) for step in count())


def _between(start: float, end: float, height: float) -> float:
    # Written so that the ends are exact and rounding never leaves [0, 1].
    return start * height + end * (1.0 - height)
