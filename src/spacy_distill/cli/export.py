"""`spacy distill export`: a `.spacy` corpus in, a file of another tool out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import counted
from .console import command, msg


@command("export")
def export_cli(
    src: Annotated[Path, typer.Argument(help="The .spacy file, or a folder of them.")],
    out: Annotated[Path, typer.Argument(help="The file to write; .gz is compressed.")],
    format: Annotated[
        str, typer.Option("--format", "-f", help="What to write: a name of docs/formats.md, such as conll.")
    ],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out documents that cannot be written, and list them.")
    ] = False,
) -> None:
    """Export a corpus to an annotation tool, or as columns of tags.

    What the format cannot hold is named. A document whose missing tokens would become O is refused.
    """
    from ..corpus.exporting import export_corpus

    report = export_corpus(src, out, format, skip_bad=skip_bad)
    if report.empty:
        msg.text(f"{counted(report.empty, 'document')} without text left out")
    if report.skipped:
        number = counted(len(report.skipped), "document")
        msg.listing(f"{number} cannot be written as {format} and were left out", report.skipped)
    if report.lost:
        lost = ", ".join(f"{part} ({count})" for part, count in report.lost.items())
        msg.text(f"Not kept by {format}, with the number of documents: {lost}")
    msg.good(f"{counted(report.written, 'document')}: {out}")
