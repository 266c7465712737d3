"""What arms are worth beside each other: differences, learning curves, gold sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..blend.plan import GOLD
from ..tasks.scores import Floats, interval
from .config import Arm, arms_of
from .pairs import ArmFacts, differences, is_confounded, matched, rate_of
from .results import RunResult, StudyResults
from .statistics import (
    ArmCounts,
    Resampler,
    claim,
    count_runs,
    difference,
    holm,
    micro_prf,
)


def compare_all(found: StudyResults, resampler: Resampler) -> list[dict[str, Any]]:
    """Carry out every declared comparison on every test corpus.

    Comparisons at equal steps on one corpus are a family, those at equal gold are another; p values are
    corrected within their family. It is that of the plan: comparisons whose runs are still to come count too.

    RETURNS: the comparisons: see `difference`; with "first" and "second" (arms), "label", "set", "hold",
        "differences" (what the arms differ in: see `differences`), "confounded" (whether that is more than
        one thing), "across_processors" (seeds whose two runs were made on different processors or in
        different precision), "p_holm", "family" (its planned size) and "claim": see `claim`.
    """
    rows: list[dict[str, Any]] = []
    planned = list(matched(arms_of(found.runs), found.study))
    for name in found.test_sets:
        counted = {
            arm: count_runs(results, name)
            for arm, results in found.by_arm.items()
            if results[0].has("last", name)
        }
        for hold in ("steps", "gold"):
            pairs = [(a, b) for a, b in planned if ("gold" in (a.hold, b.hold)) == (hold == "gold")]
            family: list[dict[str, Any]] = []
            for a, b in pairs:
                compared = difference(counted[a], counted[b], resampler) if {a, b} <= set(counted) else None
                if compared is not None:
                    label = f"{found.labels[a]} − {found.labels[b]}"
                    arms = {"first": a.record(), "second": b.record(), "label": label}
                    mixed = _across_processors(found.by_arm[a], found.by_arm[b])
                    differing = differences(*(facts_of(arm, found.by_arm[arm]) for arm in (a, b)))
                    family.append(
                        {
                            **arms,
                            **compared,
                            "set": name,
                            "hold": hold,
                            "differences": differing,
                            "confounded": is_confounded(differing),
                            "across_processors": mixed,
                            "family": len(pairs),
                        }
                    )
            # What is not known cannot be claimed.
            corrected = holm([1.0 if row["p"] is None else row["p"] for row in family], len(pairs))
            for row, p_holm in zip(family, corrected, strict=True):
                row["p_holm"] = None if row["p"] is None else p_holm
                row["claim"] = claim(row, p_holm)
            rows += family
    return rows


def facts_of(arm: Arm, results: Sequence[RunResult]) -> ArmFacts:
    """How an arm was trained, as its first run has it on record."""
    record, blend = results[0].record, results[0].blend
    seen = blend.get("exposures", {})
    drawn = sum(source["examples"] for source in seen.values())
    gold = seen.get(GOLD, {}).get("examples", 0) / drawn if drawn else float(arm.regimen == "gold")
    return ArmFacts(
        steps=record["steps"],
        shares=[point["planned"] for point in blend.get("curve", [])] or [1 - gold],
        gold=gold,
        labels=arm.labels,
        rate=rate_of(arm),
        passes=_passes(seen, blend.get("documents", {})),
    )


def _passes(seen: Mapping[str, Mapping[str, float]], documents: Mapping[str, int]) -> dict[str, float]:
    """Passes over gold, and over all distilled documents together."""
    passes = {}
    for kind in (GOLD, "distilled"):
        sources = [name for name in seen if (name == GOLD) == (kind == GOLD)]
        total = sum(documents.get(name, 0) for name in sources)
        if total:
            passes[kind] = sum(seen[name]["examples"] for name in sources) / total
    return passes


def _across_processors(first: Sequence[RunResult], second: Sequence[RunResult]) -> list[int]:
    made = [{result.run.seed: result.record.get("machine") for result in arm} for arm in (first, second)]
    return [seed for seed in made[0] if seed in made[1] and made[0][seed] != made[1][seed]]


ROUNDING = 1e-12


def worth(found: StudyResults, resampler: Resampler) -> list[dict[str, Any]]:
    """For each arm: how many gold documents alone would give the same F1.

    The curve of the baseline (gold alone) is made non-decreasing and read backwards, linear in the logarithm
    of the number of documents. Each resample of the articles and the seeds gives a curve and a score of its
    own.

    RETURNS: by arm: "arm", "label", "gold" (documents it had), "equals", "low", "high" (of gold alone),
        "first", "last" (ends of the curve: a value there means "or fewer", "or more"). Empty without at least
        two sizes of the baseline.
    """
    rows = []
    sizes = {arm: gold_documents(arm, results) for arm, results in found.by_arm.items()}
    arms = {arm: size for arm, size in sizes.items() if size is not None}
    scores = {arm: _scores(count_runs(found.by_arm[arm], found.study.main_set), resampler) for arm in arms}
    for own in _with_one_curve(list(arms), found.study.baseline):
        points = sorted((arms[arm], arm) for arm in own if arm.name == found.study.baseline and arms[arm])
        if len(points) < 2:
            continue
        x = np.array([size for size, _ in points], dtype=float)
        curve = np.stack([scores[arm] for _, arm in points], axis=1)
        for arm in (arm for arm in own if arm.name != found.study.baseline):
            equals = np.array([invert(x, y, f) for y, f in zip(curve, scores[arm], strict=True)])
            low, high = interval(equals[1:])
            names = {"arm": arm.record(), "label": found.labels[arm]}
            facts = {**names, "gold": arms[arm], "equals": float(equals[0]), "low": low}
            rows.append({**facts, "high": high, "first": float(x[0]), "last": float(x[-1])})
    return rows


def _with_one_curve(arms: Sequence[Arm], baseline: str) -> Iterator[list[Arm]]:
    """The arms of each student; where its baseline was trained in several ways with as much gold, of each."""
    for student in dict.fromkeys(arm.student for arm in arms):
        own = [arm for arm in arms if arm.student == student]
        sizes = [arm.gold_size for arm in own if arm.name == baseline]
        if len(sizes) == len(set(sizes)):
            yield own
            continue
        for budget in dict.fromkeys((arm.max_steps, arm.learn_rate) for arm in own):
            yield [arm for arm in own if (arm.max_steps, arm.learn_rate) == budget]


def gold_documents(arm: Arm, results: Sequence[RunResult]) -> float | None:
    """How many gold documents an arm was trained on: none if it never drew one; None if it is not known."""
    blend = results[0].blend
    if blend and not blend["exposures"].get("gold", {}).get("examples"):
        return 0.0
    size = arm.gold_size or blend.get("documents", {}).get("gold")
    return float(size) if size else None


def invert(sizes: Floats, scores: Floats, score: float) -> float:
    """The size at which a learning curve reaches a score; its ends where the score lies beyond.

    sizes: numbers of documents, ascending.
    scores: the score at each; made non-decreasing first.
    score: the score to reach.
    RETURNS: the number of documents.
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


def _scores(counted: ArmCounts, resampler: Resampler) -> Floats:
    """Mean micro F1 over the seeds: first as observed, then in each resample of articles and seeds."""
    observed = micro_prf(counted.sums)[:, 2].mean()
    drawn = micro_prf(resampler.counts(counted))[..., 2] * resampler.seeds(len(counted.seeds))
    return np.concatenate([[observed], drawn.sum(axis=1)])
