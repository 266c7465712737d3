"""Carry out a study: what is not done yet, on an engine, into the study's folder, and report on it."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import srsly

from ..configs import named_paths
from ..corpus.files import check_outputs
from ..engines import EngineName, opened_engine
from ..engines.engine import Engine, JobEvent
from ..errors import DistillError, counted
from .config import StudyConfig, read_study
from .corpora import describe_corpora
from .job import TrainingJob, train_job
from .plan import PlannedRun, StudyPlan, make_plan
from .store import DATA, TEACHERS, StudyFolder
from .teachers import teacher_rows

if TYPE_CHECKING:
    from .report.report import StudyReport


@dataclass(frozen=True)
class StudyEvent:
    """Something that happened in a study.

    kind: "planned" (first, once); of each run "skipped" (done before), or "started" and "finished" or
        "failed"; "reported" (last, once).
    plan: the study's plan.
    run: the run, if it is about one.
    error: why it failed.
    place: where the run's results, the log of its failure, or the scores of all runs are.
    workers: how many runs are carried out at a time.
    report: the report that was written.
    """

    kind: Literal["planned", "skipped", "started", "finished", "failed", "reported"]
    plan: StudyPlan
    run: PlannedRun | None = None
    error: str = ""
    place: Path | None = None
    workers: int = 1
    report: "StudyReport | None" = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.run.run if self.run else counted(len(self.plan.runs), 'run')}"


def run_study(
    config: Path | str,
    out: Path | str,
    *,
    engine: EngineName | str | Engine[TrainingJob] = EngineName.local,
    jobs: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    report: bool = True,
) -> Iterator[StudyEvent]:
    """Train and score every run of a study that is not done yet. It goes on as far as the events are taken.

    config: the study's config, like configs/study_sample.cfg.
    out: folder for the runs; what is finished there is not done again.
    engine: who trains: "local" (processes of this machine), "ray" (a Ray cluster), or an engine of one's own.
    jobs: runs at a time; None: one on this machine, as many as fit on a cluster.
    overrides: values of the config by dotted name, for instance {"study.max_steps": 20}.
    report: whether scores and report are written at the end, as `write_report` does.
    YIELDS: what happens.
    RAISES DistillError: if a corpus, a student or the folder cannot be used, or the engine is not there.
    RAISES ConfigValidationError: if the config does not say what it must, with the lines to change.
    """
    study, resolved = read_study(Path(config), overrides)
    check_outputs([Path(out)], [config, *named_paths(resolved)], folder=True)
    folder = StudyFolder(Path(out))
    with open_study_engine(engine, jobs, study) as workers, folder.opened() as scratch:
        plan = _with_time(make_plan(study, folder.corpora, folder.is_done), folder)
        folder.write_plan(resolved, plan)
        # Before the runs: a report of a study that is not finished shows its teachers and data too.
        srsly.write_json(folder.root / TEACHERS, teacher_rows(study, plan.task), indent=0)
        srsly.write_json(folder.root / DATA, describe_corpora(study, plan.corpora, plan.task), indent=1)
        at_once = max(1, min(workers.workers, len(plan.pending)))
        yield StudyEvent("planned", plan, workers=at_once)
        for planned in plan.runs:
            if planned.done:
                yield StudyEvent("skipped", plan, planned, place=folder.root / planned.run.folder)
        pending = {planned.job.name: planned for planned in plan.pending}
        for event in workers.run([planned.job for planned in pending.values()], scratch):
            yield _study_event(plan, pending[event.job.name], event, folder)
        if report:
            from .report.report import write_report, write_scores

            written = write_report(folder.root)
            yield StudyEvent("reported", plan, place=write_scores(written.found, folder), report=written)


def plan_study(
    config: Path | str, out: Path | str, *, overrides: Mapping[str, Any] | None = None
) -> StudyPlan:
    """What `run_study` would do; nothing is trained, and nothing written into the folder."""
    study = read_study(Path(config), overrides)[0]
    folder = StudyFolder(Path(out))
    with tempfile.TemporaryDirectory() as corpora:
        return _with_time(make_plan(study, Path(corpora), folder.is_done), folder)


@contextmanager
def open_study_engine(
    engine: EngineName | str | Engine[TrainingJob], jobs: int | None, study: StudyConfig
) -> Iterator[Engine[TrainingJob]]:
    """An engine that trains and scores; a cluster is left, or ended if it was started here, afterwards.

    RAISES DistillError: if Ray is not installed, its cluster cannot be used, or runs get no GPU they need.
    """
    if not isinstance(engine, str):
        yield engine
        return
    if engine == EngineName.ray and study.gpu != (0 if study.ray.num_gpus else -1):
        raise DistillError(
            f"[study] has gpu = {study.gpu}, but [study.ray] num_gpus = {study.ray.num_gpus:g}. Ray "
            "shows a run only the GPUs that it was given: set gpu = 0 and num_gpus (0.25 for four runs "
            "on one GPU), or gpu = -1 and num_gpus = 0."
        )
    with opened_engine(EngineName(engine), train_job, jobs, study.ray, on_ray="tasks") as opened:
        yield opened


def _study_event(
    plan: StudyPlan, planned: PlannedRun, event: JobEvent[TrainingJob], folder: StudyFolder
) -> StudyEvent:
    place = planned.run.folder
    if event.kind == "finished" and event.folder is not None:
        return StudyEvent("finished", plan, planned, place=folder.keep(place, event.folder))
    if event.kind == "failed":
        kept = folder.keep_failure(place, event.folder, event.error)
        return StudyEvent("failed", plan, planned, event.error, kept)
    return StudyEvent("started", plan, planned)


def _with_time(plan: StudyPlan, folder: StudyFolder) -> StudyPlan:
    """A plan with the time that its runs will take, as far as each student has finished runs to go by."""
    per_step: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    for record in folder.records():
        student, seconds = record["student"], record["seconds"]
        per_step.setdefault(student, []).append(seconds["training"] / record["steps"])
        beside.setdefault(student, []).append(sum(seconds.values()) - seconds["training"])
    if any(planned.run.arm.student not in per_step for planned in plan.pending):
        return plan
    each = (
        fmean(per_step[student]) * planned.steps + fmean(beside[student])
        for planned in plan.pending
        for student in [planned.run.arm.student]
    )
    return replace(plan, seconds=sum(each))
