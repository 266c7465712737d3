"""Phases of a run, each with its own share: read from a config and chained into one schedule."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import Any, NamedTuple

from ..values import Share, is_fraction, is_number, refusal

ShareSchedule = Iterator[Share]


class Phase(NamedTuple):
    """A stretch of a run.

    steps (int): How many steps it lasts.
    shares (Iterator[Optional[float]]): Its share at each of them.
    """

    steps: int
    shares: ShareSchedule


def run_phases(phases: Sequence[Phase]) -> ShareSchedule:
    """Chain phases; the last one goes on, since training makes one update more than `max_steps`.

    phases (Sequence[Phase]): The phases.
    YIELDS (Optional[float]): The shares.
    RAISES (ConfigValidationError): If a schedule ends before its phase: those after it would come too early.
    """
    for number, phase in enumerate(phases[:-1], 1):
        given = 0
        for share in islice(phase.shares, phase.steps):
            given += 1
            yield share
        if given < phase.steps:
            raise refusal(
                f"Phase {number}: its schedule ends after {given} values, but the phase lasts {phase.steps} "
                "steps. Change its share, or make the phase shorter."
            )
    yield from phases[-1].shares


def first_step_at(fraction: float, total_steps: int) -> int:
    """The first step with step / total_steps >= fraction, whatever the rounding of the fraction."""
    return math.ceil(fraction * total_steps - 1e-9)


def read_phases(sections: Sequence[Mapping[str, Any]], total_steps: int) -> list[Phase]:
    """Check the sections of a `phases` block and measure them.

    sections (Sequence[Mapping]): Each with "share" and either "fraction" or "steps".
    total_steps (int): Number of training steps.
    RETURNS (list[Phase]): The phases.
    RAISES (ConfigValidationError): If a section is not of that form, or together they are not the whole run.
    """
    if not sections:
        raise refusal(
            "spacy_distill.phases.v1 needs at least one phase: add a section [….share.*.first] with "
            "fraction (or steps) and share."
        )
    lengths = [_length(i, section, total_steps) for i, section in enumerate(sections, 1)]
    if not math.isclose(sum(lengths), total_steps, abs_tol=1e-6 * total_steps):
        raise refusal(
            f"The phases last {sum(lengths):g} steps together, but the run has {total_steps}. "
            "Change their fractions so that they add up to 1, or their steps to total_steps."
        )
    ends = [first_step_at(sum(lengths[: i + 1]) / total_steps, total_steps) for i in range(len(lengths))]
    starts = [0, *ends]
    return [
        Phase(end - start, _shares(i, section))
        for i, (start, end, section) in enumerate(zip(starts, ends, sections, strict=False), 1)
    ]


def _length(number: int, section: Mapping[str, Any], total_steps: int) -> float:
    if not isinstance(section, Mapping) or set(section) - {"fraction", "steps", "share"}:
        raise refusal(
            f"Phase {number} is {section!r}. Each phase is a section with share and either fraction or steps."
        )
    if "share" not in section or ("fraction" in section) == ("steps" in section):
        raise refusal(
            f"Phase {number} has {', '.join(sorted(section)) or 'nothing'}, but needs share and exactly one "
            "of fraction and steps."
        )
    if "fraction" in section:
        if not is_fraction(section["fraction"]):
            raise refusal(
                f"Phase {number}: fraction is {section['fraction']!r}, but must be a number from 0 to 1."
            )
        return float(section["fraction"]) * total_steps
    steps = section["steps"]
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise refusal(f"Phase {number}: steps is {steps!r}, but must be a whole number, 0 or more.")
    return float(steps)


def _shares(number: int, section: Mapping[str, Any]) -> ShareSchedule:
    share = section["share"]
    if share is None or is_fraction(share):
        return repeat(share)
    if is_number(share) or not isinstance(share, Iterable) or isinstance(share, str | Mapping):
        raise refusal(
            f"Phase {number}: share is {share!r}, but must be a number from 0 to 1, null for a share in "
            "proportion to the documents, or a section with @schedules."
        )
    return iter(share)
