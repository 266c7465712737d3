"""What an engine is given: one training as plain data, and what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Job:
    """One training, complete: a worker needs nothing else, and writes only into its folder.

    name (str): The run, for people.
    config (str): The training config; variables are kept.
    paths (dict[str, str]): Files and folders by the name that the config's [paths] give them.
    scored (dict[str, str]): Corpora to score on, by name.
    record (dict[str, Any]): What the run is: goes into its `run.json`.
    keep (str): Which models stay: "all", "last" or "none".
    score_best (bool): Whether model-best is scored as well.
    gpu (int): GPU to use, -1 for the CPU.
    """

    name: str
    config: str
    paths: dict[str, str]
    scored: dict[str, str]
    record: dict[str, Any] = field(default_factory=dict)
    keep: str = "last"
    score_best: bool = True
    gpu: int = -1


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    job (Job): The job.
    kind (str): "started", "finished" or "failed".
    folder (Optional[Path]): On the driver: a finished job's results, or the log of a failed one.
    error (str): Why it failed.
    """

    job: Job
    kind: Literal["started", "finished", "failed"]
    folder: Path | None = None
    error: str = ""


class Engine(Protocol):
    """Carries out jobs, somewhere."""

    def run(self, jobs: Sequence[Job], scratch: Path) -> Iterator[Event]:
        """Carry out all jobs, in any order.

        A job that fails does not stop the rest. An engine that loses a worker does its job again.

        jobs (Sequence[Job]): The jobs.
        scratch (Path): A folder on the study's file system, in which each job's results are put.
        YIELDS (Event): For each job "started" (once or more), then "finished" or "failed" (once).
        """
        ...
