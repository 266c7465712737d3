"""Mask what a student contradicts in a teacher's labels, and say what that was worth."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, write_docs
from ..corpus.files import check_outputs, check_writable
from ..corpus.provenance import record
from ..errors import DistillError
from ..tasks.annotation import Annotation, Item, places_of
from ..tasks.base import Task, task_of
from ..tasks.scores import Counts, add_counts
from .cross_validation import Progress, cross_validate, predict_with
from .quality import read_gold

# Under this name a document keeps what the student says of it.
STUDENT = "judge"


class LabelQuality(NamedTuple):
    """Labels against gold, where they were kept.

    counts: by label, without items that touch missing places.
    places: places that gold knows.
    missing: how many of them the labels leave missing.
    wrong: how many of the others are labelled wrong, be it the border or the label.
    """

    counts: dict[str, Counts]
    places: int
    missing: int
    wrong: int

    @property
    def error_rate(self) -> float:
        """Share of the kept places that is wrong, in [0, 1]."""
        kept = self.places - self.missing
        return self.wrong / kept if kept else 0.0


class Masked(NamedTuple):
    """Labels without what a student contradicts.

    annotation: what is left.
    teacher: the labels' items that were masked.
    student: the student's items because of which places were masked.
    """

    annotation: Annotation
    teacher: list[Item]
    student: list[Item]


@dataclass
class CleanReport:
    """What was masked, and what it was worth.

    items, places: what the task calls them.
    documents: number of documents.
    labelled: places that had a label, "O" included.
    masked: how many of them were masked.
    teacher: the teacher's items by label.
    masked_items: those of them that were masked.
    student: items of the student alone, because of which places were masked.
    wrong: how many of the masked items gold does not have; None without gold.
    right: how many of the student's items gold has; None without gold.
    before, after: the labels against gold; None without gold.
    """

    items: str
    places: str
    documents: int
    labelled: int
    masked: int = 0
    teacher: Counter[str] = field(default_factory=Counter)
    masked_items: Counter[str] = field(default_factory=Counter)
    student: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] | None = None
    right: Counter[str] | None = None
    before: LabelQuality | None = None
    after: LabelQuality | None = None

    def add(self, masked: Masked, places: int, gold: Annotation | None) -> None:
        """Count one document.

        places: how many of its places were masked.
        """
        self.masked += places
        self.masked_items.update(item.label for item in masked.teacher)
        self.student.update(item.label for item in masked.student)
        if gold is not None and self.wrong is not None and self.right is not None:
            self.wrong.update(item.label for item in masked.teacher if item not in gold.items)
            self.right.update(item.label for item in masked.student if item in gold.items)

    def mostly_masked(self) -> list[str]:
        """Labels that lost more than half of their items: the student may be too weak for them."""
        return [label for label, n in sorted(self.teacher.items()) if self.masked_items[label] > n / 2]


def clean(
    source: Path,
    out: Path,
    *,
    model: Path | None = None,
    folds: int = 4,
    epochs: int = 8,
    seed: int = 0,
    gold: Path | None = None,
    progress: Progress = lambda what: None,
) -> CleanReport:
    """Mask the labels of a corpus that a student contradicts, and write what is left.

    An item that only one of the two has is a contradiction: all of its places become missing. The rest of the
    document stays as it is.

    source: the annotated corpus, a `.spacy` file or folder.
    out: the file to write.
    model: a trained pipeline to compare with. Without: small students, trained by cross-validation.
    folds: folds of the cross-validation, at least 2.
    epochs: passes over the training folds, at least 1.
    seed: fixes folds and students.
    gold: gold of the same documents, to count how many of the masked labels were wrong.
    progress: called with a sentence now and then.
    RAISES DistillError: if a file cannot be read or written, no document has a label, there are too few
        folds, epochs or articles, or the pipeline cannot be loaded or does not know a label.
    """
    check_outputs([out], [source, model, gold])
    check_writable(out)
    vocab = Vocab()
    docs = list(read_docs(source, vocab))
    task = task_of(docs)
    labels = [task.read(doc) for doc in docs]
    labelled = sum(one.size - len(one.missing) for one in labels)
    if not labelled:
        raise DistillError(f"None of the {len(docs)} documents has a label: there is nothing to clean.")
    right = read_gold(task, gold, docs) if gold is not None else None
    if model is not None:
        predictions = predict_with(task, docs, model)
    else:
        predictions = cross_validate(task, docs, folds=folds, epochs=epochs, seed=seed, progress=progress)
    report = CleanReport(task.items, task.places, len(docs), labelled)
    report.teacher.update(item.label for annotation in labels for item in annotation.items)
    if right is not None:
        report.wrong, report.right = Counter(), Counter()
    after = dict(enumerate(labels))
    # Nothing is masked before all students have learned.
    for number, student in list(predictions):
        masked = mask(labels[number], student)
        after[number] = masked.annotation
        task.write(docs[number], masked.annotation)
        task.keep_items(docs[number], STUDENT, student.items)
        places = masked.annotation.missing - labels[number].missing
        said_by = str(model or f"students of {folds} folds")
        record(docs[number])["clean"] = {"judge": said_by, "masked": tuple(sorted(places))}
        report.add(masked, len(places), right.get(number) if right is not None else None)
    if right is not None:
        report.before = label_quality(task, ((right[n], labels[n]) for n in right))
        report.after = label_quality(task, ((right[n], after[n]) for n in right))
    write_docs(docs, out)
    return report


def mask(labels: Annotation, student: Annotation) -> Masked:
    """Make missing what a student contradicts, of the same places."""
    mine = sorted(set(labels.items).difference(student.items))
    theirs = [i for i in sorted(set(student.items).difference(labels.items)) if not labels.touches_missing(i)]
    kept = tuple(item for item in labels.items if item in student.items)
    missing = labels.missing | places_of((*mine, *theirs))
    return Masked(Annotation(labels.size, kept, missing), mine, theirs)


def label_quality(task: Task, pairs: Iterable[tuple[Annotation, Annotation]]) -> LabelQuality:
    """Compare labels with gold where the labels were kept.

    A gold item that touches a missing place need not be found, but what the labels make of the rest of it is
    wrong all the same. A labelled item that touches a place of which gold knows nothing is left out.

    pairs: gold and labels, in the same places.
    """
    counts: list[dict[str, Counts]] = []
    places = missing = wrong = 0
    for gold, labels in pairs:
        unknown = gold._replace(missing=gold.missing | labels.missing)
        known = tuple(item for item in gold.items if not unknown.touches_missing(item))
        counts.append(task.counts(unknown._replace(items=known), labels))
        for right, given in zip(gold.tags(), labels.tags(), strict=True):
            places += right is not None
            missing += right is not None and given is None
            wrong += right is not None and given is not None and right != given
    return LabelQuality(add_counts(counts), places, missing, wrong)
