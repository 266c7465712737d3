"""The one interface of all engines: jobs go in, events come out, and a task does what a job says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Work(Protocol):
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

        places: The new place of each of its files.
        """
        ...


J = TypeVar("J", bound=Work)


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    error: Why it failed; empty if it did not.
    facts: What else the driver is told; goes with pickle.
    """

    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# Carries out a job in a worker process. Its results go into the folder, which is not there yet.
Task = Callable[[J, Path], Outcome]


@dataclass(frozen=True)
class Event(Generic[J]):
    """Something that happened to a job.

    job: The job.
    kind: "started", "finished" or "failed".
    folder: On the driver: the results of a finished job, or what a failed one left.
    error: Why it failed.
    facts: What the task says of it.
    """

    job: J
    kind: Literal["started", "finished", "failed"]
    folder: Path | None = None
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, job: J, outcome: Outcome, folder: Path | None = None) -> "Event[J]":
        """How a job ended."""
        return cls(job, "failed" if outcome.error else "finished", folder, outcome.error, outcome.facts)


class Engine(Protocol[J]):
    """Carries out jobs, somewhere.

    workers: How many at a time.
    """

    workers: int

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[Event[J]]:
        """Carry out all jobs, in any order.

        A job that fails does not stop the rest. An engine that loses a worker does its job again.

        jobs: The jobs.
        scratch: A folder of the driver's, in which each job's results are put.
        YIELDS: For each job "started" (once or more), then "finished" or "failed" (once).
        """
        ...


class EngineName(StrEnum):
    """The engines."""

    local = "local"
    ray = "ray"


class RayOptions(BaseModel):
    """What a job takes of a cluster.

    num_cpus: CPUs of a worker. It computes with one thread whatever stands here.
    num_gpus: GPUs of a worker; with a fraction several workers share one.
    retries: How often a job is begun again whose worker was lost.
    files: "ship": each file is sent to each node once; "shared": all nodes see the same paths.
    """

    model_config = ConfigDict(extra="forbid")

    num_cpus: Annotated[float, Field(gt=0)] = 1.0
    num_gpus: Annotated[float, Field(ge=0)] = 0.0
    retries: Annotated[int, Field(ge=0)] = 3
    files: Literal["ship", "shared"] = "ship"
