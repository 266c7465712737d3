"""`spacy-distill encoder`: the encoder of the MiniLM student."""

from pathlib import Path
from typing import Annotated

import typer

from .console import app, msg, shown_errors

NEEDS_IT = "minilm"


@app.command("encoder")
def encoder_cli(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to fill, e.g. assets/encoder.")],
    student: Annotated[
        str, typer.Option(help="The student to be trained; for any other than minilm nothing is done.")
    ] = NEEDS_IT,
) -> None:
    """Fetch the encoder of the MiniLM student (90 MB) and verify it; one that is there is left alone."""
    if student != NEEDS_IT:
        msg.info(f"The student {student!r} needs no encoder in {folder}")
        return
    with shown_errors():
        from ..scaffold.encoder import SUMS, fetch_encoder

        source = fetch_encoder(folder)
        msg.good(f"Encoder in {folder} ({source}); {len(SUMS)} files, SHA-256 sums verified")
