"""The run matrix: which students are trained how, on how much gold, with which seeds."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from .config import Grid, Hold, Study

# Regimens that see no distilled label of the teacher: one run serves all variants.
WITHOUT_TEACHER = ("gold", "oracle")


@dataclass(frozen=True, order=True)
class Arm:
    """One way to train; its runs differ by their seed alone.

    student (str): Name of the student config.
    regimen (str): Name of the share schedule, or "oracle".
    gold_size (int): Number of gold documents, 0 for all.
    variant (str): Whose distilled labels; empty where the regimen sees none.
    rate (str): Learning rate: "student" (as its config says), "constant", "decay" or "restart".
    hold (str): What is equal to the baseline: "steps" or "gold" (the gold examples seen).
    """

    student: str
    regimen: str
    gold_size: int
    variant: str
    rate: str
    hold: Hold
    name: str = ""

    def record(self) -> dict[str, Any]:
        """The arm as plain data."""
        return asdict(self)


@dataclass(frozen=True, order=True)
class Run:
    """One training: an arm and a seed."""

    arm: Arm
    seed: int

    @property
    def folder(self) -> Path:
        """Place of the run within the study."""
        size = self.arm.gold_size or "all"
        return Path(self.arm.student, self.arm.name, f"gold-{size}", f"seed-{self.seed}")

    def __str__(self) -> str:
        return self.folder.as_posix()


def make_runs(study: Study) -> list[Run]:
    """All runs of a study, each once, ordered so that every arm gets its first seed before any its second.

    study (Study): The study.
    RETURNS (list[Run]): The runs.
    RAISES (ValueError): If two different arms get one name: their runs would share a folder.
    """
    runs: dict[Path, Run] = {}
    for grid in study.all_grids().values():
        for run in _grid_runs(study, grid):
            other = runs.setdefault(run.folder, run)
            if other != run:
                raise ValueError(
                    f"Two different arms would both be called {run.arm.name!r}: {other.arm.record()} and "
                    f"{run.arm.record()}. Give one's teacher or regimen another name, in [study.teachers] "
                    "or [study.shares]."
                )
    order = {seed: i for i, seed in enumerate(dict.fromkeys(run.seed for run in runs.values()))}
    return sorted(runs.values(), key=lambda run: order[run.seed])


def arms_of(runs: list[Run]) -> list[Arm]:
    """The arms of some runs, in the order of their first run."""
    return list(dict.fromkeys(run.arm for run in runs))


def _grid_runs(study: Study, grid: Grid) -> Iterator[Run]:
    axes = product(grid.seeds or [], grid.students or [], grid.gold_sizes or [], grid.regimens or [])
    for seed, student, size, regimen in axes:
        for variant, rate, hold in product(grid.variants or [], grid.rates or [], grid.hold or []):
            yield Run(_make_arm(study, student, size, regimen, variant, rate, hold), seed)


def _make_arm(
    study: Study, student: str, size: int, regimen: str, variant: str, rate: str, hold: Hold
) -> Arm:
    if regimen in WITHOUT_TEACHER:
        variant = ""
    if regimen == study.baseline:
        hold = "steps"
    extras = (
        variant if variant and variant != study.variants[0] else "",
        rate if rate != study.rates[0] else "",
        "equal_gold" if hold == "gold" else "",
    )
    name = "+".join([regimen, *filter(None, extras)])
    return Arm(student, regimen, size, variant, rate, hold, name)
