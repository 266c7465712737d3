"""The figures of a report, by where they stand."""

from typing import Any

from ..findings.results import TEST
from ..findings.summary import Summary
from . import plots
from .sections import Findings, families, groups


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
