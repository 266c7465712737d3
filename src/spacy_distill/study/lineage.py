"""Where a student's errors come from: its teacher made them too, or it made them alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ..corpus.files import read_json_lines
from ..tasks.base import Annotation, Item, Task
from .corpora import HELDOUT_FILE, heldout_teacher, keyed_docs

# Items in characters: start, end, label.
Spans = list[tuple[int, int, str]]


class Lineage(NamedTuple):
    """Errors of one label. An invented item is one that gold lacks, a missed one is one that only gold has.

    inherited_invented, inherited_missed: the student's errors that its teacher made as well.
    own_invented, own_missed: the student's errors that its teacher did not make.
    corrected_invented, corrected_missed: the teacher's errors that the student did not make.
    """

    inherited_invented: int = 0
    inherited_missed: int = 0
    own_invented: int = 0
    own_missed: int = 0
    corrected_invented: int = 0
    corrected_missed: int = 0


def trace(task: Task, gold: Annotation, teacher: Annotation, student: Annotation) -> dict[str, Lineage]:
    """Trace the errors in one document, label by label.

    The errors are those that scores count. Where the teacher's annotation is missing, an item that the
    student misses is the student's own error.

    gold, teacher, student: annotations in gold's places.
    RETURNS: the errors by label.
    """
    right, theirs = task.scored(gold, teacher)
    right, ours = task.scored(gold, student)
    teacher_missed = {item for item in right if not teacher.touches_missing(item)} - theirs
    groups: tuple[Iterable[Item], ...] = (
        (ours - right) & theirs,
        (right - ours) & teacher_missed,
        ours - right - theirs,
        (right - ours) - teacher_missed,
        (theirs - right) - ours,
        teacher_missed & ours,
    )
    counts = [Counter(item.label for item in group) for group in groups]
    labels = sorted({label for count in counts for label in count})
    return {label: Lineage(*(count[label] for count in counts)) for label in labels}


class LineageReader:
    """Traces students' errors on the held-out part of the pool.

    task: what the annotation is.
    corpora: the folder of the study's corpora.
    """

    def __init__(self, task: Task, corpora: Path) -> None:
        self.task = task
        self.corpora = corpora
        self._teachers: dict[str, dict[str, Annotation]] = {}

    @cached_property
    def gold(self) -> dict[str, tuple[Doc, Annotation]]:
        """The held-out documents by key, with what is right."""
        place = self.corpora / HELDOUT_FILE
        docs = keyed_docs(place) if place.is_file() else ()
        return {key: (doc, self.task.read(doc)) for key, doc in docs}

    def add(self, rows: list[dict[str, Any]], predictions: Path, labels: str) -> None:
        """Add the lineage of errors to the rows of the held-out documents.

        rows: the rows of one run: those whose document has a teacher's labels get "lineage".
        predictions: what the run's student found.
        labels: the name of its teacher's labels.
        """
        if not rows or not predictions.is_file():
            return
        if labels not in self._teachers:
            docs = {key: doc for key, (doc, _) in self.gold.items()}
            self._teachers[labels] = read_teacher(self.task, self.corpora, labels, docs)
        teacher, found = self._teachers[labels], read_predictions(predictions, "heldout")
        documents = Counter(row["id"] for row in rows)
        for row in rows:
            key = row["id"]
            # Of documents that share an id nobody knows whose predictions are whose.
            if documents[key] == 1 and key in self.gold and key in teacher:
                doc, right = self.gold[key]
                student = self.task.from_characters(doc, found.get(key, []))
                traced = trace(self.task, right, teacher[key], student)
                row["lineage"] = {label: list(lineage) for label, lineage in traced.items()}


def read_teacher(task: Task, corpora: Path, labels: str, gold: Mapping[str, Doc]) -> dict[str, Annotation]:
    """A teacher's labels of the held-out documents, as far as it has some, in gold's places.

    corpora: the folder of the study's corpora.
    labels: the name of the teacher's labels.
    gold: the held-out documents by key.
    """
    place = corpora / heldout_teacher(labels)
    found = {}
    for key, doc in keyed_docs(place) if place.is_file() else ():
        annotation = task.read(doc)
        # Documents that share an id may have other texts.
        if annotation.usable and key in gold and doc.text == gold[key].text:
            found[key] = task.project(annotation, doc, gold[key])
    return found


def read_predictions(path: Path, name: str) -> dict[str, Spans]:
    """What a student found in a corpus, by document; documents in which it found nothing are not there."""
    found = {}
    for _, line in read_json_lines(path):
        if line["set"] == name:
            found[line["id"]] = [(start, end, label) for start, end, label in line["spans"]]
    return found
