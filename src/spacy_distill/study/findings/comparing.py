"""The declared comparisons of a study, carried out family by family."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..runs.config import ANY, Study, declared
from ..runs.matrix import Arm, arms_of
from .arrays import Counted, Resampler, count_runs
from .results import HELDOUT, TEST
from .statistics import Difference, difference, holm, verdict
from .summary import Summary


def matched(arms: Sequence[Arm], study: Study) -> Iterator[tuple[Arm, Arm]]:
    """Pairs of arms to compare: of the same student and the same number of gold documents.

    Both have equal steps or both equal gold, never one this and one that; the baseline has both.

    YIELDS (tuple[Arm, Arm]): The two arms, each pair once.
    """
    seen = set()
    for first, second in declared(study):
        for a in arms:
            for b in arms:
                same = (a.student, a.gold_size) == (b.student, b.gold_size)
                same &= a.hold == b.hold or study.baseline in (a.regimen, b.regimen)
                fits = first in (ANY, a.name) and second == b.name and a != b
                if same and fits and (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b


def compare_all(summary: Summary, resampler: Resampler) -> list[dict[str, Any]]:
    """Carry out every declared comparison on every test corpus.

    Comparisons at equal steps on one corpus are a family, those at equal gold are another; p values are
    corrected within their family. It is that of the plan: comparisons whose runs are still to come count too.

    summary (Summary): The study.
    resampler (Resampler): Draws the articles.
    RETURNS (list[dict[str, Any]]): The comparisons: see `Difference`; with "first" and "second" (arms),
        "set", "hold", "p", "p_holm", "family" (its planned size) and "verdict".
    """
    found: list[dict[str, Any]] = []
    planned = list(matched(arms_of(list(summary.runs)), summary.study))
    for name in test_sets(summary):
        counted: Mapping[Arm, Counted] = {
            arm: count_runs(results, name)
            for arm, results in summary.by_arm.items()
            if results[0].has("last", name)
        }
        for hold in ("steps", "gold"):
            family = [pair for pair in planned if ("gold" if "gold" in _holds(pair) else "steps") == hold]
            differences = [
                (a, b, difference(counted[a], counted[b], resampler))
                for a, b in family
                if a in counted and b in counted
            ]
            known = [(a, b, d) for a, b, d in differences if d is not None]
            found += _family(known, len(family), name, hold)
    return found


def _holds(pair: tuple[Arm, Arm]) -> tuple[str, str]:
    return pair[0].hold, pair[1].hold


def test_sets(summary: Summary) -> list[str]:
    """The corpora that students are judged on."""
    return [TEST, *(name for name in summary.study.tests if name != HELDOUT)]


def _family(
    differences: Sequence[tuple[Arm, Arm, Difference]], size: int, name: str, hold: str
) -> Iterator[dict[str, Any]]:
    corrected = holm([found.p for _, _, found in differences], size)
    for (a, b, found), p_holm in zip(differences, corrected, strict=True):
        yield {
            "first": a.record(),
            "second": b.record(),
            "set": name,
            "hold": hold,
            **asdict(found),
            "p": found.p,
            "p_holm": p_holm,
            "family": size,
            "verdict": verdict(found, p_holm),
        }
