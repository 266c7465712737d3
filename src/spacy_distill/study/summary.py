"""Everything a study's folder says, gathered in one place for tables and reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import srsly
from confection import Config

from .conduct import STUDY
from .config import Study, check_study
from .matrix import Run, make_runs
from .results import Result, read_results
from .store import Store
from .teachers import teacher_rows

TEACHERS = "teachers.json"


@dataclass
class Summary:
    """A study as it stands on disk.

    study (Study): Its config.
    store (Store): Its folder.
    runs (Sequence[Run]): The runs of its matrix.
    results (Sequence[Result]): Those that are finished.
    teachers (dict[str, dict[str, Any]]): Counts of each teacher's labels: see `teacher_rows`.
    """

    study: Study
    store: Store
    runs: Sequence[Run]
    results: Sequence[Result]
    teachers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def failures(self) -> dict[str, str]:
        """Why each failed run that is not finished failed."""
        done = {result.run for result in self.results}
        found = {str(run): self.store.failure(run.folder) for run in self.runs if run not in done}
        return {run: error for run, error in found.items() if error is not None}


def read_summary(root: Path) -> Summary:
    """Read a study's folder.

    root (Path): The folder, as `spacy distill study` wrote it.
    RETURNS (Summary): What is there.
    RAISES (ValueError): If it is not the folder of a study.
    """
    place = Path(root) / STUDY
    if not place.is_file():
        raise ValueError(
            f"{root} is not the folder of a study: it has no {STUDY}. Make one with `spacy distill study`."
        )
    study = check_study(Config().from_disk(place))
    store = Store(Path(root))
    runs = make_runs(study)
    teachers = srsly.read_json(store.root / TEACHERS) if (store.root / TEACHERS).is_file() else {}
    return Summary(study, store, runs, read_results(store, runs), teachers)


def write_teachers(study: Study, store: Store) -> None:
    """Count the teachers' spans into the study's folder."""
    srsly.write_json(store.root / TEACHERS, teacher_rows(study), indent=0)
