"""A study's report: the page, its Markdown and CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import srsly
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...corpus.files import write_bytes
from ...errors import DistillError
from ..results import HELDOUT, TEST, gist, result_rows, without_text
from ..summary import Summary, results_data, write_results
from . import sections
from .browser import KINDS, Browser, make_browser

ARM = ("student", "name", "regimen", "variant", "rate", "hold", "gold_size")
SCORE = (*ARM, "seeds", "steps", "set", "label", "metric", "mean", "low", "high", "sd")
COMPARISON = (
    "student", "gold_size", "first", "second", "set", "hold", "seeds", "mean", "low", "high", "boot_p",
    "t_low", "t_high", "t_p", "p", "family", "p_holm", "verdict",
)  # fmt: skip


def write_csv(findings: Mapping[str, Any], out: Path) -> list[Path]:
    """Write `….scores.csv` and `….comparisons.csv` beside a report.

    findings: The findings: see `find_all`.
    out: The report.
    RETURNS: The files written.
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

    place: The study's folder, or the results that a report left: that report is made again.
    RETURNS: The HTML file.
    """
    if place.is_dir():
        return place / REPORT
    stem, found, _ = place.name.rpartition(f".{RESULTS}")
    return place.with_name(f"{stem}.html" if found else REPORT)


def results_place(out: Path) -> Path:
    """Where the results of a report go: a name of their own for each, so that reports can share a folder.

    out: The HTML file.
    RETURNS: "results.json" for "report.html", "NAME.results.json" for another.
    RAISES DistillError: If the report is not called like an HTML file.
    """
    if out.suffix.lower() not in PAGES:
        raise DistillError(
            f"{out}: the report is an HTML page, and Markdown, CSV and JSON are written beside it under the "
            "same name. Give --out a name that ends in .html."
        )
    return out.with_name(RESULTS) if out.stem == Path(REPORT).stem else out.with_suffix(f".{RESULTS}")


def write_report(summary: Summary, findings: dict[str, Any], out: Path, *, text: bool = True) -> list[Path]:
    """Write the report, and beside it the same as Markdown with its figures, CSV and its results.

    summary: The study.
    findings: What is to be said of it: see `find_all`.
    out: The HTML file; see `results_place` for the name of the results.
    text: Whether sentences may be shown; without, no text of any corpus is in any of the files.
    RETURNS: The files written.
    RAISES DistillError: If a file cannot be written, or the report is not called like an HTML file.
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
        "forests": sections.forest_figures(findings),
        "curves": sections.curve_figures(summary, findings),
        "learning": sections.learning_figures(summary, findings),
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
