"""`distill vote`: several views of a corpus become one annotation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DistillError
from .console import app, msg, shown_errors

if TYPE_CHECKING:
    from ..tasks.votes import Tally


@app.command("vote")
def vote_cli(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="VIEW.spacy … OUT.spacy", help="The views, then the file to write."),
    ],
    rule: Annotated[
        str, typer.Option("--rule", help="majority, union, intersection, or threshold (with --threshold).")
    ] = "majority",
    threshold: Annotated[
        int | None,
        typer.Option("--threshold", help="How many views must hold a span."),
    ] = None,
    disputed: Annotated[
        str,
        typer.Option("--disputed", help="What tokens of a span not chosen become: missing, O or majority."),
    ] = "missing",
    negatives: Annotated[
        bool,
        typer.Option("--negatives", help="Make spans[negative] of rejected candidates."),
    ] = False,
) -> None:
    """Vote on the entities of several views of the same documents."""
    with shown_errors():
        from ..labels.vote import vote_files
        from ..tasks.votes import Election

        if len(paths) < 2:
            raise DistillError("Give the views to vote on, and as the last path the file to write.")
        *sources, out = paths
        election = Election(rule, disputed, threshold)  # type: ignore[arg-type]
        tally = vote_files(sources, out, election, negatives=negatives)
    _show(tally)
    msg.good(f"Voted on {tally.documents} documents: {out}")


def _show(tally: "Tally") -> None:
    labels = sorted({label for held in tally.held.values() for label in held})
    rows = [(name, *(held[label] for label in labels)) for name, held in tally.held.items()]
    rows.append(("voted", *(tally.kept[label] for label in labels)))
    msg.table(rows, header=("entities", *labels), divider=True, aligns=["l", *["r"] * len(labels)])
    share = tally.missing / tally.tokens if tally.tokens else 0.0
    msg.info(f"{tally.missing} of {tally.tokens} tokens are missing ({share:.1%}).")
    for name, held in tally.held.items():
        others = {label for other, some in tally.held.items() if other != name for label in some}
        if held and others.isdisjoint(held):
            msg.warn(f"No other view has any of the labels of {name}: {', '.join(sorted(held))}.")
    if tally.negatives:
        msg.info(f"{tally.negatives} negative spans were made of rejected candidates: spans[negative].")
    if tally.unlabelled:
        msg.warn(f"{tally.unlabelled} documents have no label: too few views have a usable answer there.")
