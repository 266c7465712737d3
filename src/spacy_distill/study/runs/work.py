"""The task of a study's workers, and the engines that can carry it out."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...engines.cluster import connected
from ...engines.engine import Engine, Outcome
from ...engines.local import LocalEngine
from ...engines.options import EngineName
from ...engines.tasks import RayTasks
from .config import Study
from .job import Job


def work(job: Job, folder: Path) -> Outcome:
    """Carry out one job in this process: a task for an engine."""
    from .trial import carry_out

    folder.mkdir(parents=True)
    try:
        carry_out(job, folder)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a training dies of is recorded, and the other runs go on
        return Outcome(traceback.format_exc())
    return Outcome()


@contextmanager
def opened_engine(name: EngineName, jobs: int | None, study: Study) -> Iterator[Engine[Job]]:
    """An engine that trains and scores.

    name (EngineName): Who does the work.
    jobs (Optional[int]): Runs at a time; None: one on this machine, as many as fit on a cluster.
    study (Study): The study: says what a run takes of a cluster.
    YIELDS (Engine): The engine; a cluster is left, or ended if it was started here, afterwards.
    RAISES (ValueError): If Ray is not installed, its cluster cannot be used, or runs get no GPU they need.
    """
    if name == EngineName.local:
        yield LocalEngine(work, 1 if jobs is None else jobs)
    else:
        if study.gpu != (0 if study.ray.num_gpus else -1):
            raise ValueError(
                f"[study] has gpu = {study.gpu}, but [study.ray] num_gpus = {study.ray.num_gpus:g}. Ray "
                "shows a run only the GPUs that it was given: set gpu = 0 and num_gpus (0.25 for four runs "
                "on one GPU), or gpu = -1 and num_gpus = 0."
            )
        with connected(study.ray, jobs) as workers:
            yield RayTasks(work, workers, study.ray, at_most=jobs)
