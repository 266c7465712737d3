"""`distill annotate`: let the teacher of a config label a corpus."""

from pathlib import Path
from typing import Annotated

import typer

from .app import app
from .console import OVERRIDES, msg, shown_errors


@app.command("annotate", context_settings=OVERRIDES)
def annotate_command(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The teacher's config.")],
    source: Annotated[
        Path, typer.Argument(metavar="IN.spacy", help="The corpus; its labels are not looked at.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write.")],
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Let a replay leave documents unanswered.")
    ] = False,
) -> None:
    """Annotate a corpus with the large model of a config; its values can be overridden: --a.b.c value."""
    with shown_errors():
        from spacy.cli._util import parse_config_overrides

        from ..teacher.annotate import annotate

        report = annotate(
            config, source, out, overrides=parse_config_overrides(ctx.args), allow_missing=allow_missing
        )
    msg.table(sorted(report.states.items()), header=("state", "documents"), divider=True)
    unusable = report.documents - report.states["ok"]
    if unusable:
        msg.warn(f"{unusable} of {report.documents} documents have no usable answer; they carry no labels.")
    msg.good(f"Annotated {report.documents} documents: {out}")
