"""`distill vote`: several views of a corpus become one annotation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..labels.vote import VoteReport


@command("vote")
def vote_cli(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="VIEW.spacy … OUT.spacy", help="The views, then the file to write."),
    ],
    rule: Annotated[
        str,
        typer.Option("--rule", help="majority, half, union, intersection, or threshold (with --threshold)."),
    ] = "majority",
    threshold: Annotated[
        int | None,
        typer.Option("--threshold", help="How many views must have an item."),
    ] = None,
    disputed: Annotated[
        str,
        typer.Option(
            "--disputed",
            help="What an item not chosen becomes: missing, O, majority, or first (the first view's word).",
        ),
    ] = "missing",
    negatives: Annotated[
        bool,
        typer.Option("--negatives", help="Keep rejected candidates as spans named negative."),
    ] = False,
) -> None:
    """Combine several views of the same documents by vote."""
    from ..labels.vote import vote
    from ..tasks.votes import VoteRule

    *sources, out = paths
    chosen = VoteRule(rule, disputed, threshold)  # type: ignore[arg-type]
    report = vote(sources, out, chosen, negatives=negatives)
    _show(report)
    msg.good(f"Voted on {counted(report.documents, 'document')}: {out}")


def _show(report: "VoteReport") -> None:
    labels = sorted({label for found in report.found.values() for label in found})
    rows = [(name, *(found[label] for label in labels)) for name, found in report.found.items()]
    rows.append(("voted", *(report.voted[label] for label in labels)))
    msg.table(rows, header=(report.items, *labels), divider=True, aligns=["l", *["r"] * len(labels)])
    share = report.missing / report.size if report.size else 0.0
    msg.info(f"{report.missing} of {report.size} {report.places} are missing ({share:.1%}).")
    for name, found in report.found.items():
        others = {label for other, some in report.found.items() if other != name for label in some}
        if found and others.isdisjoint(found):
            msg.warn(f"No other view has any of the labels of {name}: {', '.join(sorted(found))}.")
    if report.negatives:
        msg.info(f"{counted(report.negatives, 'negative span')} of rejected candidates: spans[negative].")
    if report.unlabelled:
        documents = counted(report.unlabelled, "document")
        msg.warn(f"{documents} without a label: too few views have a usable answer there.")
