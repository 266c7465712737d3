"""The report of a study as Markdown and as one HTML page."""

from pathlib import Path

import srsly
from jinja2 import Environment, PackageLoader, select_autoescape

from .results import result_rows
from .summary import Summary
from .table import table_rows, teacher_table

SCORES = "scores.jsonl"


def write_scores(summary: Summary) -> Path:
    """Write the scores of all runs, one a line."""
    place = summary.store.root / SCORES
    srsly.write_jsonl(place, result_rows(summary.results))
    return place


def write_report(summary: Summary, out: Path) -> list[Path]:
    """Write the report.

    summary (Summary): The study.
    out (Path): The HTML file; the Markdown is put beside it.
    RETURNS (list[Path]): The files written.
    """
    env = Environment(loader=PackageLoader("spacy_distill.study"), autoescape=select_autoescape(["html"]))
    facts = {
        "summary": summary,
        "scores": table_rows(summary.results),
        "teachers": teacher_table(summary.teachers),
    }
    written = []
    for template, place in (("report.html", out), ("report.md", out.with_suffix(".md"))):
        place.write_text(env.get_template(f"{template}.jinja").render(facts), encoding="utf8")
        written.append(place)
    return written
