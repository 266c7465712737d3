"""The regimens: the share of distilled examples at each step, as thinc schedules.

A schedule is an iterator of one share a step, from step 0 on; after `total_steps` it keeps its last value.
None stands for "in proportion to the number of documents", which only the reader knows. The factories check
their arguments at once: a generator's body would only run at the first `next`.
"""

import math
from collections.abc import Callable
from itertools import count, repeat
from typing import Any

from ..values import Share, check_fraction, check_positive, check_steps, refusal
from .phases import Phase, ShareSchedule, first_step_at, read_phases, run_phases


def make_distilled(total_steps: int) -> ShareSchedule:
    """Distilled examples only: the share is 1 at every step.

    total_steps (int): Number of training steps.
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    check_steps(total_steps)
    return repeat(1.0)


def make_gold(total_steps: int) -> ShareSchedule:
    """Gold examples only: the share is 0 at every step.

    total_steps (int): Number of training steps.
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    check_steps(total_steps)
    return repeat(0.0)


def make_pooled(total_steps: int) -> ShareSchedule:
    """Both sources as one pool: the share is that of the distilled documents among all documents.

    total_steps (int): Number of training steps.
    RETURNS (Iterator[Optional[float]]): The shares, all None.
    """
    check_steps(total_steps)
    return repeat(None)


def make_simple_mix(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Distilled examples first, then gold ones: 1 while t < switch, then 0, with t = step / total_steps.

    total_steps (int): Number of training steps.
    switch (float): Fraction of the run at which gold takes over, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    return _two_phases(total_steps, switch, 1.0, 0.0)


def make_simple_mix_union(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Distilled examples first, then both as one pool: 1 while t < switch, then in proportion to documents.

    total_steps (int): Number of training steps.
    switch (float): Fraction of the run at which gold joins, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    return _two_phases(total_steps, switch, 1.0, None)


def make_gold_first(total_steps: int, switch: float = 0.5) -> ShareSchedule:
    """Gold examples first, then distilled ones: 0 while t < switch, then 1 (the control of simple_mix).

    total_steps (int): Number of training steps.
    switch (float): Fraction of the run at which distilled examples take over, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    return _two_phases(total_steps, switch, 0.0, 1.0)


def make_linear(total_steps: int, start: float = 1.0, end: float = 0.0) -> ShareSchedule:
    """A straight line from one share to another: end + (start - end) (1 - t).

    total_steps (int): Number of training steps.
    start (float): Share at the first step, in [0, 1].
    end (float): Share at the end, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    return _decay(total_steps, start, end, lambda t: 1.0 - t)


def make_cosine(total_steps: int, start: float = 1.0, end: float = 0.0) -> ShareSchedule:
    """Half a cosine wave from one share to another: end + (start - end) (1 + cos(pi t)) / 2.

    total_steps (int): Number of training steps.
    start (float): Share at the first step, in [0, 1].
    end (float): Share at the end, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    return _decay(total_steps, start, end, lambda t: (1.0 + math.cos(math.pi * t)) / 2.0)


def make_sigmoid(
    total_steps: int, start: float = 1.0, end: float = 0.0, steepness: float = 10.0, midpoint: float = 0.5
) -> ShareSchedule:
    """A logistic curve 1 / (1 + exp(k (t - m))), rescaled so that it runs from `start` to `end` exactly.

    total_steps (int): Number of training steps.
    start (float): Share at the first step, in [0, 1].
    end (float): Share at the end, in [0, 1].
    steepness (float): k, above 0: the larger, the more sudden the change.
    midpoint (float): m, the fraction of the run at which the curve is steepest, in [0, 1].
    RETURNS (Iterator[Optional[float]]): The shares.
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

    total_steps (int): Number of training steps.
    start (float): Share at the first step, in [0, 1].
    end (float): Share at the end, in [0, 1].
    exponent (float): a, above 0: below 1 the start share is kept long, above 1 it is left early.
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    check_positive("exponent", exponent)
    return _decay(total_steps, start, end, lambda t: (1.0 - t) ** exponent)


def make_phases(*phases: dict[str, Any], total_steps: int) -> ShareSchedule:
    """Phases one after the other, each with a share of its own: any curriculum.

    In a config the phases are sections `[….share.*.first]`, `[….share.*.second]`, in this order.

    phases (Dict): Each has either "fraction" (of the run) or "steps", and "share": a number, null for "in
        proportion to the documents", or a schedule, which starts with its phase (its own total_steps is the
        length of the phase). Together they make up the whole run.
    total_steps (int): Number of training steps.
    RETURNS (Iterator[Optional[float]]): The shares.
    """
    check_steps(total_steps)
    return run_phases(read_phases(phases, total_steps))


def _two_phases(total_steps: int, switch: float, first: Share, second: Share) -> ShareSchedule:
    check_steps(total_steps)
    check_fraction("switch", switch)
    end = first_step_at(switch, total_steps)
    return run_phases([Phase(end, repeat(first)), Phase(total_steps - end, repeat(second))])


def _decay(total_steps: int, start: float, end: float, falling: Callable[[float], float]) -> ShareSchedule:
    check_steps(total_steps)
    check_fraction("start", start)
    check_fraction("end", end)
    return (_between(start, end, falling(min(step / total_steps, 1.0))) for step in count())


def _between(start: float, end: float, height: float) -> float:
    # Written so that the ends are exact and rounding never leaves [0, 1].
    return start * height + end * (1.0 - height)
