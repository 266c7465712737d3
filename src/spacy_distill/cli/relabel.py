"""`spacy-distill relabel`: a committee and teachers' views vote on the labels of a pool."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..engines import EngineName
from ..errors import DistillError, counted
from .committee import show_committee
from .console import RESUMABLE, command, msg
from .study import StudyProgress, show_plan

if TYPE_CHECKING:
    from ..labels.relabel import RelabelReport
    from ..study.runner import StudyEvent


@command("relabel", interrupted=RESUMABLE)
def relabel_cli(
    committee: Annotated[Path, typer.Argument(metavar="DIR", help="The committee's folder.")],
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="POOL.spacy [VIEW.spacy …] OUT.spacy",
            help="The documents, with or without teachers' labels; further views; the file to write.",
        ),
    ],
    undecided: Annotated[
        str,
        typer.Option(help="What an item with too few votes becomes: O, missing, majority, teacher."),
    ] = "O",
    weights: Annotated[
        str,
        typer.Option(
            help='Votes by name, "cot=2, member=1" (member, teacher: all of a kind); "learned": from --gold.'
        ),
    ] = "",
    gold: Annotated[
        Path | None,
        typer.Option(help="Gold of some of the documents: to learn weights from, and to score with."),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            help="2: train the committee anew with the new labels, in DIR-round-2, and relabel again."
        ),
    ] = 1,
    engine: Annotated[EngineName, typer.Option(help="Who trains further rounds.")] = EngineName.local,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="How many trainings at a time.")] = None,
) -> None:
    """Relabel a pool by the votes of a committee and of teachers; each item gets a confidence."""
    from ..labels.relabel import RelabelOptions, RelabelReport
    from ..study.relabel_rounds import relabel_in_rounds
    from ..study.train_committee import CommitteeReport

    if len(paths) < 2:
        raise DistillError("Give the pool and, as the last path, the file to write.")
    pool, *views, out = paths
    options = RelabelOptions(undecided, weights if weights == "learned" else _weights(weights))  # type: ignore[arg-type]
    events = relabel_in_rounds(
        committee, pool, views, out, options, gold, rounds=rounds, engine=engine, jobs=jobs
    )
    done: list[RelabelReport] = []

    def trainings() -> "Iterator[StudyEvent]":
        for event in events:
            if isinstance(event, RelabelReport):
                done.append(event)
                if rounds > 1:
                    msg.divider(f"Round {len(done)} of {rounds}")
                _show(event)
            elif isinstance(event, CommitteeReport):
                show_committee(event)
            else:
                yield event

    for event in StudyProgress().show(trainings()):
        show_plan(event.plan, event.workers)
    msg.good(f"Relabelled {counted(done[-1].documents, 'document')}: {out}")


def _weights(text: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, number = part.rpartition("=")
        if name.strip() in weights:
            raise DistillError(f"--weights names {name.strip()} twice: {text}.")
        try:
            weights[name.strip()] = float(number)
        except ValueError:
            raise DistillError(f"--weights: {part!r} is not of the form name=number, as in cot=2.") from None
    return weights


def _show(report: "RelabelReport") -> None:
    from ..labels.relabel import f1

    msg.text("Votes: " + ", ".join(f"{name} {weight:.2g}" for name, weight in report.voters.items()))
    labels = sorted({*report.kept, *report.gone, *report.new})
    rows = [(label, report.kept[label], report.gone[label], report.new[label]) for label in labels]
    msg.table(rows, header=(report.items, "kept", "gone", "new"), divider=True, aligns=("l", "r", "r", "r"))
    share = report.missing / report.size if report.size else 0.0
    msg.info(f"{report.missing} of {report.size} {report.places} are missing ({share:.1%}).")
    if report.without_view:
        documents = counted(report.without_view, "document")
        msg.info(f"{documents} without a teacher's label: the members alone voted.")
    if report.left_out:
        msg.info(f"{counted(report.left_out, 'document')} of the views are not in the pool, and left out.")
    if report.learned_gold:
        msg.warn(
            f"Members had learned from the gold of {counted(report.learned_gold, 'document')}: it judges "
            f"nothing; that of {report.gold} others does."
        )
    if report.learned:
        msg.warn(
            f"Members had learned from {counted(report.learned, 'document')}, and repeat what they learned. "
            " `committee --folds 4` trains members that vote on none of their own."
        )
    if report.before is not None and report.after is not None:
        error = report.calibration_error
        sure = "" if error is None else f"; confidence is off by {100 * error:.1f} points"
        if sure and not report.calibrated:
            sure += ", as it is that of the members alone: more gold teaches it"
        before, after = f"{100 * f1(report.before):.1f}", f"{100 * f1(report.after):.1f}"
        msg.info(f"Against gold: F1 {before} before, {after} after{sure}.")
        if report.without_view < report.documents and f1(report.after) < f1(report.before):
            msg.warn("Relabelling made the labels worse: are members weak? Give --weights learned.")
