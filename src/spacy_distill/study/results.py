"""The finished runs of a study, from its folder or from the `results.json` that was made of it."""

import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from confection import Config

from ..blend.log import FILE_NAME, read_blend_log
from ..corpus.files import write_bytes
from ..errors import DistillError
from ..tasks.base import DEFAULT, find_task
from ..tasks.scores import Counts, add_counts, macro_f, micro, prf
from .config import HELDOUT, Arm, Run, StudyConfig, arms_of, check_study, make_runs
from .lineage import LineageReader
from .pairs import arm_labels
from .scoring import PREDICTIONS, RANKED
from .store import DATA, TEACHERS, StudyFolder

# That of results.json; another one is not read.
FORMAT = 2
# Steps that a curve keeps: enough for a drawing.
CURVE_POINTS = 100
# The two models of a run.
LAST, BEST = "last", "best"

Row = dict[str, Any]
ByArticle = dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    run: the run.
    record: its `run.json`: steps, inputs, versions, seconds.
    sets: its counts by corpus, a row an article: see `score_models`, `article_rows`.
    blend: what training saw: see `read_blend`.
    """

    run: Run
    record: dict[str, Any]
    sets: dict[str, list[Row]]
    blend: dict[str, Any] = field(default_factory=dict)

    def total(self, name: str, kind: str = LAST) -> dict[str, Counts]:
        """Counts per label of a whole corpus."""
        return add_counts(
            {label: Counts(*numbers) for label, numbers in row.get(kind, {}).items()}
            for row in self.sets[name]
        )

    def has(self, kind: str, name: str) -> bool:
        """Whether a corpus was counted in this way."""
        return any(kind in row for row in self.sets.get(name, []))


@dataclass
class StudyResults:
    """A study as it stands.

    study: its config.
    runs: the runs of its plan.
    results: those that are finished.
    teachers: counts of each teacher's labels: see `teacher_rows`.
    failures: why each failed run that is not finished failed.
    data: what its corpora hold: see `describe_corpora`.
    left_out: arms that cannot be had, and why.
    folder: its folder, where texts and predictions are; None if there are only results.
    task: name of the task whose annotation was scored.
    """

    study: StudyConfig
    runs: Sequence[Run]
    results: Sequence[RunResult]
    teachers: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    folder: StudyFolder | None = None
    task: str = DEFAULT

    @cached_property
    def by_arm(self) -> dict[Arm, list[RunResult]]:
        """The finished runs of each arm, in the order of the plan, seeds sorted."""
        groups: dict[Arm, list[RunResult]] = {}
        for result in self.results:
            groups.setdefault(result.run.arm, []).append(result)
        return {arm: sorted(group, key=lambda result: result.run.seed) for arm, group in groups.items()}

    @cached_property
    def labels(self) -> dict[Arm, str]:
        """What to call each arm: see `arm_labels`."""
        return arm_labels(arms_of(self.runs))

    @property
    def test_sets(self) -> list[str]:
        """The corpora that students are compared on."""
        return [self.study.main_set, *self.study.tests]


def read_results(place: Path | str) -> StudyResults:
    """Read a study.

    place: its folder, as `spacy-distill study` wrote it; or a `results.json`, or `results.json.gz`.
    RAISES DistillError: if it is neither, or results of another format.
    """
    if Path(place).is_file():
        return _from_file(Path(place))
    folder = StudyFolder(Path(place))
    study, plan = folder.read_plan()
    runs = [run for run in make_runs(study) if str(run) in plan["runs"]]
    task = find_task(plan.get("task", DEFAULT))
    lineage = LineageReader(task, folder.corpora)
    results, failures = [], {}
    for run in runs:
        record = folder.record(run.folder)
        # What was made of other inputs is no result of this study.
        if record is not None and record["fingerprint"] == plan["runs"][str(run)]:
            sets = folder.scores(run.folder)["sets"]
            # Students without a teacher are compared with the first one.
            labels = study.labels_of(run.arm.variant or study.variants[0], run.seed)
            lineage.add(sets.get(HELDOUT, []), folder.root / run.folder / PREDICTIONS, labels)
            # Statistics need no more than articles, and hundreds of runs have to fit into memory.
            articles = {name: article_rows(rows) for name, rows in sets.items()}
            results.append(RunResult(run, record, articles, read_blend(folder.root / run.folder / FILE_NAME)))
        elif error := folder.failure(run.folder):
            failures[str(run)] = error
    return StudyResults(
        study, runs, results, folder.read_facts(TEACHERS), failures, folder.read_facts(DATA),
        plan["left_out"], folder, task.name,
    )  # fmt: skip


def sum_rows(rows: Iterable[Row], kind: str = LAST) -> ByArticle:
    """Sum the numbers of the documents of each article; a document without one stands for itself."""
    articles: ByArticle = {}
    for row in rows:
        total = articles.setdefault(_article(row), {})
        for label, numbers in row.get(kind, {}).items():
            before = total.get(label)
            total[label] = [a + b for a, b in zip(before, numbers, strict=True)] if before else list(numbers)
    return articles


def article_rows(rows: list[Row]) -> list[Row]:
    """Rows a document as rows an article: all that statistics need, and a fraction of the size."""
    kinds = sorted({key for row in rows for key in row} - {"id", "document", RANKED})
    sums = {kind: sum_rows(rows, kind) for kind in kinds}
    ranked = ranked_rows(rows)
    return [
        {
            "document": article,
            **{kind: sums[kind][article] for kind in kinds},
            **({RANKED: ranked[article]} if article in ranked else {}),
        }
        for article in sum_rows(rows)
    ]


def ranked_rows(rows: Iterable[Row]) -> dict[str, dict[str, list[list[float]]]]:
    """The scores of the documents of each article that has some, by label: see `RANKED`."""
    articles: dict[str, dict[str, list[list[float]]]] = {}
    for row in rows:
        for label, scores in row.get(RANKED, {}).items():
            articles.setdefault(_article(row), {}).setdefault(label, []).extend(scores)
    return articles


def _article(row: Row) -> str:
    return str(row["document"] if row.get("document") is not None else row["id"])


def read_blend(path: Path) -> dict[str, Any]:
    """What training saw, from its `blend.jsonl`.

    RETURNS: "exposures" by source, "documents" by source, "curve" of steps with "planned" and "share_total",
        "scores" of the evaluations; empty if the student's logger wrote none.
    """
    if not path.is_file():
        return {}
    record = read_blend_log(path)
    every = max(1, len(record.steps) // CURVE_POINTS)
    thinned = [line for i, line in enumerate(record.steps) if not i % every or i == len(record.steps) - 1]
    return {
        "exposures": record.end["exposures"] if record.end else record.exposures(),
        "documents": record.plan["documents"],
        "curve": [{key: line[key] for key in ("step", "planned", "share_total")} for line in thinned],
        "scores": [
            {"step": line["step"], "score": line["score"]} for line in record.steps if "score" in line
        ],
    }


def score_lines(results: Iterable[RunResult]) -> Iterator[Row]:
    """One flat row a run and corpus: what `scores.jsonl` holds."""
    for result in results:
        for name in result.sets:
            row = {"run": str(result.run), **result.run.arm.record(), "seed": result.run.seed, "set": name}
            row["steps"] = result.record["steps"]
            for kind in (LAST, BEST):
                if kind == LAST or result.has(kind, name):
                    row[kind] = _scores(result.total(name, kind))
            yield row


def _scores(counts: Mapping[str, Counts]) -> dict[str, Any]:
    labels = {label: _prf(count) for label, count in sorted(counts.items())}
    macro = macro_f(counts) if any(map(any, counts.values())) else None
    return {"micro": _prf(micro(counts)), "macro_f": macro, "labels": labels}


def _prf(count: Counts) -> dict[str, float | None]:
    """Precision, recall and F1; None, never 0, where there is nothing to divide by."""
    there = {"p": count.tp + count.fp, "r": count.tp + count.fn, "f": sum(count)}
    return {key: value if there[key] else None for key, value in prf(count)._asdict().items()}


def write_results(found: StudyResults, findings: dict[str, Any], path: Path) -> None:
    """Write `results.json`, compressed if its name ends in .gz: counts by article, never a text.

    findings: what the report says: see `find_all`.
    """
    data = {
        "format": FORMAT,
        "task": found.task,
        "study": found.study.model_dump(),
        "findings": findings,
        "teachers": {
            name: {**teacher, "rows": article_rows(teacher["rows"])}
            for name, teacher in found.teachers.items()
        },
        "planned": [str(run) for run in found.runs],
        "left_out": found.left_out,
        "failures": {run: without_text(error) for run, error in found.failures.items()},
        "data": found.data,
        "runs": [
            {"run": str(result.run), "record": result.record, "sets": result.sets, "blend": result.blend}
            for result in found.results
        ],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    write_bytes(text, path)


def _from_file(path: Path) -> StudyResults:
    content = path.read_bytes()
    with _named_errors(path):
        data = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        written = int(data["format"])
    if written != FORMAT:
        raise DistillError(
            f"{path} has format {written}, but this spacy-distill reads results of format {FORMAT}. Read it "
            "with the version that wrote it, or make it again with `spacy-distill report STUDY_DIR`."
        )
    with _named_errors(path):
        study = check_study(Config({"study": data["study"]}))
        runs = {str(run): run for run in make_runs(study)}
        results = [
            RunResult(runs[entry["run"]], entry["record"], entry["sets"], entry["blend"])
            for entry in data["runs"]
        ]
        planned = [runs[name] for name in data["planned"]]
        facts = {name: data[name] for name in ("teachers", "failures", "data", "left_out")}
        return StudyResults(study, planned, results, **facts, task=data.get("task", DEFAULT))


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Name a file of which something is missing or not what it should be."""
    try:
        yield
    except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
        raise DistillError(
            f"{path} is neither the folder of a study nor a results.json of `spacy-distill report` "
            f"({type(error).__name__})."
        ) from error


TRACEBACK = "Traceback (most recent call last):"
# Characters of a message that are shown; the log has the rest.
LONGEST = 300
# spaCy's number of an error, which says what happened without the words that may quote a document.
CODE = re.compile(r"\[[EW]\d+\]")


def short_error(error: str) -> str:
    """What went wrong: the exception that ended the run, and the beginning of its message."""
    text = " ".join(_last_exception(error).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def without_text(error: str) -> str:
    """What went wrong, without the message of an exception: it may quote the text of a document."""
    if TRACEBACK not in error:
        return short_error(error)
    name, _, message = _last_exception(error).partition(":")
    return " ".join([name.strip(), *CODE.findall(message)[:1]])


def _last_exception(error: str) -> str:
    """The last exception of a traceback with its message; of other errors all."""
    if TRACEBACK not in error:
        return error
    lines = error.rpartition(TRACEBACK)[2].splitlines()
    # Its frames are indented.
    frames = itertools.takewhile(lambda line: not line or line[0].isspace(), lines)
    return "\n".join(lines[len(list(frames)) :])
