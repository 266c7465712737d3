"""`distill clean`: let a student judge the teacher, and mask what they contradict each other on."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import app, msg, shown_errors

if TYPE_CHECKING:
    from ..labels.clean import Masked, Quality


@app.command("clean")
def clean_cli(
    source: Annotated[
        Path, typer.Argument(metavar="DISTILLED.spacy", help="The corpus with the teacher's labels.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write.")],
    judge: Annotated[
        Path | None,
        typer.Option("--judge", help="A trained pipeline that judges. Without: small students, by folds."),
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", help="Folds; each is judged by a student of the others.")
    ] = 4,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes that a student makes over its folds.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="Fixes folds and students.")] = 0,
    gold: Annotated[
        Path | None,
        typer.Option("--gold", help="Gold of the same documents, to report how many errors were masked."),
    ] = None,
) -> None:
    """Mask the tokens on which a student contradicts the teacher: they become missing."""
    with shown_errors():
        from spacy.vocab import Vocab

        from ..corpus.docbin import read_docs, write_docs
        from ..labels.clean import clean, read_gold
        from ..labels.cross_validation import judge_by_folds, judge_by_model
        from ..teacher.annotate import check_out

        check_out(source, out)
        vocab = Vocab()
        docs = list(read_docs(source, vocab))
        right = read_gold(gold, docs, vocab) if gold else None
        if judge:
            verdicts = judge_by_model(docs, judge)
        else:
            verdicts = judge_by_folds(docs, folds=folds, epochs=epochs, seed=seed, progress=msg.info)
        masked = clean(docs, verdicts, str(judge or f"students of {folds} folds"), right)
        write_docs(docs, out)
    _show(masked)
    msg.good(f"Cleaned {len(docs)} documents: {out}")


def _show(masked: "Masked") -> None:
    columns = {
        "teacher's": masked.held,
        "masked": masked.entities,
        "of them wrong": masked.wrong,
        "judge's alone": masked.absences,
        "of them right": masked.missed,
    }
    known = {name: counts for name, counts in columns.items() if counts is not None}
    labels = sorted(set(masked.held) | set(masked.absences))
    rows = [[label, *(counts[label] for counts in known.values())] for label in labels]
    msg.table(rows, header=["entities", *known], divider=True, aligns=["l", *["r"] * len(known)])
    if lost := masked.hardly_left():
        msg.warn(
            f"More than half of the entities of {', '.join(lost)} were masked. A judge that does so may be "
            "too weak to judge them: what is kept then looks better than it is worth."
        )
    share = masked.masked / masked.tokens if masked.tokens else 0.0
    msg.info(f"{masked.masked} of {masked.tokens} labelled tokens were masked ({share:.1%}).")
    if masked.before and masked.after:
        _compare(masked.before, masked.after)


def _compare(before: "Quality", after: "Quality") -> None:
    from ..corpus.scores import micro, prf

    def row(name: str, found: "Quality") -> Iterable[str]:
        score = prf(micro(found.counts))
        return name, f"{found.error_rate:.2%}", *(f"{value:.3f}" for value in score)

    header, aligns = ("kept tokens", "wrong", "P", "R", "F1"), ["l", "r", "r", "r", "r"]
    msg.table([row("before", before), row("after", after)], header=header, divider=True, aligns=aligns)
