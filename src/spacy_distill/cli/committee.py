"""`spacy-distill committee`: train several students that vote together."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..engines import EngineName
from ..errors import counted
from .console import RESUMABLE, command, msg
from .study import StudyProgress, show_plan

if TYPE_CHECKING:
    from ..study.runner import StudyEvent
    from ..study.train_committee import CommitteeReport


@command("committee", overrides=True, interrupted=RESUMABLE)
def committee_cli(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Argument(metavar="TRAIN.cfg", help="The students' training config, a blend of corpora.")
    ],
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Its folder; goes on where it was.")],
    gold: Annotated[Path | None, typer.Option(help="Gold corpus (default: of the paths).")] = None,
    distilled: Annotated[Path | None, typer.Option(help="Distilled corpus (default: of the paths).")] = None,
    dev: Annotated[
        Path | None,
        typer.Option(help="Gold that confidence is learned from (default: of the paths)."),
    ] = None,
    members: Annotated[
        str, typer.Option(help="Share schedules, separated by commas: each trains members.")
    ] = "gold, simple_mix, cosine",
    seeds: Annotated[int, typer.Option(help="How many members of each, from seed 0.")] = 1,
    folds: Annotated[
        int, typer.Option(help="Parts of the distilled corpus: no member votes on its own part. 0 for none.")
    ] = 0,
    engine: Annotated[EngineName, typer.Option(help="Who trains.")] = EngineName.local,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="How many trainings at a time.")] = None,
) -> None:
    """
    Train a committee: students of one config with several blends and seeds, each a pipeline of its own.
    Gold, distilled and dev corpora are those of the section paths of the config if no option names others.
    Values of the config can be set on the command line: --training.max_steps 600
    """
    from spacy.cli._util import parse_config_overrides

    from ..study.train_committee import CommitteeOptions, CommitteeReport, train_committee

    overrides = parse_config_overrides(list(ctx.args))
    given = {"gold": gold, "distilled": distilled, "dev": dev}
    overrides |= {f"paths.{name}": str(path) for name, path in given.items() if path is not None}
    names = [name.strip() for name in members.split(",") if name.strip()]
    options = CommitteeOptions(names, seeds, folds)
    reports: list[CommitteeReport] = []

    def events() -> "Iterator[StudyEvent]":
        for event in train_committee(config, out, options, engine=engine, jobs=jobs, overrides=overrides):
            if isinstance(event, CommitteeReport):
                reports.append(event)
            else:
                yield event

    for event in StudyProgress().show(events()):
        show_plan(event.plan, event.workers)
    for report in reports:
        show_committee(report)
        if failed := len(report.failed):
            msg.fail(f"{counted(failed, 'member')} failed; logs are in {out / 'runs' / 'failed'}", exits=1)


def show_committee(report: "CommitteeReport") -> None:
    """Print a committee's members, and what they are worth together."""
    committee = report.committee
    rows = [
        (one.name, "" if one.fold is None else str(one.fold), f"{100 * one.score:.1f}")
        for one in committee.members
    ]
    msg.table(rows, header=("Member", "Fold", "F1 on dev"), divider=True, aligns=("l", "r", "r"))
    msg.text(f"Their vote on dev: F1 {100 * report.together:.1f}")
    if committee.calibration is None or report.before is None or report.after is None:
        msg.warn("No item of dev was chosen: confidence stays the share of the votes.")
    else:
        msg.text(
            f"Confidence was learned from {counted(committee.calibration.items, 'item')} of dev. There "
            f"shares of votes are {100 * report.before:.1f} points off, confidence {100 * report.after:.1f}."
        )
    msg.good(f"Committee of {counted(len(committee.members), 'member')}: {committee.folder}")
