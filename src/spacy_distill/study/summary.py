"""A study as it stands, from its folder or from the `results.json` that was made of it."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from confection import Config

from ..corpus.files import write_bytes
from ..errors import DistillError
from .config import Arm, Run, Study, check_study, make_runs
from .results import Result, article_rows, read_results, without_text
from .runner import CORPORA, PLAN, STUDY, read_plan
from .sources import read_data, read_teachers
from .store import Store

# That of results.json; another one is not read.
FORMAT = 1


@dataclass
class Summary:
    """A study as it stands.

    study: Its config.
    runs: The runs of its matrix.
    results: Those that are finished.
    teachers: Counts of each teacher's labels: see `teacher_rows`.
    failures: Why each failed run that is not finished failed.
    data: What its corpora hold: see `describe`.
    left_out: Arms that cannot be had, and why.
    folder: Its folder, where texts and predictions are; None if there are only results.
    """

    study: Study
    runs: Sequence[Run]
    results: Sequence[Result]
    teachers: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    @cached_property
    def by_arm(self) -> dict[Arm, list[Result]]:
        """The finished runs of each arm, in the order of the matrix, seeds sorted."""
        groups: dict[Arm, list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.run.arm, []).append(result)
        return {arm: sorted(group, key=lambda result: result.run.seed) for arm, group in groups.items()}


def read_summary(place: Path) -> Summary:
    """Read a study.

    place: Its folder, as `spacy distill study` wrote it; or a `results.json`, or `results.json.gz`.
    RETURNS: The study.
    RAISES DistillError: If it is neither, or results of another format.
    """
    place = Path(place)
    if place.is_file():
        return _from_file(place)
    if not (place / PLAN).is_file():
        raise DistillError(
            f"{place} has no {PLAN}: it is not the folder of a study. Make one with `spacy distill study`."
        )
    study = check_study(Config().from_disk(place / STUDY))
    store = Store(place)
    planned, left_out = read_plan(place)
    runs = {run: planned[str(run)] for run in make_runs(study) if str(run) in planned}
    results = read_results(store, runs, place / CORPORA, study)
    done = {result.run for result in results}
    failures = {str(run): error for run in runs if run not in done and (error := store.failure(run.folder))}
    return Summary(
        study, list(runs), results, read_teachers(place), failures, read_data(place), left_out, place
    )


def results_data(summary: Summary, findings: dict[str, Any]) -> dict[str, Any]:
    """All that `results.json` holds: counts by article, never a text, and what was found from them.

    summary: The study.
    findings: What the report says: see `find_all`.
    RETURNS: Plain data, from which `read_summary` makes the summary again.
    """
    teachers = {
        name: {**teacher, "rows": article_rows(teacher["rows"])} for name, teacher in summary.teachers.items()
    }
    return {
        "format": FORMAT,
        "study": summary.study.model_dump(),
        "findings": findings,
        "teachers": teachers,
        "planned": [str(run) for run in summary.runs],
        "left_out": summary.left_out,
        "failures": {run: without_text(error) for run, error in summary.failures.items()},
        "data": summary.data,
        "runs": [
            {
                "run": str(result.run),
                "record": result.record,
                "sets": result.sets,
                "blend": result.blend,
            }
            for result in summary.results
        ],
    }


def write_results(data: dict[str, Any], path: Path) -> None:
    """Write `results.json`, compressed if its name ends in .gz."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text, path)


def _from_file(path: Path) -> Summary:
    content = path.read_bytes()
    with _refused(path):
        data = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        written = int(data["format"])
    if written != FORMAT:
        raise DistillError(
            f"{path} has format {written}, but this spacy-distill reads results of format {FORMAT}. Read it "
            "with the version that wrote it, or make it again with `spacy distill report STUDY_DIR`."
        )
    with _refused(path):
        return _from_data(data)


def _from_data(data: dict[str, Any]) -> Summary:
    study = check_study(Config({"study": data["study"]}))
    runs = {str(run): run for run in make_runs(study)}
    results = [
        Result(runs[entry["run"]], entry["record"], entry["sets"], entry["blend"]) for entry in data["runs"]
    ]
    planned = [runs[name] for name in data["planned"]]
    rest = [data[name] for name in ("teachers", "failures", "data", "left_out")]
    return Summary(study, planned, results, *rest)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Refuse a file of which something is missing or not what it should be."""
    try:
        yield
    except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
        raise DistillError(
            f"{path} is neither the folder of a study nor a results.json of `spacy distill report` "
            f"({type(error).__name__})."
        ) from error
