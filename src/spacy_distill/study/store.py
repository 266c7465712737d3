"""The folder of a study: finished runs appear in it whole, by a rename, or not at all."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from confection import Config

from ..corpus.files import locked_folder, read_json, write_bytes
from ..errors import DistillError
from .config import DEPTH, StudyConfig, check_study
from .job import LOG, RECORD, SCORES
from .plan import StudyPlan

STUDY = "study.cfg"
PLAN = "plan.json"
TEACHERS = "teachers.json"
DATA = "data.json"
CORPORA = "corpora"
SCRATCH = ".running"
FAILED = "failed"
ERROR = "error.txt"


class StudyFolder:
    """A study on disk.

    root: its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.corpora = self.root / CORPORA

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Lock the study's folder, and give a fresh scratch folder in it.

        What an earlier, killed study left half-done is removed. The lock ends with the process.

        YIELDS: the scratch folder; removed afterwards.
        RAISES DistillError: if the folder cannot be written to, or another study is at work in it.
        """
        with locked_folder(self.root, SCRATCH, "Another study") as scratch:
            yield scratch

    def write_plan(self, config: Config, plan: StudyPlan) -> None:
        """Keep a study's config and plan: the report reads them."""
        write_bytes(config.to_str().encode(), self.root / STUDY)
        content = {
            "runs": {str(planned.run): planned.fingerprint for planned in plan.runs},
            "left_out": plan.left_out,
            "comparisons": [
                {"first": first.record(), "second": second.record(), "differences": differing}
                for first, second, differing in plan.pairs
            ],
            "task": plan.task.name,
        }
        write_bytes(json.dumps(content, indent=1).encode(), self.root / PLAN)

    def read_plan(self) -> tuple[StudyConfig, dict[str, Any]]:
        """The study, and of its plan "runs" (fingerprint of each), "left_out" (why) and "task".

        RAISES DistillError: if this is not the folder of a study.
        """
        if not (self.root / PLAN).is_file():
            raise DistillError(
                f"{self.root} has no {PLAN}: it is not the folder of a study. Make one with "
                "`spacy-distill study`."
            )
        return check_study(Config().from_disk(self.root / STUDY)), read_json(self.root / PLAN)

    def read_facts(self, name: str) -> dict[str, Any]:
        """What one of the study's own files (`data.json`, `teachers.json`) holds; empty before that."""
        place = self.root / name
        found: dict[str, Any] = read_json(place) if place.is_file() else {}
        return found

    def is_done(self, folder: Path, fingerprint: str) -> bool:
        """Whether a run is finished, and all it depends on is still the same."""
        done = self.record(folder)
        return done is not None and done.get("fingerprint") == fingerprint

    def record(self, folder: Path) -> dict[str, Any] | None:
        """The record of a finished run, or None."""
        place = self.root / folder
        if not (place / SCORES).is_file() or not (place / RECORD).is_file():
            return None
        record: dict[str, Any] = read_json(place / RECORD)
        return record

    def records(self) -> list[dict[str, Any]]:
        """The records of all finished runs, also of those that the study does not ask for any more."""
        places = self.root.glob("/".join(["*"] * DEPTH) + f"/{SCORES}")
        found = (self.record(place.parent.relative_to(self.root)) for place in places)
        return [record for record in found if record is not None]

    def scores(self, folder: Path) -> dict[str, Any]:
        """The scores of a finished run."""
        scores: dict[str, Any] = read_json(self.root / folder / SCORES)
        return scores

    def keep(self, folder: Path, results: Path) -> Path:
        """Take over the results of a finished run, in place of older ones, and return where they are."""
        _replace(results, self.root / folder)
        failed = self.root / FAILED / folder
        shutil.rmtree(failed, ignore_errors=True)
        for parent in failed.relative_to(self.root).parents[:-1]:
            with suppress(OSError):
                (self.root / parent).rmdir()
        return self.root / folder

    def keep_failure(self, folder: Path, results: Path | None, error: str) -> Path:
        """Keep the log of a failed run, and why it failed, and return where they are."""
        place = self.root / FAILED / folder
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if results is not None and (results / LOG).is_file():
            shutil.copy(results / LOG, place / LOG)
        (place / ERROR).write_text(error, encoding="utf8")
        if results is not None:
            shutil.rmtree(results, ignore_errors=True)
        return place

    def failure(self, folder: Path) -> str | None:
        """Why a run failed the last time, or None."""
        place = self.root / FAILED / folder / ERROR
        return place.read_text(encoding="utf8") if place.is_file() else None


def _replace(new: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        # A folder cannot be renamed onto another one: the old one leaves first, and with it its done-marker.
        old = new.with_name(f"{new.name}-old")
        place.rename(old)
        new.rename(place)
        shutil.rmtree(old)
    else:
        new.rename(place)
