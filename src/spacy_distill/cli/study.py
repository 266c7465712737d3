"""`spacy distill study`: train and score every run of a study."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .console import OVERRIDES, msg, shown_errors

if TYPE_CHECKING:
    from ..study.config import Study
    from ..study.plan import Plan
    from ..study.store import Store


@app.command("study", context_settings=OVERRIDES)
def study_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The study's config, like configs/study_sample.cfg")],
    out: Annotated[
        Path, typer.Argument(help="Folder for the runs; what is finished there is not done again")
    ],
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="How many runs at a time, one thread each")] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only plan: print the runs and their time")
    ] = False,
) -> None:
    """
    Train every run of a study that is not done yet, score it on the test corpus, and write the report.
    Values of the config can be set on the command line: --study.max_steps 100 --paths.gold gold.spacy
    """
    with shown_errors():
        from spacy.cli._util import parse_config_overrides

        from ..study.conduct import CORPORA, conduct, plan_study, write_study
        from ..study.config import read_study
        from ..study.local import LocalEngine
        from ..study.store import Store
        from .live import StudyProgress

        study, resolved = read_study(config, parse_config_overrides(list(ctx.args)))
        store = Store(out)
        if dry_run:
            with tempfile.TemporaryDirectory() as folder:
                _show_plan(plan_study(study, Path(folder))[0], store)
            return
        engine = LocalEngine(jobs)
        with store.opened() as scratch:
            plan = plan_study(study, out / CORPORA)[0]
            write_study(resolved, store)
            _show_plan(plan, store)
            shown = StudyProgress(len(plan.runs), jobs)
            shown.show(conduct(plan, store, engine, scratch))
            _finish(study, store)
        if shown.failed:
            msg.fail(f"{shown.failed} runs failed; their logs are in {out / 'failed'}", exits=1)


def _show_plan(plan: "Plan", store: "Store") -> None:
    done = sum(store.is_done(planned.run.folder, planned.fingerprint) for planned in plan.runs)
    msg.info(f"{len(plan.runs)} runs, {done} of them done; {sum(p.steps for p in plan.runs)} steps in all")
    for arm, reason in plan.left_out.items():
        msg.warn(f"Left out: {arm}: {reason}")


def _finish(study: "Study", store: "Store") -> None:
    from ..study.findings import find_all
    from ..study.report import write_report, write_scores
    from ..study.summary import read_summary
    from ..study.table import score_table, teacher_table
    from ..study.teachers import write_teachers
    from .live import show_table

    write_teachers(study, store.root)
    summary = read_summary(store.root)
    findings = find_all(summary)
    show_table("Students: strict entities, percent", *score_table(findings))
    show_table("Teachers against the pool's gold labels", *teacher_table(findings))
    for place in (
        write_scores(summary, store.root),
        *write_report(summary, findings, store.root / "report.html"),
    ):
        msg.good(f"Wrote {place}")
