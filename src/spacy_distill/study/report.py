"""The report of a study: one HTML page, the same as Markdown, and the data behind both."""

from pathlib import Path
from typing import Any

import srsly
from jinja2 import Environment, PackageLoader, select_autoescape

from .results import result_rows
from .summary import Summary, results_data, write_results
from .table import score_table, teacher_table

SCORES = "scores.jsonl"
RESULTS = "results.json"


def write_scores(summary: Summary, folder: Path) -> Path:
    """Write the scores of all runs, one a line."""
    place = folder / SCORES
    srsly.write_jsonl(place, result_rows(summary.results))
    return place


def write_report(summary: Summary, findings: dict[str, Any], out: Path) -> list[Path]:
    """Write the report.

    summary (Summary): The study.
    findings (dict[str, Any]): What is to be said of it: see `find_all`.
    out (Path): The HTML file; the other files are put beside it.
    RETURNS (list[Path]): The files written.
    """
    env = Environment(loader=PackageLoader("spacy_distill.study"), autoescape=select_autoescape(["html"]))
    tables = {"scores": score_table(findings), "teachers": teacher_table(findings)}
    facts = {"summary": summary, **tables}
    written = [out.with_name(RESULTS)]
    write_results(results_data(summary, findings), written[0])
    for template, place in (("report.html", out), ("report.md", out.with_suffix(".md"))):
        place.write_text(env.get_template(f"{template}.jinja").render(facts), encoding="utf8")
        written.append(place)
    return written
