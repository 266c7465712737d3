"""The one interface of all engines: jobs go in, events come out, and a function does what a job says."""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class EngineJob(Protocol):
    """A job: plain data that may be pickled, and knows which files it reads."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def files(self) -> Sequence[str]:
        """The files and folders that it reads and that may be sent to a worker."""
        ...

    def moved(self, places: Mapping[str, str]) -> Self:
        """The same job with its files elsewhere.

        places: the new place of each of its files.
        """
        ...


J = TypeVar("J", bound=EngineJob)


@dataclass(frozen=True)
class JobResult:
    """What came of a job.

    error: why it failed; empty if it did not.
    facts: what else it says to the driver; plain data that may be pickled.
    """

    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# Does a job in a worker process. Its results go into the folder, which is not there yet.
WorkFunction = Callable[[J, Path], JobResult]


@dataclass(frozen=True)
class JobEvent(Generic[J]):
    """Something that happened to a job.

    job: the job.
    kind: "started", "finished" or "failed".
    folder: on the driver: the results of a finished job, or what a failed one left.
    error: why it failed.
    facts: what the work says of it.
    """

    job: J
    kind: Literal["started", "finished", "failed"]
    folder: Path | None = None
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, job: J, result: JobResult, folder: Path | None = None) -> "JobEvent[J]":
        """How a job ended."""
        return cls(job, "failed" if result.error else "finished", folder, result.error, result.facts)


class Engine(Protocol[J]):
    """Does jobs, somewhere.

    workers: how many at a time.
    """

    workers: int

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[JobEvent[J]]:
        """Do all jobs, in any order.

        A job that fails does not stop the rest. An engine that loses a worker does its job again.

        jobs: the jobs.
        scratch: a folder of the driver's, in which each job's results are put.
        YIELDS: for each job "started" (once or more), then "finished" or "failed" (once).
        """
        ...


class RayOptions(BaseModel):
    """What a job takes of a cluster.

    num_cpus: CPUs that are set aside for a worker, above 0. It computes with one thread in any case.
    num_gpus: GPUs of a worker; with a fraction several workers share one.
    retries: how often a job is begun again whose worker was lost, 0 or more.
    files: "ship": each file is sent to each node once; "shared": all nodes see the same paths.
    """

    model_config = ConfigDict(extra="forbid")

    num_cpus: Annotated[float, Field(gt=0)] = 1.0
    num_gpus: Annotated[float, Field(ge=0)] = 0.0
    retries: Annotated[int, Field(ge=0)] = 3
    files: Literal["ship", "shared"] = "ship"


def unseen(folder: Path) -> str:
    """What to say where a node does not see the driver's folder."""
    return (
        f"The node {socket.gethostname()} does not see {folder}. Put it on storage that all nodes share, "
        "under the same path."
    )
