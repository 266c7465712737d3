"""How many of a student's errors are its teacher's, and how many of its teacher's it did not repeat."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...corpus.bootstrap import Floats, interval
from .arrays import Resampler, count_runs
from .lineage import Lineage
from .results import HELDOUT, Result

LINEAGE = "lineage"
ALL = "all"


def lineage_of(results: Sequence[Result], resampler: Resampler) -> dict[str, Any]:
    """The lineage of errors of one arm, all its seeds together.

    results (Sequence[Result]): The runs of the arm.
    resampler (Resampler): Draws the articles.
    RETURNS (dict[str, Any]): By label, and under "all": the mean number a seed of each kind of `Lineage`;
        "inherited" (share of the student's errors) and "corrected" (share of the teacher's), each with
        "mean", "low" and "high", or None where there is no error. Empty if there is no held-out part.
    """
    known = [result for result in results if result.has(LINEAGE, HELDOUT)]
    if not known:
        return {}
    counted = count_runs(known, HELDOUT, LINEAGE, width=len(Lineage._fields))
    by_label = counted.table.mean(axis=0)
    tables = {label: by_label[:, i] for i, label in enumerate(counted.labels)}
    tables[ALL] = by_label.sum(axis=1)
    return {label: _shares(table, resampler) for label, table in tables.items()}


def _shares(table: Floats, resampler: Resampler) -> dict[str, Any]:
    total, samples = table.sum(axis=0), resampler.sums(table)
    return {
        **dict(zip(Lineage._fields, map(float, total), strict=True)),
        "inherited": _share(_inherited(total), _inherited(samples)),
        "corrected": _share(_corrected(total), _corrected(samples)),
    }


def _inherited(counts: Floats) -> Floats:
    """Of the student's errors: those that are its teacher's, and all."""
    return np.stack([counts[..., :2].sum(axis=-1), counts[..., :4].sum(axis=-1)])


def _corrected(counts: Floats) -> Floats:
    """Of the teacher's errors: those that the student did not repeat, and all."""
    return np.stack([counts[..., 4:].sum(axis=-1), counts[..., [0, 1, 4, 5]].sum(axis=-1)])


def _share(total: Floats, samples: Floats) -> dict[str, float] | None:
    if not total[1]:
        return None
    mean = float(total[0] / total[1])
    usable = samples[:, samples[1] > 0]
    # Of few resamples none may hold the one article that has an error.
    low, high = interval(usable[0] / usable[1]) if usable.size else (mean, mean)
    return {"mean": mean, "low": low, "high": high}
