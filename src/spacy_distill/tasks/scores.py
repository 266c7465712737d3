"""Strict scores, and their intervals by resampled articles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DistillError


class Counts(NamedTuple):
    """True positives, false positives and false negatives. `a + b` adds them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: object) -> "Counts":
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)


class PRF(NamedTuple):
    """Precision, recall and F1, each in [0, 1]; 0.0 where undefined."""

    p: float
    r: float
    f: float


def prf(counts: Counts) -> PRF:
    """Precision, recall and F1 of counts."""
    p = counts.tp / (counts.tp + counts.fp) if counts.tp else 0.0
    r = counts.tp / (counts.tp + counts.fn) if counts.tp else 0.0
    f = 2 * counts.tp / (2 * counts.tp + counts.fp + counts.fn) if counts.tp else 0.0
    return PRF(p, r, f)


def add_counts(per_doc: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The sum of several documents' counts by label, labels sorted."""
    total: dict[str, Counts] = defaultdict(Counts)
    for counts in per_doc:
        for label, count in counts.items():
            total[label] += count
    return dict(sorted(total.items()))


def micro(counts: Mapping[str, Counts]) -> Counts:
    """The sum of the counts of all labels; `prf` of it is the micro average."""
    return sum(counts.values(), Counts())


def macro_f(counts: Mapping[str, Counts]) -> float:
    """The mean F1 of the labels that occur in gold or in the predictions; 0.0 if none does."""
    values = [prf(count).f for count in counts.values() if any(count)]
    return sum(values) / len(values) if values else 0.0


Floats = NDArray[np.float64]
PerDoc = Sequence[Mapping[str, Counts]]
Articles = Sequence[str | None]

RESAMPLES = 2000
LEVEL = 0.95
# Weights of so many (resample, article) pairs are in memory at a time.
CHUNK = 4_000_000


class Interval(NamedTuple):
    """The borders between which the middle share of the resamples lies."""

    low: float
    high: float


class PRFInterval(NamedTuple):
    """Intervals of precision, recall and F1."""

    p: Interval
    r: Interval
    f: Interval


@dataclass(frozen=True)
class Intervals:
    """Intervals of each label, of the micro average and of macro F1."""

    labels: dict[str, PRFInterval]
    micro: PRFInterval
    macro_f: Interval


def bootstrap_scores(
    per_doc: PerDoc,
    articles: Articles,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Intervals:
    """Percentile intervals of everything in a table of scores.

    per_doc: each document's counts by label (`Task.counts`).
    articles: each document's article; None: the document stands for itself.
    resamples: how many times the articles are drawn, at least 1.
    level: share of the resamples between the borders, in (0, 1).
    seed: seed of the draws.
    RAISES DistillError: if an argument is out of its range or there is nothing to resample.
    """
    labels, sums = resampled_counts(per_doc, articles, resamples=resamples, seed=seed)
    by_label = prf_array(sums)
    return Intervals(
        labels={label: _prf_interval(by_label[:, i], level) for i, label in enumerate(labels)},
        micro=_prf_interval(prf_array(sums.sum(axis=1)), level),
        macro_f=interval(_macro(by_label[..., 2], sums), level),
    )


def interval(samples: Floats, level: float = LEVEL) -> Interval:
    """The percentile interval of a statistic's resamples.

    RAISES DistillError: if the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DistillError(f"The level of an interval must lie between 0 and 1, got {level}.")
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def resampled_counts(
    per_doc: PerDoc, articles: Articles, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[list[str], Floats]:
    """Counts summed over each resample of the articles.

    RETURNS: the labels, and an array of resamples × labels × (tp, fp, fn).
    RAISES DistillError: if there are no documents, the sequences differ in length, or resamples is below 1.
    """
    if resamples < 1:
        raise DistillError(f"The number of resamples must be at least 1, got {resamples}.")
    labels, table = count_table(per_doc, articles)
    flat = table.reshape(len(table), -1)
    draws = draw_weights(len(table), resamples, np.random.default_rng(seed))
    sums = np.concatenate([weights @ flat for weights in draws])
    return labels, sums.reshape(resamples, len(labels), 3)


def count_table(per_doc: PerDoc, articles: Articles) -> tuple[list[str], Floats]:
    """Counts by article.

    RETURNS: the labels, sorted, and an array of articles × labels × (tp, fp, fn).
    RAISES DistillError: if there are no documents or the two sequences differ in length.
    """
    if len(per_doc) != len(articles):
        raise DistillError(
            f"Counts of {len(per_doc)} documents, but articles of {len(articles)}: give one each."
        )
    if not per_doc:
        raise DistillError("There are no documents to resample.")
    labels = sorted({label for counts in per_doc for label in counts})
    column = {label: i for i, label in enumerate(labels)}
    rows: dict[Any, int] = {}
    where = [rows.setdefault(("", i) if name is None else name, len(rows)) for i, name in enumerate(articles)]
    table = np.zeros((len(rows), len(labels), 3))
    for row, counts in zip(where, per_doc, strict=True):
        for label, count in counts.items():
            table[row, column[label]] += count
    return labels, table


def draw_weights(articles: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each article is drawn in each resample, some resamples at a time.

    YIELDS: resamples × articles.
    """
    at_once = max(1, CHUNK // articles)
    for first in range(0, resamples, at_once):
        size = min(at_once, resamples - first)
        drawn = rng.integers(articles, size=(size, articles), dtype=np.int64)
        drawn += np.arange(size)[:, None] * articles
        counted = np.bincount(drawn.ravel(), minlength=size * articles)
        yield counted.reshape(size, articles).astype(np.float64)


def prf_array(counts: Floats, undefined: float = 0.0) -> Floats:
    """Precision, recall and F1 (last axis) of counts (tp, fp, fn on the last axis).

    undefined: what stands where there is nothing to divide by.
    """
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    divisors = np.stack([tp + fp, tp + fn, tp + (fp + fn) / 2], axis=-1)
    out = np.full_like(divisors, undefined)
    result: Floats = np.divide(tp[..., None], divisors, out=out, where=divisors > 0)
    return result


def average_precision(scores: Floats, right: Floats, weights: Floats) -> Floats:
    """Average precision: the mean of the precision at each document that a label applies to.

    Documents are ranked by falling score; those of one score come together.

    scores: of each document, for one label.
    right: 1 where the label applies, else 0.
    weights: how often each document counts: … × documents.
    RETURNS: …, in [0, 1]; NaN where the label applies to no document.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    every = np.cumsum(weights[..., order], axis=-1)[..., ends]
    hits = np.cumsum((weights * right)[..., order], axis=-1)[..., ends]
    precision = np.divide(hits, every, out=np.zeros_like(hits), where=every > 0)
    total = hits[..., -1]
    gained = (np.diff(hits, axis=-1, prepend=0.0) * precision).sum(axis=-1)
    return np.asarray(np.divide(gained, total, out=np.full_like(total, np.nan), where=total > 0))


def _macro(f: Floats, sums: Floats) -> Floats:
    occurs = sums.sum(axis=-1) > 0
    return np.asarray((f * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))


def _prf_interval(samples: Floats, level: float) -> PRFInterval:
    p, r, f = (interval(samples[:, i], level) for i in range(3))
    return PRFInterval(p, r, f)
