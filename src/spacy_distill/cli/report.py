"""`spacy distill report`: the report of a study."""

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .console import msg, shown_errors


@app.command("report")
def report_cli(
    study_dir: Annotated[Path, typer.Argument(help="The folder of a study, or its results.json")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file to write; the rest lies beside it")
    ] = None,
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
        from ..study.report.report import default_report, results_place, write_report

        out = out or default_report(study_dir)
        # A name that cannot be used is told before anything is computed.
        results_place(out)
        summary = read_summary(study_dir)
        for place in write_report(summary, find_all(summary), out, text=not no_text):
            msg.good(f"Wrote {place}")
