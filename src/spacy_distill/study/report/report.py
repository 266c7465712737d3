"""The report of a study: one HTML page, the same as Markdown, and the data behind both."""

from pathlib import Path
from typing import Any

import srsly
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...corpus.docbin import write_bytes
from ..findings.failures import gist, without_text
from ..findings.results import HELDOUT, TEST, result_rows
from ..findings.summary import Summary, results_data, write_results
from . import figures, sections
from .browser import KINDS, Browser, make_browser
from .export import write_csv

SCORES = "scores.jsonl"
RESULTS = "results.json"
# The report that is not given another name; its results are called by their own name alone.
REPORT = "report.html"
PAGES = (".html", ".htm")


def write_scores(summary: Summary, folder: Path) -> Path:
    """Write the scores of all runs, one a line."""
    place = folder / SCORES
    srsly.write_jsonl(place, result_rows(summary.results))
    return place


def default_report(place: Path) -> Path:
    """Where the report of a study goes unless told otherwise.

    place (Path): The study's folder, or the results that a report left: that report is made again.
    RETURNS (Path): The HTML file.
    """
    if place.is_dir():
        return place / REPORT
    stem, found, _ = place.name.rpartition(f".{RESULTS}")
    return place.with_name(f"{stem}.html" if found else REPORT)


def results_place(out: Path) -> Path:
    """Where the results of a report go: a name of their own for each, so that reports can share a folder.

    out (Path): The HTML file.
    RETURNS (Path): "results.json" for "report.html", "NAME.results.json" for another.
    RAISES (ValueError): If the report is not called like an HTML file.
    """
    if out.suffix.lower() not in PAGES:
        raise ValueError(
            f"{out}: the report is an HTML page, and Markdown, CSV and JSON are written beside it under the "
            "same name. Give --out a name that ends in .html."
        )
    return out.with_name(RESULTS) if out.stem == Path(REPORT).stem else out.with_suffix(f".{RESULTS}")


def write_report(summary: Summary, findings: dict[str, Any], out: Path, *, text: bool = True) -> list[Path]:
    """Write the report, and beside it the same as Markdown with its figures, CSV and its results.

    summary (Summary): The study.
    findings (dict[str, Any]): What is to be said of it: see `find_all`.
    out (Path): The HTML file; see `results_place` for the name of the results.
    text (bool): Whether sentences may be shown; without, no text of any corpus is in any of the files.
    RETURNS (list[Path]): The files written.
    RAISES (ValueError): If a file cannot be written, or the report is not called like an HTML file.
    """
    results = results_place(out)
    browser = make_browser(summary) if text else None
    facts = {**page_facts(summary, findings, browser, text=text), "results": results.name}
    page = _environment(True).get_template("report.html.jinja").render(facts)
    folder = out.with_name(f"{out.stem}_figures")
    notes = _environment(False).get_template("report.md.jinja").render(facts, figures=folder.name)
    write_bytes(page.encode(), out)
    write_bytes(notes.encode(), out.with_suffix(".md"))
    for name, figure in _named_figures(facts).items():
        write_bytes(_standalone(figure).encode(), folder / f"{name}.svg")
    write_results(results_data(summary, findings), results)
    return [out, out.with_suffix(".md"), results, *write_csv(findings, out)]


def page_facts(
    summary: Summary, findings: dict[str, Any], browser: Browser | None, *, text: bool
) -> dict[str, Any]:
    """Everything that the templates show."""
    say = gist if text else without_text
    return {
        "study": summary.study,
        "summary": summary,
        "findings": findings,
        "tables": list(sections.score_tables(summary, findings)),
        "families": list(sections.families(findings)),
        "exposures": sections.exposure_rows(findings),
        "teacher_labels": sections.teacher_labels(findings),
        "lineage": sections.lineage_rows(findings),
        "worth": sections.worth_rows(findings),
        "costs": sections.cost_rows(summary, findings),
        "failures": {run: say(error) for run, error in summary.failures.items()},
        "versions": sections.versions(summary),
        "forests": figures.forest_figures(findings),
        "curves": figures.curve_figures(summary, findings),
        "learning": figures.learning_figures(summary, findings),
        "browser": browser,
        "kinds": KINDS,
    }


def _environment(html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("spacy_distill.study.report"),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": sections.percent,
        "signed": sections.signed,
        "svg": lambda figure: Markup(in_page(figure)),
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
    }
    environment.globals |= {
        "marks": sections.MARKS,
        "meanings": sections.MEANINGS,
        "names": sections.NAMES,
        "TEST": TEST,
        "HELDOUT": HELDOUT,
        "shade": shade,
        "figure_name": figure_name,
    }
    return environment


def in_page(figure: str) -> str:
    """A figure that takes its ink from the page, so that it can be read on dark paper too."""
    from .plots import GRID, INK, PAPER, SOFT

    for colour, variable in ((INK, "--ink"), (SOFT, "--soft"), (PAPER, "--paper"), (GRID, "--line")):
        figure = figure.replace(colour, f"var({variable})")
    return figure


def _standalone(figure: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{figure}'


def shade(value: float, low: float, high: float) -> int:
    """How dark a cell of a heat map is, in percent."""
    return round(100 * (value - low) / (high - low)) if high > low else 50


def figure_name(*parts: str) -> str:
    """The file name of a figure."""
    return "-".join("".join(c if c.isalnum() or c in "_+." else "_" for c in part) for part in parts if part)


def _named_figures(facts: dict[str, Any]) -> dict[str, str]:
    found = {figure_name("forest", *key): figure for key, figure in facts["forests"].items()}
    found |= {figure_name("learning", student): figure for student, figure in facts["learning"].items()}
    for group, curves in facts["curves"].items():
        found |= {figure_name("curve", group, name): figure for name, figure in curves}
    return found
