"""How sure votes are: the chance that an item is right, learned from its share of the votes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression

from ..errors import DistillError
from ..tasks.annotation import Annotation, Item

# Bins of a reliability diagram, of equal width.
BINS = 10
# From how many items chances can be learned: with fewer they are rough.
ENOUGH = 100
# Imagined items at each share: as many right ones as the share says. They keep a chance off 0 and 1. Where
# shares are many, as many as at BINS shares are divided among them: else they would outnumber the items.
PRIOR = 2.0


class Rated(NamedTuple):
    """An item with its share of the votes, or another score in [0, 1], and whether gold has it."""

    score: float
    right: bool


def rate(gold: Annotation, shares: Mapping[Item, float]) -> list[Rated]:
    """Items with their shares of the votes, and whether gold has them; not where gold is missing."""
    known = ((item, share) for item, share in shares.items() if not gold.touches_missing(item))
    return [Rated(share, item in gold.items) for item, share in known]


class Bin(NamedTuple):
    """A bar of a reliability diagram.

    items: how many items have a score in it.
    score: their mean score.
    right: the share of them that is right.
    """

    items: int
    score: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """A function from a share of the votes to a chance, straight between points and never falling.

    shares, chances: its points, shares rising.
    items: from how many items it was learned.
    """

    shares: Sequence[float]
    chances: Sequence[float]
    items: int

    def __call__(self, share: float) -> float:
        """The chance that an item with this share of the votes is right."""
        return float(np.interp(share, self.shares, self.chances))


def calibrate(rated: Iterable[Rated]) -> Calibration:
    """Learn the chance that an item is right from its share of the votes, by isotonic regression.

    Source: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability
    estimates. Each share counts with two imagined items that are right as often as the share says; where
    there are more than ten shares, twenty are divided among them.

    rated: items of documents with gold, at least one.
    RAISES DistillError: if there is none.
    """
    found: dict[float, list[bool]] = {}
    for score, right in rated:
        found.setdefault(round(score, 6), []).append(right)
    if not found:
        raise DistillError("There is no item to learn from: how sure votes are cannot be found out.")
    shares = sorted(found)
    imagined = PRIOR * min(1.0, BINS / len(shares))
    counts = np.array([len(found[share]) + imagined for share in shares])
    rates = np.array([sum(found[share]) + imagined * share for share in shares]) / counts
    chances = isotonic_regression(rates, weights=counts).x
    return Calibration(shares, [float(chance) for chance in chances], sum(map(len, found.values())))


def reliability(rated: Iterable[Rated]) -> list[Bin]:
    """The bars of a reliability diagram, from low scores to high ones; empty ones are left out."""
    bins: dict[int, list[Rated]] = {}
    for one in rated:
        bins.setdefault(min(int(one.score * BINS), BINS - 1), []).append(one)
    return [
        Bin(len(some), sum(one.score for one in some) / len(some), sum(one.right for one in some) / len(some))
        for _, some in sorted(bins.items())
    ]


@dataclass(frozen=True)
class Reliability:
    """How far scores can be believed.

    error: the expected calibration error, in [0, 1].
    bars: a reliability diagram.
    """

    error: float
    bars: list[Bin]


def calibration_error(rated: Sequence[Rated]) -> float | None:
    """The expected calibration error (ECE): how far scores are from the share that is right, in [0, 1].

    Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian
    binning; ten bins of equal width.

    RETURNS: None without items.
    """
    bars = reliability(rated)
    items = sum(bar.items for bar in bars)
    return sum(bar.items * abs(bar.score - bar.right) for bar in bars) / items if items else None
