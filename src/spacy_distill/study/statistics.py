"""Counts of runs, resampled articles, and tests between arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from ..errors import DistillError
from ..tasks.scores import CHUNK, LEVEL, Floats, average_precision, draw_weights, interval, prf_array
from .results import ByArticle, RunResult, ranked_rows, sum_rows

SEED = 0


@dataclass(frozen=True)
class ArmCounts:
    """Span counts of the runs of one arm on one corpus.

    articles: the articles, in the order of the corpus.
    labels: the labels, sorted.
    seeds: the seeds of the runs.
    table: seeds × articles × labels × (tp, fp, fn).
    """

    articles: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    table: Floats

    @cached_property
    def sums(self) -> Floats:
        """Counts of whole corpora: seeds × labels × 3."""
        return np.asarray(self.table.sum(axis=1))

    def of_seeds(self, seeds: Sequence[int]) -> "ArmCounts":
        """The counts of some of the seeds."""
        rows = [self.seeds.index(seed) for seed in seeds]
        return replace(self, seeds=tuple(seeds), table=self.table[rows])


def count_runs(results: Sequence[RunResult], name: str, kind: str = "last", width: int = 3) -> ArmCounts:
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


class Resampler:
    """Draws articles with replacement, the same for everything that has the same articles.

    resamples: how many draws.
    """

    def __init__(self, resamples: int) -> None:
        self.resamples = resamples
        self._kept: dict[int, Floats] = {}

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

    def seeds(self, number: int) -> Floats:
        """The weight of each seed in each draw of as many with replacement: resamples × seeds."""
        rng = np.random.default_rng(SEED + 1)
        return rng.multinomial(number, np.full(number, 1 / number), size=self.resamples) / number

    def counts(self, counted: ArmCounts) -> Floats:
        """Counts over each draw: resamples × seeds × labels × 3."""
        return self.sums(counted.table.swapaxes(0, 1))


def micro_prf(counts: Floats) -> Floats:
    """Micro precision, recall and F1 of counts (… × labels × 3): … × 3."""
    return prf_array(counts.sum(axis=-2))


def macro_f(counts: Floats) -> Floats:
    """The mean F1 of the labels that occur (… × labels × 3): …; NaN where none does."""
    return _means(prf_array(counts, np.nan)[..., 2])


# With fewer seeds or articles nothing is claimed: intervals of so few are too narrow.
CLAIM_SEEDS = 10
CLAIM_ARTICLES = 20
ALPHA = 0.05


def estimate(per_seed: Floats, samples: Floats) -> dict[str, float | None]:
    """A score: its mean over seeds, the interval by articles, and the spread over seeds.

    What is not defined, NaN, is left out: a seed that found nothing has no precision, and a resample without
    an entity of a label no recall of it.

    per_seed: the score of each seed.
    samples: the score of each resample of the articles and each seed.
    RETURNS: "mean", "low", "high", and "sd" (None for one seed); all None if no seed has a score.
    """
    per_seed, drawn = _defined(per_seed), _defined(_means(samples))
    if not per_seed.size:
        return dict.fromkeys(("mean", "low", "high", "sd"))
    mean = float(per_seed.mean())
    low, high = interval(drawn) if drawn.size else (mean, mean)
    spread = float(per_seed.std(ddof=1)) if per_seed.size > 1 else None
    return {"mean": mean, "low": low, "high": high, "sd": spread}


def _defined(values: Floats) -> Floats:
    return np.asarray(values[~np.isnan(values)])


def _means(samples: Floats) -> Floats:
    """The mean over what is defined of the last axis; NaN where nothing is."""
    known = ~np.isnan(samples)
    sums = np.where(known, samples, 0.0).sum(axis=-1)
    counts = known.sum(axis=-1)
    result: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return result


def score_arm(counted: ArmCounts, resampler: Resampler) -> dict[str, Any]:
    """All scores of one arm on one corpus.

    RETURNS: "micro" and each of "labels" with "p", "r", "f", and "macro_f": see `estimate`.
    """
    sums, samples = counted.sums, resampler.counts(counted)
    return {
        "micro": score(sums.sum(axis=1), samples.sum(axis=2)),
        "macro_f": estimate(macro_f(sums), macro_f(samples)),
        "labels": {label: score(sums[:, i], samples[:, :, i]) for i, label in enumerate(counted.labels)},
    }


def score_ranked(results: Sequence[RunResult], name: str, resampler: Resampler) -> dict[str, Any]:
    """Average precision of one arm on one corpus, where its labels are decisions with scores.

    results: runs that differ by their seed alone, at least one.
    name: the corpus.
    RETURNS: "labels" and "macro", the mean of the labels that apply to some document: see `estimate`. Empty
        without scores.
    """
    columns = {article: i for i, article in enumerate(sum_rows(results[0].sets[name]))}
    weights = np.concatenate([np.ones((1, len(columns))), resampler.weights(len(columns))])
    by_seed = [_ranked_columns(result, name, columns) for result in results]
    labels = sorted({label for ranked in by_seed for label in ranked})
    if not labels:
        return {}
    values = np.full((len(labels), len(weights), len(results)), np.nan)
    for i, label in enumerate(labels):
        for j, ranked in enumerate(by_seed):
            if label in ranked:
                where, scores, right = ranked[label]
                step = max(1, CHUNK // len(where))
                values[i, :, j] = np.concatenate(
                    [
                        average_precision(scores, right, weights[first : first + step, where])
                        for first in range(0, len(weights), step)
                    ]
                )
    macro = _means(np.moveaxis(values, 0, -1))
    return {
        "labels": {label: estimate(values[i, 0], values[i, 1:]) for i, label in enumerate(labels)},
        "macro": estimate(macro[0], macro[1:]),
    }


def _ranked_columns(
    result: RunResult, name: str, columns: Mapping[str, int]
) -> dict[str, tuple[list[int], Floats, Floats]]:
    """By label each document's article (its number), score, and 1 where the label applies."""
    found: dict[str, tuple[list[int], list[list[float]]]] = {}
    for article, by_label in ranked_rows(result.sets[name]).items():
        for label, scores in by_label.items():
            where, pairs = found.setdefault(label, ([], []))
            where.extend([columns[article]] * len(scores))
            pairs.extend(scores)
    return {label: (where, *np.asarray(pairs, dtype=float).T) for label, (where, pairs) in found.items()}


def score(sums: Floats, samples: Floats) -> dict[str, dict[str, float | None]]:
    """Precision, recall and F1 ("p", "r", "f") of counts: see `estimate`.

    sums: seeds × (tp, fp, fn).
    samples: the same in each resample of the articles.
    """
    per_seed, drawn = prf_array(sums, np.nan), prf_array(samples, np.nan)
    return {key: estimate(per_seed[:, i], drawn[..., i]) for i, key in enumerate("prf")}


def difference(first: ArmCounts, second: ArmCounts, resampler: Resampler) -> dict[str, Any] | None:
    """Micro F1 of one arm minus that of another on the same corpus, paired by seed and by article.

    See `t_test`: one interval and one p value hold for other seeds and other articles alike.

    RETURNS: "seeds", "articles" (their number), "per_seed", "mean", "low", "high", "p" (these three are None
        for a single seed), "seed_share" and "article_share" (of the variance, what more of them would lower;
        what is in both counts in each). None if the arms have no seed in common.
    """
    seeds = [seed for seed in first.seeds if seed in second.seeds]
    if not seeds:
        return None
    a, b = first.of_seeds(seeds), second.of_seeds(seeds)
    per_seed = micro_prf(a.sums)[:, 2] - micro_prf(b.sums)[:, 2]
    samples = (micro_prf(resampler.counts(a)) - micro_prf(resampler.counts(b)))[..., 2]
    low, high, p = t_test(per_seed, samples, len(a.articles))
    mean, each = float(per_seed.mean()), [float(f) for f in per_seed]
    by_seed, by_article, total = variances(per_seed, samples, len(a.articles))
    shares = {"seed_share": by_seed / total, "article_share": by_article / total} if total else {}
    facts = {"seeds": seeds, "articles": len(a.articles), "per_seed": each, "mean": mean}
    return {**facts, "low": low, "high": high, "p": p, **shares}


def t_test(
    per_seed: Floats, samples: Floats, articles: int
) -> tuple[float | None, float | None, float | None]:
    """The interval of a mean difference, and the p value of a mean of 0.

    Two things vary: the seeds (variance of the mean of the differences) and the articles (variance of that
    mean over the resamples). The variances are added; what varies anew for each seed and article is in both
    and counts once. Degrees of freedom are those of Satterthwaite (1946).

    per_seed: the difference of each seed.
    samples: the difference of each seed (columns) in each resample of the articles.
    articles: the number of articles.
    RETURNS: low, high, p; all None for a single seed.
    """
    n, mean = len(per_seed), float(per_seed.mean())
    if n < 2:
        return None, None, None
    by_seed, by_article, variance = variances(per_seed, samples, articles)
    if variance == 0:
        return mean, mean, 1.0 if mean == 0 else 0.0
    freedom = variance**2 / (by_seed**2 / (n - 1) + by_article**2 / max(1, articles - 1))
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * variance**0.5
    return mean - reach, mean + reach, float(2 * stdtr(freedom, -abs(mean) / variance**0.5))


def variances(per_seed: Floats, samples: Floats, articles: int) -> tuple[float, float, float]:
    """Variances of a mean difference by seeds and by articles, and in all, where what is in both counts once.

    It is the part of a single seed's variance over the resamples that the mean over seeds has not.
    """
    n = len(per_seed)
    if n < 2:
        return 0.0, float(samples.var()), float(samples.var())
    # A resample varies a little less than other articles would.
    wider = articles / max(1, articles - 1)
    by_seed = float(per_seed.var(ddof=1)) / n
    by_article = wider * float(samples.mean(axis=1).var())
    in_both = (wider * float(samples.var(axis=0).mean()) - by_article) / (n - 1)
    return by_seed, by_article, max(by_seed + by_article - max(0.0, in_both), by_seed, by_article)


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """p values corrected for their number (Holm 1979): none falls below one that was smaller.

    p_values: the p values that are known.
    family: how many there will be; None: these are all.
    RETURNS: the corrected p values; those still to come are taken for 1.
    """
    size = len(p_values) if family is None else family
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (size - rank) * p_values[i]))
        corrected[i] = highest
    return corrected


def claim(found: Mapping[str, Any], corrected: float) -> str:
    """What may be said: "more", "less", "open" (within noise), or "no claim" (too few seeds or articles)."""
    if len(found["seeds"]) < CLAIM_SEEDS or found["articles"] < CLAIM_ARTICLES:
        return "no claim"
    if corrected >= ALPHA:
        return "open"
    return "more" if found["mean"] > 0 else "less"
