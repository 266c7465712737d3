"""Means over seeds with their intervals, differences between arms, and what may be claimed of them.

Two sources of chance are kept apart: the seeds (initialisation, order, choice of gold) by a t interval over
paired differences, and the choice of test text by a bootstrap over articles, which all seeds share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from ...corpus.bootstrap import LEVEL, Floats, interval, prf_array
from .arrays import Counted, Resampler, macro_f, micro_prf

# Fewer seeds carry no claim.
CLAIM_SEEDS = 5
ALPHA = 0.05


def estimate(per_seed: Floats, samples: Floats) -> dict[str, Any]:
    """A score: its mean over seeds, the interval by articles, and the spread over seeds.

    per_seed (NDArray): The score of each seed.
    samples (NDArray): Its mean over seeds in each resample of the articles.
    RETURNS (dict[str, Any]): "mean", "low", "high", and "sd" (None for one seed).
    """
    low, high = interval(samples)
    spread = float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else None
    return {"mean": float(np.mean(per_seed)), "low": low, "high": high, "sd": spread}


def score_arm(counted: Counted, resampler: Resampler) -> dict[str, Any]:
    """All scores of one arm on one corpus.

    counted (Counted): Its counts.
    resampler (Resampler): Draws the articles.
    RETURNS (dict[str, Any]): "micro" and each of "labels" with "p", "r", "f", and "macro_f": see `estimate`.
    """
    samples = resample(counted, resampler)
    micro, micro_samples = micro_prf(counted.sums), micro_prf(samples).mean(axis=1)
    labels, label_samples = prf_array(counted.sums), prf_array(samples).mean(axis=1)
    return {
        "micro": _estimates(micro, micro_samples),
        "macro_f": estimate(macro_f(counted.sums), macro_f(samples).mean(axis=1)),
        "labels": {
            label: _estimates(labels[:, i], label_samples[:, i]) for i, label in enumerate(counted.labels)
        },
    }


def resample(counted: Counted, resampler: Resampler) -> Floats:
    """Counts over each draw of articles: resamples × seeds × labels × 3."""
    return resampler.sums(counted.table.swapaxes(0, 1))


def _estimates(per_seed: Floats, samples: Floats) -> dict[str, Any]:
    return {key: estimate(per_seed[:, i], samples[:, i]) for i, key in enumerate("prf")}


@dataclass(frozen=True)
class Difference:
    """Micro F1 of one arm minus that of another, over the seeds that both have.

    seeds (tuple[int, ...]): The seeds.
    per_seed (tuple[float, ...]): The difference for each.
    mean (float): Their mean.
    t_low, t_high, t_p: t interval over the seeds, and the p value of no difference; None for one seed.
    low, high, boot_p (float): Interval and p value by the bootstrap over articles.
    """

    seeds: tuple[int, ...]
    per_seed: tuple[float, ...]
    mean: float
    t_low: float | None
    t_high: float | None
    t_p: float | None
    low: float
    high: float
    boot_p: float

    @property
    def p(self) -> float:
        """The larger of the two p values: a difference must hold over seeds and over articles."""
        return max(self.boot_p, 1.0 if self.t_p is None else self.t_p)


def difference(first: Counted, second: Counted, resampler: Resampler) -> Difference | None:
    """Compare two arms, paired by seed and by article.

    first, second (Counted): Counts of the arms on the same corpus.
    resampler (Resampler): Draws the articles.
    RETURNS (Optional[Difference]): First minus second, or None if they have no seed in common.
    """
    seeds = tuple(seed for seed in first.seeds if seed in second.seeds)
    if not seeds:
        return None
    a, b = _of_seeds(first, seeds), _of_seeds(second, seeds)
    per_seed = micro_prf(a.sums)[:, 2] - micro_prf(b.sums)[:, 2]
    samples = (micro_prf(resample(a, resampler)) - micro_prf(resample(b, resampler)))[..., 2].mean(axis=1)
    low, high = interval(samples)
    t_low, t_high, t_p = t_interval(per_seed)
    return Difference(
        seeds,
        tuple(map(float, per_seed)),
        float(per_seed.mean()),
        t_low,
        t_high,
        t_p,
        low,
        high,
        two_sided(samples),
    )


def t_interval(differences: Floats) -> tuple[float | None, float | None, float | None]:
    """The t interval of the mean of paired differences, and the p value of a mean of 0.

    RETURNS (tuple): Low, high, p; all None for fewer than two differences.
    """
    n = len(differences)
    if n < 2:
        return None, None, None
    mean = float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / n**0.5
    if error == 0.0:
        return mean, mean, 1.0 if mean == 0.0 else 0.0
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return mean - reach, mean + reach, float(2 * stdtr(n - 1, -abs(mean) / error))


def two_sided(samples: Floats) -> float:
    """The bootstrap's p value of a difference of 0: twice the share of resamples on the other side.

    The observed data count as one more resample, so that p is never 0 (Davison & Hinkley 1997, 4.2).
    """
    n = len(samples)
    tail = min(int((samples <= 0).sum()), int((samples >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (n + 1))


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """p values corrected for their number (Holm 1979): none falls below one that was smaller.

    p_values (Sequence[float]): The p values that are known.
    family (Optional[int]): How many there will be; None: these are all.
    RETURNS (list[float]): The corrected p values; those still to come are taken for 1.
    """
    size = len(p_values) if family is None else family
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (size - rank) * p_values[i]))
        corrected[i] = highest
    return corrected


def verdict(found: Difference, corrected: float) -> str:
    """What may be said: "more", "less", "open" (within noise), or "no claim" (too few seeds)."""
    if len(found.seeds) < CLAIM_SEEDS:
        return "no claim"
    if corrected >= ALPHA:
        return "open"
    return "more" if found.mean > 0 else "less"


def _of_seeds(counted: Counted, seeds: Sequence[int]) -> Counted:
    rows = [counted.seeds.index(seed) for seed in seeds]
    return Counted(counted.articles, counted.labels, tuple(seeds), counted.table[rows])
