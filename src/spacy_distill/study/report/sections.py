"""The parts of a report: the rows of its tables, its figures, and their words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from ..config import DEV, HELDOUT, TEST
from ..findings import ALL
from ..results import StudyResults
from ..statistics import CLAIM_ARTICLES, CLAIM_SEEDS
from . import plots

NAMES = {TEST: "test", DEV: "dev", HELDOUT: "held-out part of the pool"}
MARKS = {"more": "▲", "less": "▼", "open": "≈", "no claim": "·"}
MEANINGS = {
    "more": "better, also after correction for the number of comparisons",
    "less": "worse, also after correction",
    "open": "within noise",
    "no claim": f"fewer than {CLAIM_SEEDS} seeds or {CLAIM_ARTICLES} articles: no claim",
}
ROUNDING = 1e-9
Findings = Mapping[str, Any]
Rows = list[dict[str, Any]]


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] in percent."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None) -> str:
    """A difference in percentage points."""
    return "–" if value is None else f"{100 * value:+.1f}"


def p_value(value: float | None) -> str:
    """A p value; a small one is only known to be small."""
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def usd(value: float) -> str:
    """Money, to two figures: it is not known better."""
    return f"{float(f'{value:.2g}'):,.10g}"


def group_name(arm: Mapping[str, Any], findings: Findings) -> str:
    """Student and number of gold documents, as far as the study has several."""
    several = {
        axis: len({row["arm"][axis] for row in findings["arms"]}) > 1 for axis in ("student", "gold_size")
    }
    student = str(arm["student"]) if several["student"] else ""
    size = f"{arm['gold_size'] or 'all'} gold documents" if several["gold_size"] else ""
    return ", ".join(filter(None, [student, size]))


def groups(findings: Findings) -> list[tuple[str, Rows]]:
    """The arms by student and number of gold documents, those at equal steps first."""

    def group(row: Mapping[str, Any]) -> tuple[str, int]:
        return row["arm"]["student"], row["arm"]["gold_size"]

    arms = sorted(findings["arms"], key=lambda row: (*group(row), row["arm"]["hold"] == "gold"))
    parts = [list(part) for _, part in groupby(arms, key=group)]
    return [(group_name(part[0]["arm"], findings), part) for part in parts]


def teacher_labels(findings: Findings) -> list[str]:
    """The labels that some teacher was scored on, sorted."""
    scored = [teacher["scores"] for teacher in findings["teachers"].values() if "scores" in teacher]
    return sorted({label for scores in scored for label in scores["labels"]})


def score_tables(found: StudyResults, findings: Findings) -> Iterator[dict[str, Any]]:
    """The main tables: one for each test corpus, student and number of gold documents.

    YIELDS: "set", "group", "labels", "range" (of F1 by label) and "rows": each an arm with "scores", "seeds",
        and its "difference" from the baseline (see `compare_all`) where there is one.
    """
    against = _against_baseline(found, findings)
    for name in dict.fromkeys(name for row in findings["arms"] for name in row["sets"]):
        for group, arms in groups(findings):
            rows = [
                {
                    "name": row["label"],
                    "hold": row["arm"]["hold"],
                    "scores": row["sets"][name],
                    "seeds": len(row["seeds"]),
                    "steps": row["steps"],
                    "baseline": row["arm"]["name"] == found.study.baseline,
                    "difference": against.get((name, *_arm_key(row["arm"]))),
                }
                for row in arms
                if name in row["sets"]
            ]
            if rows:
                means = [score["f"]["mean"] for row in rows for score in row["scores"]["labels"].values()]
                values = [mean for mean in means if mean is not None]
                yield {
                    "set": name,
                    "group": group,
                    "labels": sorted({label for row in rows for label in row["scores"]["labels"]}),
                    "range": (min(values, default=0.0), max(values, default=1.0)),
                    "rows": rows,
                }


def _against_baseline(found: StudyResults, findings: Findings) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {
        (row["set"], *_arm_key(row["first"])): row
        for row in findings["comparisons"]
        if row["second"]["name"] == found.study.baseline
    }


def _arm_key(arm: Mapping[str, Any]) -> tuple[Any, ...]:
    return arm["student"], arm["gold_size"], arm["name"], arm["max_steps"], arm["learn_rate"]


def families(findings: Findings) -> Iterator[dict[str, Any]]:
    """The families of comparisons.

    YIELDS: "set", "hold", "size", "groups": by student and size the rows; and "across_processors": sentences
        on the pairs of runs that were made on different machines.
    """
    for (name, hold), rows in groupby(findings["comparisons"], key=lambda row: (row["set"], row["hold"])):
        family = list(rows)
        parts: dict[str, Rows] = {}
        for row in family:
            parts.setdefault(group_name(row["first"], findings), []).append(row)
        mixed = [
            f"{row['label']}: the runs of seed {', '.join(map(str, row['across_processors']))} were made on "
            "two processors or in two precisions, which changes scores by as much as another seed."
            for row in family
            if row["across_processors"]
        ]
        yield {"set": name, "hold": hold, "size": len(family), "groups": parts, "across_processors": mixed}


def exposure_rows(findings: Findings) -> tuple[list[str], Rows]:
    """What training saw: the sources, and by arm the steps and the examples and words of each source."""
    arms = [arm for arm in findings["arms"] if arm["exposures"]]
    sources = sorted({source for arm in arms for source in arm["exposures"]}, key=lambda s: (s != "gold", s))
    return sources, [
        {
            "name": arm["label"],
            "group": group_name(arm["arm"], findings),
            "steps": arm["steps"],
            "seen": [arm["exposures"].get(source) for source in sources],
        }
        for arm in arms
    ]


def lineage_rows(findings: Findings) -> tuple[list[str], Rows]:
    """Where errors come from: the labels, and by arm the lineage of all and of each label."""
    arms = [arm for arm in findings["arms"] if arm["lineage"]]
    labels = sorted({label for arm in arms for label in arm["lineage"]} - {ALL})
    return labels, [
        {
            "name": arm["label"],
            "group": group_name(arm["arm"], findings),
            "all": arm["lineage"][ALL],
            "labels": [arm["lineage"].get(label) for label in labels],
        }
        for arm in arms
    ]


def worth_rows(findings: Findings) -> Rows:
    """What distilled documents are worth in gold ones, in words that say where the curve ends."""
    documents = {_arm_key(arm["arm"]): arm["documents"] for arm in findings["arms"]}
    return [
        {
            **row,
            "name": row["label"],
            "student": row["arm"]["student"],
            "says": _documents(row["equals"], row),
            "range": f"{_documents(row['low'], row)} to {_documents(row['high'], row)}",
            "distilled": _distilled(documents[_arm_key(row["arm"])]),
            "worth": _beyond(row["equals"], row) + f"{row['equals'] - row['gold']:+,.0f}",
        }
        for row in findings["worth"]
    ]


def _distilled(documents: Mapping[str, int]) -> int:
    return sum(count for name, count in documents.items() if name != "gold")


def _documents(number: float, row: Mapping[str, float]) -> str:
    """A number of gold documents; beyond the ends of the curve it is only known to lie there."""
    return _beyond(number, row) + f"{number:,.0f}"


def _beyond(number: float, row: Mapping[str, float]) -> str:
    if number >= row["last"] * (1 - ROUNDING):
        return "more than "
    return "fewer than " if number <= row["first"] * (1 + ROUNDING) else ""


def cost_rows(found: StudyResults, findings: Findings) -> Rows:
    """What a point of F1 over the baseline cost, by arm that has a teacher whose bill is known."""
    against = _against_baseline(found, findings)
    rows = []
    for arm in findings["arms"]:
        teacher = findings["teachers"].get(arm["arm"]["variant"], {})
        bill, difference = teacher.get("bill"), against.get((found.study.main_set, *_arm_key(arm["arm"])))
        distilled = _distilled(arm["documents"])
        if bill and difference and distilled:
            cost = bill["cost"] * distilled / teacher["documents"]
            rows.append(
                {
                    "name": arm["label"],
                    "group": group_name(arm["arm"], findings),
                    "documents": distilled,
                    "cost": cost,
                    "estimated": bill["estimated"] > 0,
                    "per_point": {key: _per_point(cost, difference[key]) for key in ("mean", "low", "high")},
                }
            )
    return rows


def _per_point(cost: float, gain: float | None) -> str:
    if gain is None:
        return "–"
    return usd(cost / (100 * gain)) if gain > 0 else "no gain"


def versions(found: StudyResults) -> dict[str, str]:
    """The versions that the runs were made with; several where runs differ."""
    every: dict[str, set[str]] = {}
    for result in found.results:
        for name, version in result.record["versions"].items():
            every.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(values)) for name, values in every.items()}


def machines(found: StudyResults) -> list[str]:
    """The processors and precisions that the runs were made with."""
    made = [result.record.get("machine") for result in found.results]
    return sorted({f"{machine['processor']}, {machine['precision']}" for machine in made if machine})


def time_shares(found: StudyResults) -> tuple[float, dict[str, float]]:
    """The seconds of a run, and the share of each part of it, the largest first; of all runs together."""
    total: Counter[str] = Counter()
    for result in found.results:
        total.update(result.record["seconds"])
    every = sum(total.values())
    shares = {part: seconds / every for part, seconds in total.most_common() if every}
    return every / max(1, len(found.results)), shares


def forest_figures(findings: Findings) -> dict[tuple[str, str, str], str]:
    """Forest plots by test corpus, what is kept equal, and group."""
    return {
        (family["set"], family["hold"], group): plots.forest(rows)
        for family in families(findings)
        for group, rows in family["groups"].items()
    }


def curve_figures(found: StudyResults, findings: Findings) -> dict[str, list[tuple[str, str]]]:
    """Training curves by group: the name and the figure of each arm."""
    runs = [run for arm in findings["arms"] for run in arm["curve"]["scores"]]
    # The first look is at an untrained network: it would only squeeze the rest.
    scores = [score for run in runs for step, score in run if step or len(run) == 1]
    if not scores:
        return {}
    limits = (max(0.0, min(scores) - 0.05), min(1.0, max(scores) + 0.03))
    figures: dict[str, list[tuple[str, str]]] = {}
    for group, arms in groups(findings):
        drawn = [arm for arm in arms if arm["curve"]["scores"]]
        for arm in drawn:
            baselines = [other for other in drawn if other["arm"]["name"] == found.study.baseline]
            alike = [other for other in baselines if _budget(other) == _budget(arm)]
            baseline = next(iter([*alike, *baselines]), None)
            figure = plots.curve(arm, None if arm in baselines else baseline, limits)
            figures.setdefault(group, []).append((arm["label"], figure))
    return figures


def _budget(row: Mapping[str, Any]) -> tuple[int, float]:
    return row["arm"]["max_steps"], row["arm"]["learn_rate"]


def learning_figures(found: StudyResults, findings: Findings) -> dict[str, str]:
    """Learning curves by student, where the baseline has several numbers of gold documents."""
    figures = {}
    sizes = {row["arm"]["gold_size"]: row["gold"] for row in findings["worth"] if row["gold"]}
    # Each number of gold documents may have a budget of its own; several at one are several lines.
    counts = Counter(_arm_key(row["arm"])[:3] for row in findings["arms"])
    name = "label" if max(counts.values(), default=1) > 1 else "name"
    main_set = found.study.main_set
    for student in dict.fromkeys(row["arm"]["student"] for row in findings["worth"]):
        lines: dict[str, list[tuple[float, Any]]] = {}
        for row in sorted(findings["arms"], key=lambda row: row["documents"].get("gold", 0)):
            arm, gold = row["arm"], row["documents"].get("gold", 0)
            size = arm["gold_size"] or sizes.get(0) or gold
            known = main_set in row["sets"] and row["sets"][main_set]["micro"]["f"]["mean"] is not None
            if arm["student"] == student and known and size:
                lines.setdefault((row | arm)[name], []).append((size, row["sets"][main_set]["micro"]["f"]))
        figures[student] = plots.learning_curve(lines, found.study.baseline)
    return figures
