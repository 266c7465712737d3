"""`spacy distill report`: the report of a study."""

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .console import msg, shown_errors


@app.command("report")
def report_cli(
    study_dir: Annotated[Path, typer.Argument(help="The folder of a study, or its results.json")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The HTML file to write")] = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave out every text, for data that must not be published")
    ] = False,
) -> None:
    """
    Write the report of a study as one HTML page, with the same as Markdown beside it.
    """
    with shown_errors():
        from ..study.findings.findings import find_all
        from ..study.findings.summary import read_summary
        from ..study.report.report import write_report

        summary = read_summary(study_dir)
        out = out or (study_dir if study_dir.is_dir() else study_dir.parent) / "report.html"
        for place in write_report(summary, find_all(summary), out, text=not no_text):
            msg.good(f"Wrote {place}")
