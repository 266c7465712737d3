"""Learning curves over the number of gold documents, and what distilled documents are worth in gold ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...corpus.bootstrap import LEVEL, Floats
from ..runs.matrix import Arm
from .arrays import Counted, Resampler, micro_prf
from .statistics import resample

ROUNDING = 1e-12


def worth(
    counted: Mapping[Arm, Counted], sizes: Mapping[Arm, float], baseline: str, resampler: Resampler
) -> list[dict[str, Any]]:
    """For each arm: how many gold documents alone would give the same F1.

    The curve of the baseline (gold alone) is made non-decreasing and read backwards, linear in the logarithm
    of the number of documents. Each resample of the articles gives a curve and a score of its own.

    counted (Mapping[Arm, Counted]): Counts of all arms on one corpus.
    sizes (Mapping[Arm, float]): Number of gold documents that each was trained on; 0 if it saw none.
    baseline (str): Name of the arm that is the curve.
    resampler (Resampler): Draws the articles.
    RETURNS (list[dict[str, Any]]): By arm: "arm", "gold" (documents it had), "equals", "low", "high" (gold
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

    sizes (NDArray): Numbers of documents, ascending.
    scores (NDArray): The score at each; made non-decreasing first.
    score (float): The score to reach.
    RETURNS (float): The number of documents.
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


def _scores(counted: Counted, resampler: Resampler) -> Floats:
    """Mean micro F1 over the seeds: first as observed, then in each resample."""
    observed = micro_prf(counted.sums)[:, 2].mean()
    samples = micro_prf(resample(counted, resampler))[..., 2].mean(axis=1)
    return np.concatenate([[observed], samples])
