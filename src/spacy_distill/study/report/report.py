"""The pages of a study: its report with Markdown, CSV and figures beside it, and a run's model card."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import srsly
from jinja2 import Environment
from markupsafe import Markup

from ...blend.preview import sparkline
from ...corpus.files import check_outputs, write_bytes
from ...errors import DistillError
from ...escapes import csv_cell, markdown, markdown_code, template_environment
from ...labels.highlighting import STYLE
from ...tasks.base import find_task
from ..config import DEPTH, ORACLE
from ..corpora import trained_on
from ..findings import exposures, find_all, score_runs, teacher_findings
from ..job import LAST
from ..pairs import difference_text
from ..results import (
    RunResult,
    StudyResults,
    read_results,
    score_lines,
    short_error,
    without_text,
    write_results,
)
from ..statistics import Resampler
from ..store import CORPORA, DATA, FAILED, PLAN, STUDY, TEACHERS, StudyFolder
from . import plots, sections
from .browser import make_browser

TEMPLATES = Path(__file__).parent / "templates"
SCORES = "scores.jsonl"
RESULTS = "results.json"
# The report that is not given another name; its results are called by their own name alone.
REPORT = "report.html"
PAGES = (".html", ".htm")
ARM = ("student", "name", "regimen", "variant", "rate", "hold", "gold_size", "max_steps", "learn_rate")
SCORE = (*ARM, "seeds", "steps", "set", "label", "metric", "mean", "low", "high", "sd")
COMPARISON = (
    "student", "gold_size", "first", "second", "set", "hold", "seeds", "articles", "mean", "low", "high", "p",
    "family", "p_holm", "claim", "label", "confounded",
)  # fmt: skip


@dataclass(frozen=True)
class StudyReport:
    """A report that was written.

    found: the study that it is of.
    findings: all its numbers: see `find_all`.
    files: the files written.
    """

    found: StudyResults
    findings: dict[str, Any]
    files: list[Path]


def write_report(
    place: Path | str | StudyResults, out: Path | str | None = None, *, text: bool = True
) -> StudyReport:
    """Write the report, and beside it the same as Markdown with its figures, CSV and its results.

    place: a study's folder, the `results.json` that a report left, or what `read_results` made of it.
    out: the HTML file; None: `report.html` in the folder, or the page that the results are of.
    text: whether sentences may be shown; without, no text of any corpus is in any of the files.
    RAISES DistillError: if there is no study, a file cannot be written, or the report is not called like an
        HTML file.
    """
    if out is None:
        out = _default_report(place)
    out = Path(out)
    # A name that cannot be used is refused before anything is computed.
    results = _results_place(out)
    folder = out.with_name(f"{out.stem}_figures")
    tables = {name: out.with_suffix(f".{name}.csv") for name in ("scores", "comparisons")}
    if not isinstance(place, StudyResults):
        check_outputs([out, out.with_suffix(".md"), *tables.values()], _read_files(Path(place)))
    check_outputs([folder], [], folder=True)
    found = place if isinstance(place, StudyResults) else read_results(place)
    findings = find_all(found)
    facts = {**_page_facts(found, findings, text=text), "results": results.name}
    page = _environment(True).get_template("report.html.jinja").render(facts)
    notes = _environment(False).get_template("report.md.jinja").render(facts, figures=folder.name)
    write_bytes(page.encode(), out)
    write_bytes(notes.encode(), out.with_suffix(".md"))
    for name, figure in _named_figures(facts).items():
        svg = f'<?xml version="1.0" encoding="utf-8"?>\n{figure}'
        write_bytes(svg.encode(), folder / f"{name}.svg")
    # A report of a results.json may stand beside it: that is left as it is.
    made = [results] if isinstance(place, StudyResults) or not _is_read(results, Path(place)) else []
    if made:
        write_results(found, findings, results)
    _write_csv(findings, tables)
    return StudyReport(found, findings, [out, out.with_suffix(".md"), *made, *tables.values()])


def _read_files(place: Path) -> Iterator[Path]:
    """The files that a report or a card is made of: results, or those of a study's folder and its runs."""
    if place.is_dir():
        yield from (place / name for name in (STUDY, PLAN, TEACHERS, DATA))
        for folder in (place / CORPORA, *place.glob(f"{'*/' * DEPTH}"), place / FAILED):
            yield from (file for file in folder.rglob("*") if file.is_file() and file.name != README)
    else:
        yield place


def _is_read(output: Path, place: Path) -> bool:
    return output.exists() and place.exists() and output.samefile(place)


def write_scores(found: StudyResults, folder: StudyFolder) -> Path:
    """Write the scores of all runs, one a line."""
    srsly.write_jsonl(folder.root / SCORES, score_lines(found.results))
    return folder.root / SCORES


def _default_report(place: Path | str | StudyResults) -> Path:
    if isinstance(place, StudyResults):
        raise DistillError("Name the HTML file to write the report to.")
    place = Path(place)
    if place.is_dir():
        return place / REPORT
    stem, named, _ = place.name.rpartition(f".{RESULTS}")
    return place.with_name(f"{stem}.html" if named else REPORT)


def _results_place(out: Path) -> Path:
    """Where the results of a report go: a name of their own for each, so that reports can share a folder."""
    if out.suffix.lower() not in PAGES:
        raise DistillError(
            f"{out}: the report is an HTML page, and Markdown, CSV and JSON are written beside it under the "
            "same name. Give --out a name that ends in .html."
        )
    return out.with_name(RESULTS) if out.stem == Path(REPORT).stem else out.with_suffix(f".{RESULTS}")


def _page_facts(found: StudyResults, findings: dict[str, Any], *, text: bool) -> dict[str, Any]:
    """Everything that the templates show."""
    say: Callable[[str], str] = short_error if text else without_text
    return {
        "task": find_task(found.task),
        "study": found.study,
        "found": found,
        "findings": findings,
        "tables": list(sections.score_tables(found, findings)),
        "families": list(sections.families(findings)),
        "exposures": sections.exposure_rows(findings),
        "teacher_labels": sections.teacher_labels(findings),
        "lineage": sections.lineage_rows(findings),
        "worth": sections.worth_rows(findings),
        "costs": sections.cost_rows(found, findings),
        "failures": {run: say(error) for run, error in found.failures.items()},
        "versions": sections.versions(found),
        "machines": sections.machines(found),
        "time": sections.time_shares(found),
        "forests": sections.forest_figures(findings),
        "curves": sections.curve_figures(found, findings),
        "learning": sections.learning_figures(found, findings),
        "browser": make_browser(found) if text else None,
    }


def _environment(html: bool) -> Environment:
    # In Markdown what is in a template's {{ }} is escaped for that instead.
    finalize = None if html else _for_markdown
    environment = template_environment(
        TEMPLATES, html=True, finalize=finalize, keep_trailing_newline=not html
    )
    environment.filters |= {
        "percent": sections.percent,
        "signed": sections.signed,
        "p_value": sections.p_value,
        "usd": sections.usd,
        "differing": difference_text,
        "svg": _svg,
        "cell": markdown,
        "code": markdown_code,
        "url": _url,
    }
    environment.globals |= {
        "marks": sections.MARKS,
        "meanings": sections.MEANINGS,
        "names": sections.NAMES,
        "drawing": STYLE,
        "shade": _shade,
        "figure_name": _figure_name,
    }
    return environment


def _svg(figure: str) -> Markup:
    return Markup(_in_page(figure))


def _url(place: str) -> Markup:
    return Markup(quote(place))


def _for_markdown(value: object) -> object:
    return markdown(value) if isinstance(value, str) else value


def _shade(value: float | None, low: float, high: float) -> int:
    """How dark a cell of a heat map is, in percent."""
    return round(100 * (value - low) / (high - low)) if value is not None and high > low else 50


def _in_page(figure: str) -> str:
    """A figure that takes its ink from the page, so that it can be read on dark paper too."""
    inks = {plots.INK: "--ink", plots.SOFT: "--soft", plots.PAPER: "--paper", plots.GRID: "--line"}
    for colour, variable in inks.items():
        figure = figure.replace(colour, f"var({variable})")
    return figure


def _figure_name(*parts: str) -> str:
    """The file name of a figure."""
    return "-".join("".join(c if c.isalnum() or c in "_+." else "_" for c in part) for part in parts if part)


def _named_figures(facts: dict[str, Any]) -> dict[str, str]:
    found = {_figure_name("forest", *key): figure for key, figure in facts["forests"].items()}
    found |= {_figure_name("learning", student): figure for student, figure in facts["learning"].items()}
    for group, curves in facts["curves"].items():
        found |= {_figure_name("curve", group, name): figure for name, figure in curves}
    return found


def _write_csv(findings: Mapping[str, Any], places: Mapping[str, Path]) -> None:
    """Write `….scores.csv` and `….comparisons.csv` beside a report."""
    tables = {"scores": (SCORE, _score_rows(findings)), "comparisons": (COMPARISON, _comparisons(findings))}
    for name, (fields, rows) in tables.items():
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
        write_bytes(stream.getvalue().encode(), places[name])


def _score_rows(findings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for arm in findings["arms"]:
        common = {**arm["arm"], "seeds": len(arm["seeds"]), "steps": arm["steps"]}
        for name, scores in arm["sets"].items():
            named = {"micro": scores["micro"], **scores["labels"], "macro": {"f": scores["macro_f"]}}
            if "ap" in scores:
                named["macro"]["ap"] = scores["ap"]
            named |= {
                part: {"f": scores[part]}
                for part in ("characters", "seen", "unseen", "best")
                if part in scores
            }
            for label, metrics in named.items():
                for metric, score in metrics.items():
                    yield {**common, "set": name, "label": label, "metric": metric, **score}


def _comparisons(findings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for row in findings["comparisons"]:
        arms = {"first": row["first"]["name"], "second": row["second"]["name"]}
        common = {"student": row["first"]["student"], "gold_size": row["first"]["gold_size"]}
        yield {**row, **common, **arms, "seeds": len(row["seeds"])}


README = "README.md"
DISTILLED = "on the labels of a large language model (distilled labels)"


def write_card(run_dir: Path | str, out: Path | str | None = None, *, licence: str = "") -> Path:
    """Write the model card of a finished run, which `spacy package` puts into the pipeline's wheel.

    run_dir: the run's folder, within its study's.
    out: where to write; None for `README.md` in the run's model-last.
    licence: the licence of the training data; empty if it is not known.
    RAISES DistillError: if this is not the folder of a finished run, or it kept no model to put the card in.
    """
    run_dir = Path(run_dir).resolve()
    problem = (
        f"{run_dir} is not the folder of a finished run. Give one of the form "
        "STUDY/<student>/<arm>/steps-<n>/gold-<n>/seed-<s> that `spacy-distill study` made."
    )
    if len(run_dir.parts) <= DEPTH:
        raise DistillError(problem)
    root = run_dir.parents[DEPTH - 1]
    try:
        found = read_results(root)
    except DistillError as error:
        raise DistillError(problem) from error
    result = next((r for r in found.results if root / r.run.folder == run_dir), None)
    if result is None:
        raise DistillError(problem)
    if out is None and not (run_dir / LAST).is_dir():
        raise DistillError(
            f'{run_dir} kept no model. Set keep = "last" in [study] and run it again, or write the card '
            "elsewhere with --out."
        )
    place = run_dir / LAST / README if out is None else Path(out)
    check_outputs([place], _read_files(root))
    page = _environment(False).get_template("card.md.jinja").render(_card_facts(found, result, licence))
    write_bytes(page.encode(), place)
    return place


def _card_facts(found: StudyResults, result: RunResult, licence: str) -> dict[str, Any]:
    """Everything that the card says."""
    resampler = Resampler(found.study.resamples)
    arm = result.run.arm
    names = [name for name in found.test_sets if result.has("last", name)]
    curve = [point["planned"] for point in result.blend["curve"]] if result.blend else []
    return {
        "arm": arm,
        "seed": result.run.seed,
        "record": result.record,
        "scores": {name: score_runs([result], name, resampler) for name in names},
        "over_seeds": {name: score_runs(found.by_arm[arm], name, resampler) for name in names},
        "seeds": len(found.by_arm[arm]),
        "curve": sparkline(curve, 50, top=1.0) if curve else "",
        "exposures": exposures([result]),
        "sources": _sources(result),
        "teacher": teacher_findings(found, resampler).get(arm.variant),
        "data": _part(found.data, trained_on(found.study, result.run)),
        "not_trained_on": _part(found.data, (*names, "dev")),
        "licence": licence,
        "task": find_task(found.task),
        "study": found.study,
    }


def _part(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


def _sources(result: RunResult) -> str:
    """What labels a pipeline was trained on, in words."""
    seen = {name for name, counts in exposures([result]).items() if counts["examples"]}
    if not seen:
        return "as its config says"
    more = "on more text with gold labels" if result.run.arm.regimen == ORACLE else DISTILLED
    parts = ["on gold labels"] * ("gold" in seen) + [more] * bool(seen - {"gold"})
    return " and ".join(parts) if len(parts) > 1 else f"{parts[0]} alone"
