"""`spacy distill study`: train and score every run of a study."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..engines.engine import EngineName
from .console import OVERRIDES, app, duration, msg, resumable, shown_errors
from .progress import StudyProgress, show_plan, show_table

if TYPE_CHECKING:
    from confection import Config

    from ..engines.engine import Engine
    from ..study.config import Study
    from ..study.plan import Plan
    from ..study.run import Job
    from ..study.store import Store


@app.command("study", context_settings=OVERRIDES)
def study_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The study's config, like configs/study_sample.cfg")],
    out: Annotated[
        Path, typer.Argument(help="Folder for the runs; what is finished there is not done again")
    ],
    engine: Annotated[
        EngineName, typer.Option(help="Who trains: processes of this machine, or a Ray cluster (RAY_ADDRESS)")
    ] = EngineName.local,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="How many runs at a time, one thread each [default: 1; on ray what fits]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only plan: print the runs and their time")
    ] = False,
) -> None:
    """
    Train every run of a study that is not done yet, score it on the test corpus, and write the report.
    Values of the config can be set on the command line: --study.max_steps 100 --paths.gold gold.spacy
    """
    with shown_errors(), resumable():
        from spacy.cli._util import parse_config_overrides

        from ..study.config import read_study
        from ..study.runner import open_study_engine
        from ..study.store import Store

        study, resolved = read_study(config, parse_config_overrides(list(ctx.args)))
        store = Store(out)
        with open_study_engine(engine, jobs, study) as carrier:
            if dry_run:
                _only_plan(study, store, carrier.workers)
                return
            failed = _carry_out(study, resolved, store, carrier)
        if failed:
            msg.fail(f"{failed} runs failed; their logs are in {out / 'failed'}", exits=1)


def _only_plan(study: "Study", store: "Store", jobs: int) -> None:
    from ..study.runner import plan_study

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_study(study, Path(folder))[0]
        show_plan(plan, store)
        _show_time(plan, store, jobs, always=True)


def _carry_out(study: "Study", resolved: "Config", store: "Store", engine: "Engine[Job]") -> int:
    """Carry out a study and write its report.

    RETURNS: How many runs failed.
    """
    from ..study.runner import CORPORA, conduct, plan_study, write_study
    from ..study.sources import write_data, write_teachers

    with store.opened() as scratch:
        plan, inputs = plan_study(study, store.root / CORPORA)
        write_study(resolved, plan, store)
        # Before the runs: a report of a study that is not finished tells of its teachers and data too.
        write_teachers(study, store.root)
        write_data(study, inputs, store.root)
        show_plan(plan, store)
        expected = _show_time(plan, store, engine.workers)
        shown = StudyProgress(len(plan.runs), expected or 0.0)
        shown.show(conduct(plan, store, engine, scratch))
        _finish(store)
    return shown.failed


def _show_time(plan: "Plan", store: "Store", jobs: int, *, always: bool = False) -> float | None:
    from ..study.runner import WORTH_A_PROBE, estimate

    pending = [p for p in plan.runs if not store.is_done(p.run.folder, p.fingerprint)]
    seconds = estimate(pending, store, jobs, probe=always or len(pending) >= WORTH_A_PROBE)
    if seconds:
        msg.info(f"{len(pending)} runs to do, about {duration(seconds)} with {jobs} at a time")
    return seconds


def _finish(store: "Store") -> None:
    from ..study.findings import find_all
    from ..study.report.report import default_report, write_report, write_scores
    from ..study.report.sections import score_table, teacher_table
    from ..study.summary import read_summary

    summary = read_summary(store.root)
    findings = find_all(summary)
    show_table("Students: strict entities, percent", *score_table(findings))
    show_table("Teachers against the pool's gold labels", *teacher_table(findings))
    for place in (
        write_scores(summary, store.root),
        *write_report(summary, findings, default_report(store.root)),
    ):
        msg.good(f"Wrote {place}")
