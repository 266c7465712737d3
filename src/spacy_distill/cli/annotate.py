"""`distill annotate`: let the teacher of a config label a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .console import OVERRIDES, msg, shown_errors

if TYPE_CHECKING:
    from ..teacher.annotate import Report

# What a shell says of a program that Ctrl-C ended.
INTERRUPT_STATUS = 130


@app.command("annotate", context_settings=OVERRIDES)
def annotate_command(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The teacher's config.")],
    source: Annotated[
        Path, typer.Argument(metavar="IN.spacy", help="The corpus; its labels are not looked at.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write.")],
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", help="US dollars that may be spent, by the config's prices.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Tokens that may be used, prompts and answers.")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Let a replay leave documents unanswered.")
    ] = False,
) -> None:
    """Annotate a corpus with the large model of a config; its values can be overridden: --a.b.c value."""
    with shown_errors():
        from spacy.cli._util import parse_config_overrides

        from ..teacher.annotate import Spending, annotate
        from .panel import watch

        report = annotate(
            config,
            source,
            out,
            overrides=parse_config_overrides(ctx.args),
            spending=Spending(max_cost, max_tokens),
            allow_missing=allow_missing,
            watch=watch,
        )
    status = show(report, out, allow_missing=allow_missing)
    if status:
        raise typer.Exit(status)


def show(report: "Report", out: Path, *, allow_missing: bool) -> int:
    """Print what became of a corpus.

    RETURNS (int): The status to exit with: 0 if every document was answered.
    """
    tally, states = report.tally, report.states
    msg.table(sorted(states.items()), header=("state", "documents"), divider=True)
    msg.text(
        f"{tally.kept:,} answers were in the ledger; {tally.asked:,} were asked for: {tally.requests:,} "
        f"requests, {tally.prompt_tokens:,} + {tally.completion_tokens:,} tokens, {tally.cost:,.4f} USD."
    )
    unusable = sum(states[state] for state in ("truncated", "refused", "unparsable"))
    if unusable:
        msg.warn(f"{unusable} answers cannot be used; their documents carry no labels.")
    if states["failed"]:
        msg.fail(
            f"{states['failed']} documents failed. The same command asks for those again, and only for them."
        )
    if report.missing:
        msg.fail(
            f"{report.missing} documents are not answered yet. The same command goes on where this one ended."
        )
    if tally.stopped:
        msg.fail(f"Stopped early: {tally.stopped}.")
    msg.good(f"Wrote {report.documents} documents: {out}")
    if tally.stopped == "interrupted":
        return INTERRUPT_STATUS
    return int(bool(states["failed"] or tally.stopped or (report.missing and not allow_missing)))
