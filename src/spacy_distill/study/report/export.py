"""The findings as CSV: one number with its interval a line."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...corpus.docbin import write_bytes

ARM = ("student", "name", "regimen", "variant", "rate", "hold", "gold_size")
SCORE = (*ARM, "seeds", "steps", "set", "label", "metric", "mean", "low", "high", "sd")
COMPARISON = (
    "student", "gold_size", "first", "second", "set", "hold", "seeds", "mean", "low", "high", "boot_p",
    "t_low", "t_high", "t_p", "p", "family", "p_holm", "verdict",
)  # fmt: skip


def write_csv(findings: Mapping[str, Any], out: Path) -> list[Path]:
    """Write `….scores.csv` and `….comparisons.csv` beside a report.

    findings (Mapping[str, Any]): The findings: see `find_all`.
    out (Path): The report.
    RETURNS (list[Path]): The files written.
    """
    tables = {
        "scores": (SCORE, score_lines(findings)),
        "comparisons": (COMPARISON, comparison_lines(findings)),
    }
    written = []
    for name, (fields, rows) in tables.items():
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        written.append(out.with_suffix(f".{name}.csv"))
        write_bytes(stream.getvalue().encode(), written[-1])
    return written


def score_lines(findings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A line for each score of each arm on each corpus."""
    for found in findings["arms"]:
        common = {**found["arm"], "seeds": len(found["seeds"]), "steps": found["steps"]}
        for name, scores in found["sets"].items():
            for label, metric, score in _scores(scores):
                yield {**common, "set": name, "label": label, "metric": metric, **score}


def _scores(scores: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for label, numbers in {"micro": scores["micro"], **scores["labels"]}.items():
        for metric in "prf":
            yield label, metric, numbers[metric]
    yield "macro", "f", scores["macro_f"]
    for name in ("seen", "unseen", "best"):
        if name in scores:
            yield name, "f", scores[name]


def comparison_lines(findings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A line for each comparison."""
    for row in findings["comparisons"]:
        arms = {"first": row["first"]["name"], "second": row["second"]["name"]}
        common = {"student": row["first"]["student"], "gold_size": row["first"]["gold_size"]}
        yield {**row, **common, **arms, "seeds": len(row["seeds"])}
