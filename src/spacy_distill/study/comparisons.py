"""What arms are worth beside each other: differences, learning curves, gold sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..corpus.scores import LEVEL, Floats
from .config import ANY, Arm, StudyConfig, arms_of
from .results import StudyResults
from .statistics import (
    ArmCounts,
    Difference,
    Resampler,
    count_runs,
    difference,
    holm,
    micro_prf,
    resample,
    verdict,
)


def matched(arms: Sequence[Arm], study: StudyConfig) -> Iterator[tuple[Arm, Arm]]:
    """Pairs of arms to compare: of the same student and the same number of gold documents.

    Both have equal steps or both equal gold, never one this and one that; the baseline has both.

    YIELDS: The two arms, each pair once.
    """
    seen = set()
    for first, second in study.declared():
        for a in arms:
            for b in arms:
                same = (a.student, a.gold_size) == (b.student, b.gold_size)
                same &= a.hold == b.hold or study.baseline in (a.regimen, b.regimen)
                fits = first in (ANY, a.name) and second == b.name and a != b
                if same and fits and (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b


def compare_all(found: StudyResults, resampler: Resampler) -> list[dict[str, Any]]:
    """Carry out every declared comparison on every test corpus.

    Comparisons at equal steps on one corpus are a family, those at equal gold are another; p values are
    corrected within their family. It is that of the plan: comparisons whose runs are still to come count too.

    found: the study.
    resampler: Draws the articles.
    RETURNS: The comparisons: see `Difference`; with "first" and "second" (arms),
        "set", "hold", "p", "p_holm", "family" (its planned size) and "verdict".
    """
    rows: list[dict[str, Any]] = []
    planned = list(matched(arms_of(found.runs), found.study))
    for name in found.test_sets:
        counted = {
            arm: count_runs(results, name)
            for arm, results in found.by_arm.items()
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
            rows += _family(known, len(family), name, hold)
    return rows


def _holds(pair: tuple[Arm, Arm]) -> tuple[str, str]:
    return pair[0].hold, pair[1].hold


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


ROUNDING = 1e-12


def worth(
    counted: Mapping[Arm, ArmCounts], sizes: Mapping[Arm, float], baseline: str, resampler: Resampler
) -> list[dict[str, Any]]:
    """For each arm: how many gold documents alone would give the same F1.

    The curve of the baseline (gold alone) is made non-decreasing and read backwards, linear in the logarithm
    of the number of documents. Each resample of the articles gives a curve and a score of its own.

    counted: Counts of all arms on one corpus.
    sizes: Number of gold documents that each was trained on; 0 if it saw none.
    baseline: Name of the arm that is the curve.
    resampler: Draws the articles.
    RETURNS: By arm: "arm", "gold" (documents it had), "equals", "low", "high" (gold
        documents alone), "first", "last" (ends of the curve: a value there means "or fewer", "or more").
        Empty without at least two sizes of the baseline.
    """
    rows = []
    scores = {arm: _scores(counts, resampler) for arm, counts in counted.items()}
    for student in dict.fromkeys(arm.student for arm in counted):
        points = sorted(
            (sizes[arm], arm)
            for arm in counted
            if (arm.student, arm.name) == (student, baseline) and sizes[arm]
        )
        if len(points) < 2:
            continue
        x = np.array([size for size, _ in points], dtype=float)
        curve = np.stack([scores[arm] for _, arm in points], axis=1)
        for arm in counted:
            if arm.student == student and arm.name != baseline:
                equals = np.array([invert(x, y, f) for y, f in zip(curve, scores[arm], strict=True)])
                low, high = np.quantile(equals[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
                rows.append(
                    {
                        "arm": arm.record(),
                        "gold": sizes[arm],
                        "equals": float(equals[0]),
                        "low": float(low),
                        "high": float(high),
                        "first": float(x[0]),
                        "last": float(x[-1]),
                    }
                )
    return rows


def invert(sizes: Floats, scores: Floats, score: float) -> float:
    """The size at which a learning curve reaches a score; its ends where the score lies beyond.

    sizes: Numbers of documents, ascending.
    scores: The score at each; made non-decreasing first.
    score: The score to reach.
    RETURNS: The number of documents.
    """
    # Loaded here: most studies have no curve, and this takes longer to load than all else of a report.
    from scipy.optimize import isotonic_regression

    rising = np.asarray(isotonic_regression(scores).x)
    if score > rising[-1] + ROUNDING:
        return float(sizes[-1])
    # A curve that ends flat reaches its last score where the flat part begins.
    reached = int(np.argmax(rising >= rising[-1] - ROUNDING)) + 1
    place = np.interp(score, rising[:reached], np.log(sizes[:reached]))
    return float(np.clip(np.exp(place), sizes[0], sizes[-1]))


def _scores(counted: ArmCounts, resampler: Resampler) -> Floats:
    """Mean micro F1 over the seeds: first as observed, then in each resample."""
    observed = micro_prf(counted.sums)[:, 2].mean()
    samples = micro_prf(resample(counted, resampler))[..., 2].mean(axis=1)
    return np.concatenate([[observed], samples])
