"""`spacy distill card`: the model card of a run."""

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .console import msg, shown_errors


@app.command("card")
def card_cli(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a finished run")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it instead")] = None,
    licence: Annotated[str, typer.Option("--licence", help="The licence of the training data")] = "",
) -> None:
    """
    Write the model card of a run: README.md in its model-last, where `spacy package` finds it.
    """
    with shown_errors():
        from ..study.report.card import write_card

        msg.good(f"Wrote {write_card(run_dir, out, licence=licence)}")
