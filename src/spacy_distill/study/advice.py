"""What the results of a study let one do next: sentences that follow from findings, each with its number."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any, Literal, NamedTuple

from ..blend.checks import FEW_GOLD_PASSES
from ..blend.plan import GOLD
from .pairs import difference_text
from .results import StudyResults
from .statistics import CLAIM_ARTICLES, CLAIM_SEEDS

# Points of F1, in [0, 1]: less than a little is not worth another training, less than much no more labels.
LITTLE, MUCH = 0.005, 0.01
# So many times as many seeds or articles are still a study that somebody carries out.
FEASIBLE = 10
# Open comparisons that are spoken of, the largest difference first.
SPOKEN = 3

Findings = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


class Advice(NamedTuple):
    """One sentence or two on what to do next.

    about: what it is about.
    text: the sentence, with the number that it follows from.
    """

    about: Literal["use", "drop", "train", "settle", "label", "separate"]
    text: str


def advise(found: StudyResults, findings: Findings) -> list[Advice]:
    """What the findings of a study let one do next.

    findings: its numbers: see `find_all`.
    """
    main_set = found.study.main_set
    compared = [row for row in findings["comparisons"] if row["set"] == main_set]
    arms = [arm for arm in findings["arms"] if mean_f(arm, main_set) is not None]
    return [
        *_use(compared, found.study.baseline),
        *_drop(compared, found.study.baseline),
        *_poor_teachers(arms, compared, findings["teachers"], found),
        *_drop_teacher(arms, main_set),
        *_train_longer(arms, main_set),
        *_settle(compared, found),
        *_label_more(arms, findings["worth"], found),
        *_separate(compared),
    ]


def mean_f(arm: Mapping[str, Any], main_set: str) -> float | None:
    """Micro F1 of an arm on a corpus, mean over its seeds; None if it was not scored or has none."""
    value: float | None = arm["sets"][main_set]["micro"]["f"]["mean"] if main_set in arm["sets"] else None
    return value


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _said(row: Mapping[str, Any]) -> str:
    """A difference with its interval and its seeds."""
    between = "" if row["low"] is None else f" ({_points(row['low'])} to {_points(row['high'])})"
    seeds = len(row["seeds"])
    return f"{_points(row['mean'])} points{between}, {seeds} seed{'s' if seeds > 1 else ''}"


def _first(row: Mapping[str, Any]) -> str:
    return str(row["label"]).partition(" − ")[0]


def _where(row: Mapping[str, Any]) -> str:
    """Student and gold of a comparison, for studies that have several."""
    first = row["first"]
    return f"{first['student']}, {first['gold_size'] or 'all'} gold documents"


def _against(compared: Rows, baseline: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The comparisons with the baseline by student and gold, and what to call these if there are several."""
    rows = sorted((row for row in compared if row["second"]["name"] == baseline), key=_where)
    parts = [(name, list(part)) for name, part in groupby(rows, key=_where)]
    return ((f" ({name})" if len(parts) > 1 else "", part) for name, part in parts)


def _use(compared: Rows, baseline: str) -> Iterator[Advice]:
    for where, rows in _against(compared, baseline):
        if better := [row for row in rows if row["claim"] == "more"]:
            best = max(better, key=lambda row: row["mean"])
            yield Advice("use", f"Use {_first(best)}{where}: {_said(best)}, over {baseline}.")


def _drop(compared: Rows, baseline: str) -> Iterator[Advice]:
    for where, rows in _against(compared, baseline):
        for row in (row for row in rows if row["claim"] == "less"):
            yield Advice("drop", f"Drop {_first(row)}{where}: {_said(row)}, against {baseline}.")
        taught = [row for row in rows if row["first"]["variant"]]
        if taught and all(row["mean"] <= 0 for row in taught):
            best = max(taught, key=lambda row: row["mean"])
            yield Advice(
                "drop",
                f"Leave the teacher's labels out, or correct them first with `spacy-distill clean`{where}: "
                f"none of {len(taught)} ways to train with them is above {baseline}; the best, "
                f"{_first(best)}, is at {_said(best)}.",
            )


def _poor_teachers(
    arms: Rows, compared: Rows, teachers: Mapping[str, Any], found: StudyResults
) -> Iterator[Advice]:
    """Teachers whose labels are worse than what the student of gold alone finds, and that nobody gains by.

    Labels can be worse and help all the same: there are more of them.
    """
    main_set, baseline = found.study.main_set, found.study.baseline
    alone = max((mean_f(arm, main_set) or 0.0 for arm in arms if arm["arm"]["name"] == baseline), default=0.0)
    for name, teacher in teachers.items():
        score = teacher["scores"]["micro"]["f"]["mean"] if "scores" in teacher else None
        gains = [
            row["mean"] for row in compared if row["first"]["variant"] == name != row["second"]["variant"]
        ]
        if score is not None and score < alone and gains and max(gains) <= 0:
            yield Advice(
                "drop",
                f"The teacher {name} does worse than the student of {baseline} alone: F1 "
                f"{100 * score:.1f} on the pool, {100 * alone:.1f} on {main_set}. Its labels can "
                "hardly help. "
                "Better definitions and examples, another model, or `spacy-distill vote` or `clean` come "
                "first.",
            )


def _drop_teacher(arms: Rows, main_set: str) -> Iterator[Advice]:
    """Teachers that are worse than the best one wherever both taught in the same way."""

    def way(arm: Mapping[str, Any]) -> tuple[Any, ...]:
        own = arm["arm"]
        return tuple(own[axis] for axis in sorted(own) if axis not in ("variant", "name"))

    by_way: dict[tuple[Any, ...], dict[str, float]] = {}
    for arm in (arm for arm in arms if arm["arm"]["variant"]):
        by_way.setdefault(way(arm), {})[arm["arm"]["variant"]] = mean_f(arm, main_set) or 0.0
    shared = [scores for scores in by_way.values() if len(scores) > 1]
    teachers = dict.fromkeys(teacher for scores in shared for teacher in scores)
    common = [scores for scores in shared if set(scores) == set(teachers)]
    if not common:
        return
    means = {teacher: fmean(scores[teacher] for scores in common) for teacher in teachers}
    best = max(means, key=lambda teacher: means[teacher])
    seeds = min(len(arm["seeds"]) for arm in arms if arm["arm"]["variant"])
    for teacher, mean in means.items():
        if means[best] - mean >= MUCH:
            ways = f"{len(common)} way{'s' if len(common) > 1 else ''} to train"
            yield Advice(
                "drop",
                f"Drop the teacher {teacher}: students of {best} are {_points(means[best] - mean)} points "
                f"better, mean of {ways} with at least {seeds} seed{'s' if seeds > 1 else ''} each.",
            )


def _train_longer(arms: Rows, main_set: str) -> Iterator[Advice]:
    def name(arm: Mapping[str, Any]) -> tuple[Any, ...]:
        own = arm["arm"]
        return own["student"], own["gold_size"], own["name"]

    several = False
    for _, part in groupby(sorted(arms, key=name), key=name):
        rows = list(part)
        best = max(rows, key=lambda arm: mean_f(arm, main_set) or 0.0)
        # Lengths are compared at the learning rate of the best run.
        line = sorted(
            (arm for arm in rows if arm["arm"]["learn_rate"] == best["arm"]["learn_rate"]),
            key=lambda arm: arm["arm"]["max_steps"],
        )
        if len(line) > 1:
            several = True
            yield _length(best["arm"], [(arm["steps"], mean_f(arm, main_set) or 0.0) for arm in line])
    if not several and arms:
        yield from _rising(arms)


def _length(arm: Mapping[str, Any], line: Sequence[tuple[int, float]]) -> Advice:
    """What scores by number of steps say, ascending."""
    name = arm["name"] + (f" at rate {arm['learn_rate']:g}" if arm["learn_rate"] else "")
    (before, lower), (longest, last) = line[-2:]
    if last == max(f for _, f in line) and last - lower >= LITTLE:
        return Advice(
            "train",
            f"Train {name} longer: {longest:,} steps are {_points(last - lower)} points better than "
            f"{before:,} (F1 {100 * last:.1f}), and nothing longer was tried. Try {2 * longest:,}.",
        )
    top = max(f for _, f in line)
    enough, score = next((steps, f) for steps, f in line if top - f < LITTLE)
    return Advice(
        "train",
        f"{enough:,} steps are enough for {name}: F1 {100 * score:.1f}, and the best of the longer runs is "
        f"{_points(top - score)} points from it.",
    )


def _rising(arms: Rows) -> Iterator[Advice]:
    """The arm whose dev F1 rises most in the second half of training, of those that see the same throughout.

    Where gold comes late, it rises late however long the run.
    """
    steady = [arm for arm in arms if len({share for _, share in arm["curve"]["share"]}) == 1]
    rises = [(rise, arm) for arm in steady if (rise := _rise(arm)) is not None]
    rise, arm = max(rises, key=lambda pair: pair[0], default=(0.0, arms[0]))
    if rise >= MUCH:
        yield Advice(
            "train",
            f"Train longer: in the second half of its {arm['steps']:,} steps {arm['label']} still gained "
            f"{_points(rise)} points of F1 on dev. Try max_steps = {2 * arm['steps']}.",
        )


def _rise(arm: Mapping[str, Any]) -> float | None:
    rises = []
    for looks in arm["curve"]["scores"]:
        half = [score for step, score in looks if 0 < step <= arm["steps"] / 2]
        later = [score for step, score in looks if step > arm["steps"] / 2]
        if half and later:
            rises.append(later[-1] - half[-1])
    return fmean(rises) if rises else None


def _settle(compared: Rows, found: StudyResults) -> Iterator[Advice]:
    """Which runs would settle what is open."""
    without = [row for row in compared if row["claim"] == "no claim"]
    if few := [row for row in without if len(row["seeds"]) < CLAIM_SEEDS]:
        seeds = list(found.study.seeds)
        seeds += [seed for seed in range(CLAIM_SEEDS + len(seeds)) if seed not in seeds]
        least = min(len(row["seeds"]) for row in few)
        yield Advice(
            "settle",
            f"{_count(few)} no claim: {least} seed{'s' if least > 1 else ''} of the {CLAIM_SEEDS} that it "
            f"takes. Set seeds = {seeds[:CLAIM_SEEDS]} and give the same command again: finished runs are "
            "not done anew.",
        )
    if few := [row for row in without if row["articles"] < CLAIM_ARTICLES]:
        yield Advice(
            "settle",
            f"{_count(few)} no claim: {found.study.main_set} has {few[0]['articles']} of the "
            f"{CLAIM_ARTICLES} articles that it takes. Label more.",
        )
    still = [row for row in compared if row["claim"] == "open" and row["mean"]]
    for row in sorted(still, key=lambda row: -abs(row["mean"]))[:SPOKEN]:
        yield Advice(
            "settle", f"{row['label']} is within noise, {_said(row)}: {_needed(row, found.study.main_set)}."
        )


def _count(rows: Rows) -> str:
    return "One comparison carries" if len(rows) == 1 else f"{len(rows)} comparisons carry"


def _needed(row: Mapping[str, Any], main_set: str) -> str:
    """What it takes to tell a difference of the size seen from none, if it is one."""
    # By how much the variance has to fall.
    times = ((row["high"] - row["low"]) / 2 / abs(row["mean"])) ** 2
    seeds, articles = len(row["seeds"]), row["articles"]
    if (more := _times_as_many(times, row["seed_share"])) <= FEASIBLE:
        return f"about {max(seeds + 1, math.ceil(seeds * more))} seeds would settle a difference of this size"
    if (more := _times_as_many(times, row["article_share"])) <= FEASIBLE:
        wanted = max(articles + 1, math.ceil(articles * more))
        return (
            f"about {wanted:,} articles in {main_set} would settle a difference of this size; it has "
            f"{articles:,}, and more seeds alone will not do"
        )
    if times <= FEASIBLE:
        return f"{times:.1f} times as many seeds and articles would settle a difference of this size"
    return f"take the two for equal, or make it {times:,.0f} times as many seeds and articles"


def _times_as_many(times: float, share: float) -> float:
    """How many times as many seeds, or articles, make the variance so many times smaller; inf if none do.

    share: the share of the variance that they lower.
    """
    left = 1 / times - (1 - share)
    return share / left if left > 0 else math.inf


def _label_more(arms: Rows, worth: Rows, found: StudyResults) -> Iterator[Advice]:
    main_set, baseline = found.study.main_set, found.study.baseline
    alone = [arm for arm in arms if arm["arm"]["name"] == baseline and arm["documents"].get("gold")]
    alone.sort(key=lambda arm: (arm["arm"]["student"], arm["documents"]["gold"]))
    for _, part in groupby(alone, key=lambda arm: arm["arm"]["student"]):
        by_size = {arm["documents"]["gold"]: arm for arm in part}
        if len(by_size) > 1:
            fewer, more = list(by_size)[-2:]
            most = by_size[more]
            passes = most["exposures"].get(GOLD, {}).get("examples", 0) / more
            if passes < FEW_GOLD_PASSES:
                yield Advice(
                    "train",
                    f"Train longer before you label more: {baseline} saw its {more:,} documents "
                    f"{passes:.1f} times in {most['steps']:,} steps.",
                )
                continue
            gain = (mean_f(most, main_set) or 0.0) - (mean_f(by_size[fewer], main_set) or 0.0)
            advice = "Label more" if gain >= MUCH else "More labels of your own hardly help"
            yield Advice(
                "label",
                f"{advice}: {baseline} gains {_points(gain)} points from {fewer:,} to {more:,} documents.",
            )
    good = [row for row in worth if row["low"] > row["gold"] > 0]
    best = {(row["arm"]["student"], row["gold"]): row for row in sorted(good, key=lambda row: row["equals"])}
    for row in (row for row in good if row in best.values()):
        yield Advice(
            "label",
            f"{row['label']} with {row['gold']:,.0f} gold documents is as good as {baseline} with "
            f"{row['equals']:,.0f} ({row['low']:,.0f} to {row['high']:,.0f}).",
        )


def _separate(compared: Rows) -> Iterator[Advice]:
    for row in compared:
        if row["confounded"] and row["claim"] in ("more", "less"):
            own = difference_text([each for each in row["differences"] if each["own"]])
            yield Advice(
                "separate",
                f"{row['label']} is {_said(row)}, but of what is not known: the two differ in {own}. Compare "
                "arms that differ in one of these alone.",
            )
