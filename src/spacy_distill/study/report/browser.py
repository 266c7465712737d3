"""The browser of errors: sentences that some student got wrong, with all readings."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup
from spacy.tokens import Doc

from ...corpus.docbin import content_digest
from ...corpus.provenance import article_id
from ...labels.highlighting import Palette, highlight_errors
from ...tasks.base import Annotation, Pair, Task, find_task
from ..config import HELDOUT, Arm
from ..corpora import HELDOUT_FILE, keyed_docs
from ..lineage import Spans, read_predictions, read_teacher
from ..results import StudyResults
from ..scoring import PREDICTIONS
from ..store import StudyFolder

# Sentences shown of each corpus, those that most students got wrong first.
LIMIT = 120
INHERITED, OWN = "inherited", "own"


@dataclass
class StudentReading:
    """What one or several arms' students (first seed) make of a sentence.

    names: who reads it so: arms, or "gold labels", or "teacher …".
    html: the sentence with its items.
    marks: kinds of its errors, and with a teacher whether they are inherited or own.
    student: whether it is a student's.
    """

    names: list[str]
    html: Markup
    marks: set[str] = field(default_factory=set)
    student: bool = False


@dataclass
class WrongSentence:
    """A sentence that some student got wrong, with all its readings, gold first.

    name: the corpus.
    id: the document.
    article: its article.
    readings: the readings.
    labels: the labels concerned by errors.
    errors: how many errors all arms make in it.
    """

    name: str
    id: str
    article: str
    readings: list[StudentReading]
    labels: set[str]
    errors: int

    @property
    def marks(self) -> set[str]:
        """All kinds of errors of the students."""
        return set().union(*(reading.marks for reading in self.readings))

    @property
    def wrong(self) -> int:
        """How many arms got it wrong."""
        return sum(len(reading.names) for reading in self.readings if reading.marks)


@dataclass(frozen=True)
class ErrorBrowser:
    """Sentences to look at.

    sentences: the sentences.
    total: how many sentences of each corpus some student got wrong.
    notes: what cannot be shown, and why.
    kinds: in words, what each kind of error is called.
    """

    sentences: Sequence[WrongSentence]
    total: Mapping[str, int]
    notes: Sequence[str]
    kinds: Mapping[str, str]


def make_browser(found: StudyResults, limit: int = LIMIT) -> ErrorBrowser | None:
    """Collect the sentences that some student got wrong.

    found: a study whose folder and corpora are at hand.
    limit: sentences of each corpus, at most.
    RETURNS: the sentences, and why some are not shown; None if the texts or the predictions are not at hand.
    """
    if found.folder is None:
        return None
    task = find_task(found.task)
    sentences: list[WrongSentence] = []
    corpora: dict[str, dict[str, Doc]] = {}
    total: dict[str, int] = {}
    notes: list[str] = []
    for name, path in {
        found.study.main_set: Path(found.study.corpora.test or found.study.corpora.dev),
        HELDOUT: found.folder.corpora / HELDOUT_FILE,
    }.items():
        if not path.exists():
            continue
        if not _is_unchanged(found, name, path):
            notes.append(f"{path} is not what the runs were scored on, so its sentences are not shown.")
            continue
        keyed = list(keyed_docs(path))
        counts = Counter(key for key, _ in keyed)
        # Of documents that share an id nobody knows whose predictions are whose.
        docs = {key: doc for key, doc in keyed if counts[key] == 1}
        if len(docs) < len(keyed):
            shared = len(keyed) - len(docs)
            notes.append(f"{shared} documents of {path} share their id with another one and are not shown.")
        corpora[name] = docs
    # One colour for a label, in all corpora.
    palette = Palette(
        i.label for docs in corpora.values() for doc in docs.values() for i in task.read(doc).items
    )
    for name, docs in corpora.items():
        wrong = list(_sentences(found, found.folder, name, docs, task, palette))
        wrong.sort(key=lambda each: (-each.wrong, -each.errors))
        total[name] = len(wrong)
        sentences += wrong[:limit]
    return ErrorBrowser(sentences, total, notes, task.kinds) if sentences or notes else None


def _is_unchanged(found: StudyResults, name: str, path: Path) -> bool:
    """Whether a corpus is still the one that the runs were scored on: what they found are places in it."""
    records = (result.record["scored"] for result in found.results)
    scored = {record[name]["sha256"] for record in records if name in record}
    return not scored or scored == {content_digest(path)}


def _sentences(
    found: StudyResults,
    folder: StudyFolder,
    name: str,
    docs: Mapping[str, Doc],
    task: Task,
    palette: Palette,
) -> Iterator[WrongSentence]:
    students: dict[str, tuple[str, dict[str, Spans]]] = {}
    for arm, results in found.by_arm.items():
        place = folder.root / results[0].run.folder / PREDICTIONS
        if place.is_file():
            students[_arm_name(found, arm)] = (arm.variant, read_predictions(place, name))
    teachers = {}
    for variant in found.study.teachers if name == HELDOUT else ():
        labels = found.study.labels_of(variant, found.study.seeds[0])
        teachers[variant] = read_teacher(task, folder.corpora, labels, docs)
    for key, doc in docs.items():
        gold = task.read(doc)
        readings: dict[tuple[Any, ...], StudentReading] = {}
        concerned: set[str] = set()
        errors = 0
        for student, (variant, predictions) in students.items():
            spans = task.from_characters(doc, predictions.get(key, []))
            pairs = task.pair(gold, spans)
            wrong = [pair for pair in pairs if pair.kind != "correct"]
            errors += len(wrong)
            marks = {str(pair.kind) for pair in wrong}
            taught = teachers.get(variant, {}).get(key)
            marks |= {_origin(pair, taught) for pair in wrong} if taught else set()
            concerned |= {item.label for pair in wrong for item in (pair.gold, pair.found) if item}
            reading = StudentReading([], highlight_errors(task, doc, pairs, palette), marks, True)
            readings.setdefault((spans.items, *sorted(marks)), reading).names.append(student)
        if concerned:
            others = {"gold labels": gold} | {
                f"teacher {variant}": said[key] for variant, said in teachers.items() if key in said
            }
            shown = [
                StudentReading([who], highlight_errors(task, doc, task.pair(gold, annotation), palette))
                for who, annotation in others.items()
            ]
            yield WrongSentence(
                name, key, article_id(doc) or "", [*shown, *readings.values()], concerned, errors
            )


def _arm_name(found: StudyResults, arm: Arm) -> str:
    """The arm's label, with student and size where the study has several."""
    several = {axis: len({getattr(a, axis) for a in found.by_arm}) > 1 for axis in ("student", "gold_size")}
    student = [arm.student] if several["student"] else []
    size = [f"{arm.gold_size or 'all'} gold"] if several["gold_size"] else []
    return ", ".join([*student, found.labels[arm], *size])


def _origin(pair: Pair, teacher: Annotation) -> str:
    """Whether an error is the teacher's too: it found the same, or missed the same."""
    if pair.found is not None:
        return INHERITED if pair.found in teacher.items else OWN
    known = pair.gold is not None and not teacher.touches_missing(pair.gold)
    return INHERITED if known and pair.gold not in teacher.items else OWN
