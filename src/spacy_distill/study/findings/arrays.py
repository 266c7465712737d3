"""Counts of runs as arrays, and the resamples of articles that all runs share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...corpus.bootstrap import Floats, draw_weights, prf_array
from .results import Result

SEED = 0


@dataclass(frozen=True)
class Counted:
    """Span counts of the runs of one arm on one corpus.

    articles (tuple[str, ...]): The articles, in the order of the corpus.
    labels (tuple[str, ...]): The labels, sorted.
    seeds (tuple[int, ...]): The seeds of the runs.
    table (NDArray): Seeds × articles × labels × (tp, fp, fn).
    """

    articles: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: tuple[int, ...]
    table: Floats

    @cached_property
    def sums(self) -> Floats:
        """Counts of whole corpora: seeds × labels × 3."""
        return np.asarray(self.table.sum(axis=1))


def count_runs(results: Sequence[Result], name: str = "test", kind: str = "last", width: int = 3) -> Counted:
    """Collect the counts of runs.

    results (Sequence[Result]): Runs that differ by their seed alone, at least one.
    name (str): The corpus.
    kind (str): Which counts: "last", "last_seen", "best", …
    width (int): How many numbers of this kind there are a label.
    RETURNS (Counted): The counts.
    RAISES (ValueError): If the runs were not scored on the same articles.
    """
    by_run = [result.by_article(name, kind) for result in results]
    articles = tuple(by_run[0])
    every = sorted({label for rows in by_run for row in rows.values() for label in row})
    table = np.zeros((len(results), len(articles), len(every), width))
    for rows, target, result in zip(by_run, table, results, strict=True):
        if tuple(rows) != articles:
            raise ValueError(
                f"{result.run} was scored on other articles of {name!r} than {results[0].run}. "
                "Run the study again: what was scored on another corpus is done anew."
            )
        for row, cells in zip(rows.values(), target, strict=True):
            for label, numbers in row.items():
                cells[every.index(label)] = numbers
    return Counted(articles, tuple(every), tuple(result.run.seed for result in results), table)


@dataclass(frozen=True)
class Resampler:
    """Draws articles with replacement, the same for everything that has the same articles.

    resamples (int): How many draws.
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
