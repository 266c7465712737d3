"""Counts of runs, resampled articles, and tests between arms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from ..corpus.scores import LEVEL, Floats, draw_weights, interval, prf_array
from ..errors import DistillError
from .results import ByArticle, RunResult, sum_rows

SEED = 0


@dataclass(frozen=True)
class ArmCounts:
    """Span counts of the runs of one arm on one corpus.

    articles: The articles, in the order of the corpus.
    labels: The labels, sorted.
    seeds: The seeds of the runs.
    table: Seeds × articles × labels × (tp, fp, fn).
    """

    articles: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    table: Floats

    @cached_property
    def sums(self) -> Floats:
        """Counts of whole corpora: seeds × labels × 3."""
        return np.asarray(self.table.sum(axis=1))


def count_runs(
    results: Sequence[RunResult], name: str = "test", kind: str = "last", width: int = 3
) -> ArmCounts:
    """Collect the counts of the runs of one arm.

    results: runs that differ by their seed alone, at least one.
    name: the corpus.
    kind: which counts: "last", "last_seen", "best", …
    width: how many numbers of this kind there are a label.
    RAISES DistillError: if the runs were not scored on the same articles.
    """
    by_run = [sum_rows(result.sets[name], kind) for result in results]
    for result, rows in zip(results, by_run, strict=True):
        if tuple(rows) != tuple(by_run[0]):
            raise DistillError(
                f"{result.run} was scored on other articles of {name!r} than {results[0].run}. "
                "Run the study again: what was scored on another corpus is done anew."
            )
    return count_articles(by_run, [result.run.seed for result in results], width)


def count_articles(by_seed: Sequence[ByArticle], seeds: Sequence[int] = (0,), width: int = 3) -> ArmCounts:
    """Counts of the same articles for several seeds: see `count_runs`."""
    articles = tuple(by_seed[0])
    labels = sorted({label for rows in by_seed for row in rows.values() for label in row})
    table = np.zeros((len(by_seed), len(articles), len(labels), width))
    for rows, target in zip(by_seed, table, strict=True):
        for row, cells in zip(rows.values(), target, strict=True):
            for label, numbers in row.items():
                cells[labels.index(label)] = numbers
    return ArmCounts(articles, tuple(labels), tuple(seeds), table)


@dataclass(frozen=True)
class Resampler:
    """Draws articles with replacement, the same for everything that has the same articles.

    resamples: How many draws.
    """

    resamples: int
    _kept: dict[int, Floats]

    @classmethod
    def of(cls, resamples: int) -> "Resampler":
        """A resampler with nothing drawn yet."""
        return cls(resamples, {})

    def weights(self, articles: int) -> Floats:
        """How often each article is drawn: resamples × articles."""
        if articles not in self._kept:
            rng = np.random.default_rng(SEED)
            self._kept[articles] = np.concatenate(list(draw_weights(articles, self.resamples, rng)))
        return self._kept[articles]

    def sums(self, table: Floats) -> Floats:
        """Sums over each draw of a table of articles × anything: resamples × anything."""
        flat = table.reshape(len(table), -1)
        return (self.weights(len(table)) @ flat).reshape(self.resamples, *table.shape[1:])


def micro_prf(counts: Floats) -> Floats:
    """Micro precision, recall and F1 of counts (… × labels × 3): … × 3."""
    return prf_array(counts.sum(axis=-2))


def macro_f(counts: Floats) -> Floats:
    """The mean F1 of the labels that occur (… × labels × 3): …"""
    occurs = counts.sum(axis=-1) > 0
    f = prf_array(counts)[..., 2]
    return np.asarray((f * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))


# Fewer seeds carry no claim.
CLAIM_SEEDS = 5
ALPHA = 0.05


def estimate(per_seed: Floats, samples: Floats) -> dict[str, Any]:
    """A score: its mean over seeds, the interval by articles, and the spread over seeds.

    per_seed: The score of each seed.
    samples: Its mean over seeds in each resample of the articles.
    RETURNS: "mean", "low", "high", and "sd" (None for one seed).
    """
    low, high = interval(samples)
    spread = float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else None
    return {"mean": float(np.mean(per_seed)), "low": low, "high": high, "sd": spread}


def score_arm(counted: ArmCounts, resampler: Resampler) -> dict[str, Any]:
    """All scores of one arm on one corpus.

    counted: Its counts.
    resampler: Draws the articles.
    RETURNS: "micro" and each of "labels" with "p", "r", "f", and "macro_f": see `estimate`.
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


def resample(counted: ArmCounts, resampler: Resampler) -> Floats:
    """Counts over each draw of articles: resamples × seeds × labels × 3."""
    return resampler.sums(counted.table.swapaxes(0, 1))


def _estimates(per_seed: Floats, samples: Floats) -> dict[str, Any]:
    return {key: estimate(per_seed[:, i], samples[:, i]) for i, key in enumerate("prf")}


@dataclass(frozen=True)
class Difference:
    """Micro F1 of one arm minus that of another, over the seeds that both have.

    seeds: The seeds.
    per_seed: The difference for each.
    mean: Their mean.
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


def difference(first: ArmCounts, second: ArmCounts, resampler: Resampler) -> Difference | None:
    """Compare two arms, paired by seed and by article.

    first, second (ArmCounts): Counts of the arms on the same corpus.
    resampler: Draws the articles.
    RETURNS: First minus second, or None if they have no seed in common.
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

    RETURNS: Low, high, p; all None for fewer than two differences.
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

    p_values: The p values that are known.
    family: How many there will be; None: these are all.
    RETURNS: The corrected p values; those still to come are taken for 1.
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


def _of_seeds(counted: ArmCounts, seeds: Sequence[int]) -> ArmCounts:
    rows = [counted.seeds.index(seed) for seed in seeds]
    return ArmCounts(counted.articles, counted.labels, tuple(seeds), counted.table[rows])
