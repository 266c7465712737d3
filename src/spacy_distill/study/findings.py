"""The findings of a study: every number of its report."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np

from ..tasks.scores import Floats, interval
from .advice import advise
from .comparisons import compare_all, worth
from .config import HELDOUT, Arm
from .lineage import Lineage
from .results import BEST, LAST, RunResult, StudyResults, sum_rows
from .scoring import CHARACTERS
from .statistics import (
    Resampler,
    count_articles,
    count_runs,
    micro_prf,
    score,
    score_arm,
    score_ranked,
)

LINEAGE = "lineage"
ALL = "all"


def lineage_of(results: Sequence[RunResult], resampler: Resampler) -> dict[str, Any]:
    """The lineage of errors of one arm, all its seeds together.

    results: the runs of the arm.
    resampler: draws the articles.
    RETURNS: by label, and under "all": the mean number a seed of each kind of `Lineage`;
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


def find_all(found: StudyResults) -> dict[str, Any]:
    """Compute all that is to be said of a study.

    found: the study.
    RETURNS: "arms", "comparisons", "worth", "teachers", "advice": see the functions that make them.
    """
    resampler = Resampler(found.study.resamples)
    arms = [arm_findings(arm, results, found, resampler) for arm, results in found.by_arm.items()]
    findings = {
        "arms": arms,
        "comparisons": compare_all(found, resampler),
        "worth": worth(found, resampler),
        "teachers": teacher_findings(found, resampler),
    }
    return {**findings, "advice": [advice._asdict() for advice in advise(found, findings)]}


def arm_findings(
    arm: Arm, results: Sequence[RunResult], found: StudyResults, resampler: Resampler
) -> dict[str, Any]:
    """What is known of one arm.

    RETURNS: "arm", "label", "seeds", "steps", "sets" (scores by corpus, see `score_arm`; with "seen",
        "unseen" and "best"), "per_seed" (micro F1 by seed), "exposures", "lineage", "curve", "seconds".
    """
    sets = {}
    for name in found.test_sets:
        if results[0].has(LAST, name):
            sets[name] = {**score_runs(results, name, resampler), **_apart(results, name, resampler)}
    return {
        "arm": arm.record(),
        "label": found.labels[arm],
        "seeds": [result.run.seed for result in results],
        "steps": results[0].record["steps"],
        "sets": sets,
        "per_seed": {
            r.run.seed: f for r, f in zip(results, _micro(results, found.study.main_set), strict=True)
        },
        "exposures": exposures(results),
        "documents": results[0].blend.get("documents", {}),
        "lineage": lineage_of(results, resampler),
        "curve": mean_curve(results),
        "seconds": fmean(sum(result.record["seconds"].values()) for result in results),
    }


def score_runs(results: Sequence[RunResult], name: str, resampler: Resampler) -> dict[str, Any]:
    """Scores of runs of one arm on one corpus.

    RETURNS: as `score_arm`; and average precision as "ap", of all and of each label, where there are scores.
    """
    scores = score_arm(count_runs(results, name), resampler)
    ranked = score_ranked(results, name, resampler)
    if ranked:
        scores["ap"] = ranked["macro"]
        for label in scores["labels"].keys() & ranked["labels"].keys():
            scores["labels"][label]["ap"] = ranked["labels"][label]
    return scores


def _micro(results: Sequence[RunResult], name: str) -> list[float]:
    return [float(f) for f in micro_prf(count_runs(results, name).sums)[:, 2]]


def _apart(results: Sequence[RunResult], name: str, resampler: Resampler) -> dict[str, Any]:
    """Micro F1 on items seen and unseen in gold, by borders of characters, and of model-best."""
    every, found = count_runs(results, name), {}
    if all(result.has("last_seen", name) for result in results):
        sums, samples = every.sums.sum(axis=1), resampler.counts(every).sum(axis=2)
        seen = count_runs(results, name, "last_seen")
        seen_sums, seen_samples = seen.sums.sum(axis=1), resampler.counts(seen).sum(axis=2)
        found["seen"] = score(seen_sums, seen_samples)["f"]
        found["unseen"] = score(sums - seen_sums, samples - seen_samples)["f"]
    if all(result.has(CHARACTERS, name) for result in results):
        exact = count_runs(results, name, CHARACTERS)
        found["characters"] = score(exact.sums.sum(axis=1), resampler.counts(exact).sum(axis=2))["f"]
    if all(result.has(BEST, name) for result in results):
        best = count_runs(results, name, BEST)
        found["best"] = score(best.sums.sum(axis=1), resampler.counts(best).sum(axis=2))["f"]
    return found


def exposures(results: Sequence[RunResult]) -> dict[str, dict[str, float]]:
    """What training saw of each source, mean over the seeds: examples, words, epochs."""
    known = [result.blend["exposures"] for result in results if result.blend]
    if not known:
        return {}
    return {
        source: {key: fmean(seen[source][key] for seen in known) for key in known[0][source]}
        for source in known[0]
    }


def mean_curve(results: Sequence[RunResult]) -> dict[str, list[Any]]:
    """The share at each step, and dev F1 at each evaluation of each seed."""
    known = [result for result in results if result.blend]
    if not known:
        return {"share": [], "scores": []}
    share = [[point["step"], point["planned"]] for point in known[0].blend["curve"]]
    scores = [[[point["step"], point["score"]] for point in result.blend["scores"]] for result in known]
    return {"share": share, "scores": scores}


def teacher_findings(found: StudyResults, resampler: Resampler) -> dict[str, dict[str, Any]]:
    """How good each teacher's labels are: scores as of an arm, documents, origins and bill."""
    rows = {}
    for name in (
        name for name in dict.fromkeys([*found.study.variants, *found.teachers]) if name in found.teachers
    ):
        rows[name] = {key: value for key, value in found.teachers[name].items() if key != "rows"}
        if found.teachers[name]["rows"]:
            counted = count_articles([sum_rows(found.teachers[name]["rows"])])
            rows[name]["scores"] = score_arm(counted, resampler)
    return rows
