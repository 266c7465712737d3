"""What labels are worth on a whole pool, where gold covers a part of it."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from scipy.stats import t as student_t

from ..errors import DistillError
from ..tasks.annotation import Annotation, Item
from ..tasks.scores import LEVEL, Counts, Interval

# F1 is kept off 0 and 1, where its logarithm of odds has no end.
EDGE = 1e-6
# Fewer articles with gold say too little of how much they differ.
LEAST = 10
# With errors in fewer articles than this, their spread says too little of errors that were not met.
FEW = 10
# Imagined articles that differ from what is expected as if nothing were.
CAUTION = 5

Floats = NDArray[np.float64]


class Expected(NamedTuple):
    """What is expected of a document's labels without gold: how many items are right, wrong and absent."""

    tp: float
    fp: float
    fn: float


@dataclass(frozen=True)
class PoolEstimate:
    """F1 of labels on a whole pool.

    f: the estimate, in [0, 1].
    interval: 95 % of such intervals have the F1 that gold of the whole pool would give.
    plain, plain_interval: from the documents with gold alone.
    documents, gold: documents of the pool, and those of them that have gold.
    worth: how many times as many documents with gold would give a plain interval as narrow.
    """

    f: float
    interval: Interval
    plain: float
    plain_interval: Interval
    documents: int
    gold: int
    worth: float


def expect(labels: Annotation, shares: Mapping[Item, float]) -> Expected:
    """Expect of each item that it is right as often as its share of the votes says.

    labels: the annotation.
    shares: for items of it and others, the share of votes or the confidence, in [0, 1]; an item of the labels
        that is not named counts as right.
    """
    right = sum(shares.get(item, 1.0) for item in labels.items)
    others = (share for item, share in shares.items() if item not in labels.items)
    return Expected(right, len(labels.items) - right, sum(others))


def estimate_f1(
    counts: Mapping[int, Counts],
    expected: Sequence[Expected],
    articles: Sequence[Hashable],
) -> PoolEstimate:
    """F1 on a whole pool, from gold of a part and what is expected of all: prediction-powered inference.

    What is expected of the pool is corrected by how far it is off where gold is known, so that the estimate
    is right whatever the expectations are worth; the better they are, the narrower the interval. The
    documents with gold must be a random sample of the pool.

    Source: Angelopoulos et al. (2023), Prediction-powered inference, with the weight of the expectations as
    in Angelopoulos, Duchi and Zrnic (2023), PPI++; here for a ratio of sums over a finite pool, on the scale
    of log odds, with articles as units and the jackknife for the error. Where fewer than ten articles have an
    error, the interval is no narrower than that of Clopper and Pearson (1934) for as many items.

    counts: true and false positives and false negatives of the documents that have gold, by number.
    expected: what is expected of each document of the pool.
    articles: the article of each document of the pool.
    RAISES DistillError: if gold covers too few articles, or has no item.
    """
    numbers = sorted(counts)
    units = [articles[i] for i in numbers]
    if len(set(units)) < LEAST:
        raise DistillError(
            f"Gold covers {len(set(units))} articles of the pool; an interval needs at least {LEAST}."
        )
    true = np.array([[counts[i].tp, counts[i].fp + counts[i].fn] for i in numbers], dtype=float)
    pool = np.array([[one.tp, one.fp + one.fn] for one in expected], dtype=float)
    number_of = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    sample = _Sample(true, pool[numbers], np.array([number_of[unit] for unit in units]))
    known = 1 - len(numbers) / len(pool)
    inferred = [_odds(part.infer(pool.mean(axis=0))) for part in sample.parts()]
    plain = [_odds(_f1(part.true.mean(axis=0))[0]) for part in sample.parts()]
    f, alone = sample.infer(pool.mean(axis=0)), _f1(true.mean(axis=0))[0]
    error, plain_error = (_jackknife(some) * math.sqrt(max(known, 0.0)) for some in (inferred, plain))
    # A few articles may happen to agree with what is expected: the error is that of some more that do not.
    freedom = len(inferred) - 1
    error = math.sqrt((len(inferred) * error**2 + CAUTION * plain_error**2) / (len(inferred) + CAUTION))
    floor = _few_errors(true, sample.units)
    return PoolEstimate(
        f,
        _widest(f, _interval(f, error, freedom), floor),
        alone,
        _widest(alone, _interval(alone, plain_error, freedom), floor),
        len(pool),
        len(numbers),
        (plain_error / error) ** 2 if error > 0 else 1.0,
    )


class _Sample(NamedTuple):
    """Documents with gold: true and expected numbers of right items and of errors, and their articles."""

    true: Floats
    expected: Floats
    units: NDArray[np.int64]

    def parts(self) -> Iterator["_Sample"]:
        """All documents but those of one article, for each article."""
        for unit in range(self.units.max() + 1):
            rest = self.units != unit
            yield _Sample(self.true[rest], self.expected[rest], self.units[rest])

    def infer(self, pool: Floats) -> float:
        """F1 of a pool, by what is expected of it on average and how far that is off here."""
        slope = _f1(self.true.mean(axis=0))[1]
        true, expected = (_sums(values @ slope, self.units) for values in (self.true, self.expected))
        spread = float(expected @ expected)
        # How much the expectations are trusted: what makes the error smallest.
        trust = float(true @ expected) / spread if spread > 0 else 0.0
        return _f1(np.maximum(self.true.mean(axis=0) + trust * (pool - self.expected.mean(axis=0)), EDGE))[0]


def _f1(mean: Floats) -> tuple[float, Floats]:
    """F1 of the mean numbers of right items and of errors, and its slope by each."""
    right, errors = mean
    total = 2 * right + errors
    if total <= 0:
        raise DistillError("Neither gold nor the labels have an item on the documents with gold.")
    return float(2 * right / total), np.array([2 * errors / total**2, -2 * right / total**2])


def _sums(values: Floats, units: NDArray[np.int64]) -> Floats:
    """The sum of the deviations of each article."""
    return np.bincount(units, weights=values - values.mean()).astype(np.float64)


def _odds(f: float) -> float:
    """The logarithm of the odds."""
    inside = min(max(f, EDGE), 1 - EDGE)
    return math.log(inside / (1 - inside))


def _jackknife(parts: Sequence[float]) -> float:
    """The standard error of an estimate from its values without each article."""
    values = np.array(parts)
    return math.sqrt((len(values) - 1) * float(np.var(values)))


def _few_errors(true: Floats, units: NDArray[np.int64]) -> float | None:
    """How many items were judged, where few articles have an error; else None.

    Errors that come together in an article count as the fewer items, the more of them do.
    """
    right, errors = true.sum(axis=0)
    by_unit = np.bincount(units, weights=true[:, 1]) / 2
    if np.count_nonzero(by_unit) >= FEW:
        return None
    together = float(by_unit @ by_unit) / float(by_unit.sum()) if errors else 1.0
    return float(right + errors / 2) / max(together, 1.0)


def _widest(f: float, interval: Interval, items: float | None) -> Interval:
    """The interval, or where it reaches further the exact one of a share found in so many items."""
    if items is None:
        return interval
    right, tail = f * items, (1 - LEVEL) / 2
    low = float(beta.ppf(tail, right, items - right + 1)) if right > 0 else 0.0
    high = float(beta.ppf(1 - tail, right + 1, items - right)) if right < items else 1.0
    return Interval(min(low, interval.low), max(high, interval.high))


def _interval(f: float, error: float, freedom: int) -> Interval:
    """The borders around F1; the error is one of the logarithm of the odds."""
    width = float(student_t.ppf((1 + LEVEL) / 2, freedom)) * error
    return Interval(*(1 / (1 + math.exp(-x)) for x in (_odds(f) - width, _odds(f) + width)))
