"""Where work is done: processes of this machine, or a Ray cluster. What the work is, other rooms say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .engine import Engine, J, RayOptions, WorkFunction


class EngineName(StrEnum):
    """The engines."""

    local = "local"
    ray = "ray"


@contextmanager
def opened_engine(
    name: EngineName,
    work: WorkFunction[J],
    jobs: int | None,
    options: RayOptions,
    *,
    on_ray: Literal["tasks", "dataset"],
) -> Iterator[Engine[J]]:
    """An engine that does one kind of work.

    name: where the work is done.
    work: what is done with each job, in a worker.
    jobs: jobs at a time, at least 1; None: one on this machine, as many as fit on a cluster.
    options: what a worker takes of a cluster.
    on_ray: "tasks": a Ray task for each job, whose results come back; "dataset": Ray Data, whose workers live
        on and write their results themselves.
    YIELDS: the engine; afterwards a cluster is left, or ended if it was started here.
    RAISES DistillError: if Ray is not installed, or its cluster cannot be used.
    """
    if name == EngineName.local:
        from .local import LocalEngine

        yield LocalEngine(work, 1 if jobs is None else jobs)
        return
    from .cluster import joined_cluster
    from .ray_engines import RayDataset, RayTasks

    with joined_cluster(options, jobs) as workers:
        if on_ray == "dataset":
            yield RayDataset(work, workers, options)
        else:
            yield RayTasks(work, workers, options, at_most=jobs)
