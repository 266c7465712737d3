"""The main tables as text, for the terminal."""

from collections.abc import Mapping
from typing import Any

from ..findings.results import TEST

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


def percent(value: float) -> str:
    """A score in [0, 1] as people print it."""
    return f"{100 * value:.1f}"


def _heads(labels: list[str]) -> list[str]:
    return [*(f"{label}\nP R F1" for label in labels), "micro\nP R F1", "macro\nF1"]


def _cells(scores: Mapping[str, Any], labels: list[str]) -> list[str]:
    by_label = [_prf(scores["labels"][label]) if label in scores["labels"] else "" for label in labels]
    return [*by_label, _prf(scores["micro"]), percent(scores["macro_f"]["mean"])]


def _prf(score: Mapping[str, Any]) -> str:
    return " ".join(percent(score[key]["mean"]) for key in "prf")
