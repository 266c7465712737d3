"""`distill clean`: mask what a student contradicts in a teacher's labels."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..labels.clean import CleanReport, LabelQuality


@command("clean")
def clean_cli(
    source: Annotated[
        Path, typer.Argument(metavar="DISTILLED.spacy", help="The corpus with the teacher's labels.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write.")],
    judge: Annotated[
        Path | None,
        typer.Option(
            "--judge", help="A trained pipeline to compare with. Without: students by cross-validation."
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", help="Folds; each is predicted by a student of the others.")
    ] = 4,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes that a student makes over its folds.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Fixes folds and students.")] = 0,
    gold: Annotated[
        Path | None,
        typer.Option("--gold", help="Gold of the same documents, to report how many errors were masked."),
    ] = None,
) -> None:
    """Mask what a student contradicts in the teacher's labels: it becomes missing."""
    from ..labels.clean import clean

    report = clean(
        source, out, model=judge, folds=folds, epochs=epochs, seed=seed, gold=gold, progress=msg.info
    )
    _show(report)
    msg.good(f"Cleaned {counted(report.documents, 'document')}: {out}")


def _show(report: "CleanReport") -> None:
    columns = {
        "teacher's": report.teacher,
        "masked": report.masked_items,
        "of them wrong": report.wrong,
        "student's alone": report.student,
        "of them right": report.right,
    }
    known = {name: counts for name, counts in columns.items() if counts is not None}
    labels = sorted(set(report.teacher) | set(report.student))
    rows = [[label, *(counts[label] for counts in known.values())] for label in labels]
    msg.table(rows, header=[report.items, *known], divider=True, aligns=["l", *["r"] * len(known)])
    if lost := report.mostly_masked():
        msg.warn(
            f"More than half of the {report.items} of {', '.join(lost)} were masked. A student that does so "
            "may be too weak for them: what is kept then looks better than it is."
        )
    share = report.masked / report.labelled
    msg.info(f"{report.masked} of {report.labelled} labelled {report.places} were masked ({share:.1%}).")
    if report.before and report.after:
        _compare(report.places, report.before, report.after)


def _compare(places: str, before: "LabelQuality", after: "LabelQuality") -> None:
    from ..tasks.scores import micro, prf

    def row(name: str, found: "LabelQuality") -> Iterable[str]:
        score = prf(micro(found.counts))
        return name, f"{found.error_rate:.2%}", *(f"{value:.3f}" for value in score)

    header, aligns = (f"kept {places}", "wrong", "P", "R", "F1"), ["l", "r", "r", "r", "r"]
    msg.table([row("before", before), row("after", after)], header=header, divider=True, aligns=aligns)
