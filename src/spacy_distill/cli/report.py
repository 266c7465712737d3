"""Pages from finished runs: a study's report, a run's card."""

from pathlib import Path
from typing import Annotated

import typer

from .console import command, msg


@command("report")
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
    from ..study.report.report import write_report

    for place in write_report(study_dir, out, text=not no_text).files:
        msg.good(f"Wrote {place}")


@command("card")
def card_cli(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a finished run")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it instead")] = None,
    licence: Annotated[str, typer.Option("--licence", help="The licence of the training data")] = "",
) -> None:
    """
    Write the model card of a run: README.md in its model-last, where `spacy package` finds it.
    """
    from ..study.report.report import write_card

    msg.good(f"Wrote {write_card(run_dir, out, licence=licence)}")
