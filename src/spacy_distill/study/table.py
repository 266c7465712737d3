"""The main table: one row an arm, the mean over its seeds."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from .matrix import Arm
from .results import LAST, Result, score_row


def by_arm(results: Iterable[Result]) -> dict[Arm, list[Result]]:
    """Results by arm, in their order."""
    groups: dict[Arm, list[Result]] = {}
    for result in results:
        groups.setdefault(result.run.arm, []).append(result)
    return groups


def labels_of(results: Iterable[Result], name: str = "test") -> list[str]:
    """All labels that occur in gold or in a prediction."""
    return sorted({label for result in results for label in result.total(name)})


def mean_scores(results: Sequence[Result], name: str = "test", model: str = LAST) -> dict[str, Any]:
    """The mean over runs of each score.

    RETURNS (dict[str, Any]): "micro" (p, r, f), "macro_f", and "labels": p, r, f of each.
    """
    rows = [score_row(result.total(name, model)) for result in results]
    labels = sorted({label for row in rows for label in row["labels"]})
    zero = {"p": 0.0, "r": 0.0, "f": 0.0}
    return {
        "micro": _mean([row["micro"] for row in rows]),
        "macro_f": fmean(row["macro_f"] for row in rows),
        "labels": {label: _mean([row["labels"].get(label, zero) for row in rows]) for label in labels},
    }


def _mean(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: fmean(score[key] for score in scores) for key in ("p", "r", "f")}


def percent(value: float) -> str:
    """A score in [0, 1] as people print it."""
    return f"{100 * value:.1f}"


def prf_cell(score: dict[str, float]) -> str:
    """Precision, recall and F1 in one cell."""
    return " ".join(percent(score[key]) for key in ("p", "r", "f"))


def table_rows(results: Sequence[Result], name: str = "test") -> tuple[list[str], list[list[str]]]:
    """The main table as text.

    RETURNS (tuple[list[str], list[list[str]]]): Headings and rows.
    """
    labels = labels_of(results, name)
    head = ["student", "regimen", "gold", "seeds", *labels, "micro P R F1", "macro F1"]
    rows = []
    for arm, group in by_arm(results).items():
        mean = mean_scores(group, name)
        cells = [prf_cell(mean["labels"][label]) if label in mean["labels"] else "" for label in labels]
        rows.append(
            [
                arm.student,
                arm.name,
                str(arm.gold_size or "all"),
                str(len(group)),
                *cells,
                prf_cell(mean["micro"]),
                percent(mean["macro_f"]),
            ]
        )
    return head, rows


def teacher_table(teachers: dict[str, dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The teacher table as text: each teacher's labels against the pool's gold labels."""
    from ..corpus.scores import add_counts
    from .results import as_counts

    totals = {
        name: add_counts(as_counts(row["last"]) for row in found["rows"]) for name, found in teachers.items()
    }
    labels = sorted({label for total in totals.values() for label in total})
    head = ["teacher", "documents", "unlabelled", *labels, "micro P R F1", "macro F1"]
    rows = []
    for name, total in totals.items():
        score = score_row(total)
        cells = [prf_cell(score["labels"][label]) if label in score["labels"] else "" for label in labels]
        counts = [str(teachers[name][key]) for key in ("documents", "unlabelled")]
        rows.append([name, *counts, *cells, prf_cell(score["micro"]), percent(score["macro_f"])])
    return head, rows
