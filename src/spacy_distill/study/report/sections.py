"""The parts of a report: tables, figures and their words."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from ..findings import ALL
from ..results import HELDOUT, TEST
from ..statistics import CLAIM_SEEDS
from ..summary import Summary
from . import plots

MARKS = {"more": "▲", "less": "▼", "open": "≈", "no claim": "·"}
MEANINGS = {
    "more": "better, also after correction for the number of comparisons",
    "less": "worse, also after correction",
    "open": "within noise",
    "no claim": f"fewer than {CLAIM_SEEDS} seeds: no claim",
}
ROUNDING = 1e-9
Findings = Mapping[str, Any]


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] in percent."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None) -> str:
    """A difference in percentage points."""
    return "–" if value is None else f"{100 * value:+.1f}"


def group_name(arm: Mapping[str, Any], findings: Findings) -> str:
    """Student and number of gold documents, as far as the study has several."""
    return ", ".join(filter(None, [_student(arm, findings), _size(arm, findings)]))


def _student(arm: Mapping[str, Any], findings: Findings) -> str:
    several = len({found["arm"]["student"] for found in findings["arms"]}) > 1
    return str(arm["student"]) if several else ""


def _size(arm: Mapping[str, Any], findings: Findings) -> str:
    several = len({found["arm"]["gold_size"] for found in findings["arms"]}) > 1
    return f"{arm['gold_size'] or 'all'} gold documents" if several else ""


def groups(findings: Findings) -> list[tuple[str, list[dict[str, Any]]]]:
    """The arms by student and number of gold documents, those at equal steps first."""
    keyed = sorted(findings["arms"], key=lambda found: (*_group(found), found["arm"]["hold"] == "gold"))
    parts = groupby(keyed, key=_group)
    found = [list(part) for _, part in parts]
    return [(group_name(part[0]["arm"], findings), part) for part in found]


def _group(found: Mapping[str, Any]) -> tuple[str, int]:
    return found["arm"]["student"], found["arm"]["gold_size"]


def sets_of(findings: Findings) -> list[str]:
    """The test corpora that something was scored on."""
    return list(dict.fromkeys(name for found in findings["arms"] for name in found["sets"]))


def labels_of(arms: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    """The labels of a test corpus, sorted."""
    return sorted(
        {label for found in arms if name in found["sets"] for label in found["sets"][name]["labels"]}
    )


def teacher_labels(findings: Findings) -> list[str]:
    """The labels that some teacher was judged on, sorted."""
    scored = [told["scores"] for told in findings["teachers"].values() if "scores" in told]
    return sorted({label for scores in scored for label in scores["labels"]})


def score_tables(summary: Summary, findings: Findings) -> Iterator[dict[str, Any]]:
    """The main tables: one for each test corpus, student and number of gold documents.

    YIELDS: "set", "group", "labels", "range" (of F1 by label) and "rows": each an arm with
        "scores", "seeds", and its "difference" from the baseline (see `compare_all`) where there is one.
    """
    against = _against_baseline(summary, findings)
    for name in sets_of(findings):
        for group, arms in groups(findings):
            rows = [
                {
                    "name": found["arm"]["name"],
                    "hold": found["arm"]["hold"],
                    "scores": found["sets"][name],
                    "seeds": len(found["seeds"]),
                    "steps": found["steps"],
                    "baseline": found["arm"]["name"] == summary.study.baseline,
                    "difference": against.get((name, *_arm_key(found["arm"]))),
                }
                for found in arms
                if name in found["sets"]
            ]
            if rows:
                values = [score["f"]["mean"] for row in rows for score in row["scores"]["labels"].values()]
                yield {
                    "set": name,
                    "group": group,
                    "labels": labels_of(arms, name),
                    "range": (min(values, default=0.0), max(values, default=1.0)),
                    "rows": rows,
                }


def _against_baseline(summary: Summary, findings: Findings) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {
        (row["set"], *_arm_key(row["first"])): row
        for row in findings["comparisons"]
        if row["second"]["name"] == summary.study.baseline
    }


def families(findings: Findings) -> Iterator[dict[str, Any]]:
    """The families of comparisons.

    YIELDS: "set", "hold", "size" and "groups": by student and size the rows with a "label".
    """
    keyed = groupby(findings["comparisons"], key=lambda row: (row["set"], row["hold"]))
    for (name, hold), rows in keyed:
        family = list(rows)
        parts: dict[str, list[dict[str, Any]]] = {}
        for row in family:
            label = f"{row['first']['name']} − {row['second']['name']}"
            parts.setdefault(group_name(row["first"], findings), []).append({**row, "label": label})
        yield {"set": name, "hold": hold, "size": len(family), "groups": parts}


def exposure_rows(findings: Findings) -> tuple[list[str], list[dict[str, Any]]]:
    """What training saw: the sources, and by arm the steps and the examples and words of each source."""
    rows = [found for found in findings["arms"] if found["exposures"]]
    sources = sorted(
        {source for found in rows for source in found["exposures"]}, key=lambda s: (s != "gold", s)
    )
    return sources, [
        {
            "name": found["arm"]["name"],
            "group": group_name(found["arm"], findings),
            "steps": found["steps"],
            "seen": [found["exposures"].get(source) for source in sources],
        }
        for found in rows
    ]


def lineage_rows(findings: Findings) -> tuple[list[str], list[dict[str, Any]]]:
    """Where errors come from: the labels, and by arm the lineage of all and of each label."""
    rows = [found for found in findings["arms"] if found["lineage"]]
    labels = sorted({label for found in rows for label in found["lineage"]} - {ALL})
    return labels, [
        {
            "name": found["arm"]["name"],
            "group": group_name(found["arm"], findings),
            "variant": found["arm"]["variant"],
            "seeds": len(found["seeds"]),
            "all": found["lineage"][ALL],
            "labels": [found["lineage"].get(label) for label in labels],
        }
        for found in rows
    ]


def worth_rows(findings: Findings) -> list[dict[str, Any]]:
    """What distilled documents are worth in gold ones, in words that say where the curve ends."""
    documents_of = {_arm_key(found["arm"]): found["documents"] for found in findings["arms"]}
    return [
        {
            **row,
            "name": row["arm"]["name"],
            "student": row["arm"]["student"],
            "says": documents(row["equals"], row),
            "range": f"{documents(row['low'], row)} to {documents(row['high'], row)}",
            "distilled": _distilled(documents_of[_arm_key(row["arm"])]),
            "worth": _beyond(row["equals"], row) + f"{row['equals'] - row['gold']:+,.0f}",
        }
        for row in findings["worth"]
    ]


def _arm_key(arm: Mapping[str, Any]) -> tuple[Any, ...]:
    return arm["student"], arm["gold_size"], arm["name"]


def _distilled(documents: Mapping[str, int]) -> int:
    return sum(count for name, count in documents.items() if name != "gold")


def documents(number: float, row: Mapping[str, float]) -> str:
    """A number of gold documents; beyond the ends of the curve it is only known to lie there."""
    return _beyond(number, row) + f"{number:,.0f}"


def _beyond(number: float, row: Mapping[str, float]) -> str:
    if number >= row["last"] * (1 - ROUNDING):
        return "more than "
    return "fewer than " if number <= row["first"] * (1 + ROUNDING) else ""


def cost_rows(summary: Summary, findings: Findings) -> list[dict[str, Any]]:
    """What a point of F1 over the baseline cost, by arm that has a teacher whose bill is known."""
    against = _against_baseline(summary, findings)
    rows = []
    for found in findings["arms"]:
        bill = findings["teachers"].get(found["arm"]["variant"], {}).get("bill")
        difference = against.get((TEST, *_arm_key(found["arm"])))
        distilled = _distilled(found["documents"])
        if bill and difference and distilled:
            cost = bill["cost"] * distilled / findings["teachers"][found["arm"]["variant"]]["documents"]
            gains = {key: 100 * difference[key] for key in ("mean", "low", "high")}
            rows.append(
                {
                    "name": found["arm"]["name"],
                    "group": group_name(found["arm"], findings),
                    "documents": distilled,
                    "cost": cost,
                    "estimated": bill["estimated"] > 0,
                    "per_point": {key: cost / gain if gain > 0 else None for key, gain in gains.items()},
                }
            )
    return rows


def versions(summary: Summary) -> dict[str, str]:
    """The versions that the runs were made with; several where runs differ."""
    found: dict[str, set[str]] = {}
    for result in summary.results:
        for name, version in result.record["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(values)) for name, values in found.items()}


NAMES = {TEST: "test", HELDOUT: "held-out part of the pool"}


Table = tuple[list[str], list[list[str]]]


def score_table(findings: Mapping[str, Any], name: str = TEST) -> Table:
    """One row an arm: precision, recall and F1 per label and micro, and macro F1, mean over the seeds."""
    arms = [arm for arm in findings["arms"] if name in arm["sets"]]
    labels = sorted({label for arm in arms for label in arm["sets"][name]["labels"]})
    rows = [
        [
            arm["arm"]["student"],
            arm["arm"]["name"],
            str(arm["arm"]["gold_size"] or "all"),
            str(len(arm["seeds"])),
            *_cells(arm["sets"][name], labels),
        ]
        for arm in arms
    ]
    return ["student", "regimen", "gold", "seeds", *_heads(labels)], rows


def teacher_table(findings: Mapping[str, Any]) -> Table:
    """One row a teacher: its labels against the pool's gold labels."""
    teachers = {name: told for name, told in findings["teachers"].items() if "scores" in told}
    labels = sorted({label for told in teachers.values() for label in told["scores"]["labels"]})
    rows = [
        [name, str(told["documents"]), str(told["unlabelled"]), *_cells(told["scores"], labels)]
        for name, told in teachers.items()
    ]
    return ["teacher", "documents", "unlabelled", *_heads(labels)], rows


def _percent(value: float) -> str:
    """A score in [0, 1] as people print it."""
    return f"{100 * value:.1f}"


def _heads(labels: list[str]) -> list[str]:
    return [*(f"{label}\nP R F1" for label in labels), "micro\nP R F1", "macro\nF1"]


def _cells(scores: Mapping[str, Any], labels: list[str]) -> list[str]:
    by_label = [_prf(scores["labels"][label]) if label in scores["labels"] else "" for label in labels]
    return [*by_label, _prf(scores["micro"]), _percent(scores["macro_f"]["mean"])]


def _prf(score: Mapping[str, Any]) -> str:
    return " ".join(_percent(score[key]["mean"]) for key in "prf")


def forest_figures(findings: Findings) -> dict[tuple[str, str, str], str]:
    """Forest plots by test corpus, what is held equal, and group."""
    return {
        (family["set"], family["hold"], group): plots.forest(rows)
        for family in families(findings)
        for group, rows in family["groups"].items()
    }


def curve_figures(summary: Summary, findings: Findings) -> dict[str, list[tuple[str, str]]]:
    """Training curves by group: the name and the figure of each arm."""
    runs = [run for found in findings["arms"] for run in found["curve"]["scores"]]
    # The first look is at an untrained network: it would only squeeze the rest.
    scores = [score for run in runs for step, score in run if step or len(run) == 1]
    if not scores:
        return {}
    limits = (max(0.0, min(scores) - 0.05), min(1.0, max(scores) + 0.03))
    figures: dict[str, list[tuple[str, str]]] = {}
    for group, arms in groups(findings):
        baseline = next((found for found in arms if found["arm"]["name"] == summary.study.baseline), None)
        for found in arms:
            if found["curve"]["scores"]:
                other = (
                    baseline if found is not baseline and baseline and baseline["curve"]["scores"] else None
                )
                figures.setdefault(group, []).append(
                    (found["arm"]["name"], plots.curve(found, other, limits))
                )
    return figures


def learning_figures(summary: Summary, findings: Findings) -> dict[str, str]:
    """Learning curves by student, where the baseline has several numbers of gold documents."""
    figures = {}
    sizes = {row["arm"]["gold_size"]: row["gold"] for row in findings["worth"] if row["gold"]}
    for student in dict.fromkeys(row["arm"]["student"] for row in findings["worth"]):
        lines: dict[str, list[tuple[float, Any]]] = {}
        for found in sorted(findings["arms"], key=lambda found: found["documents"].get("gold", 0)):
            arm = found["arm"]
            size = arm["gold_size"] or sizes.get(0) or found["documents"].get("gold", 0)
            if arm["student"] == student and TEST in found["sets"] and size:
                lines.setdefault(arm["name"], []).append((size, found["sets"][TEST]["micro"]["f"]))
        figures[student] = plots.learning_curve(lines, summary.study.baseline)
    return figures
