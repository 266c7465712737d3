"""Students that predict what they were not trained on: of other folds of the same corpus, or of gold."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

from ..configs import labels_of, load_pipeline
from ..corpus.provenance import article_id
from ..errors import DistillError
from ..tasks.annotation import Annotation
from ..tasks.base import Task
from ..training.fast_prediction import speed_up_prediction

BATCH = 64
DROPOUT = 0.2
Progress = Callable[[str], None]


def cross_validate(
    task: Task,
    docs: Sequence[Doc],
    *,
    folds: int,
    epochs: int,
    seed: int,
    progress: Progress = lambda what: None,
) -> Iterator[tuple[int, Annotation]]:
    """Let small students predict documents that they have not seen.

    The corpus is divided into folds of whole articles; for each fold a student is trained on the others.

    docs: the documents with their labels; of those without any the students learn nothing.
    folds: number of folds, at least 2.
    epochs: passes over the training folds, at least 1.
    seed: fixes the folds and the students.
    progress: called with a sentence now and then.
    YIELDS: number of a document, and what the student says of it.
    RAISES DistillError: if there are too few folds, epochs or articles.
    """
    if folds < 2 or epochs < 1:
        raise DistillError(f"folds = {folds} and epochs = {epochs}: give at least 2 folds and 1 epoch.")
    fold_of = folds_of(docs, folds, seed)
    for fold in range(folds):
        seen = [doc for number, doc in enumerate(docs) if fold_of[number] != fold]
        unseen = [number for number in range(len(docs)) if fold_of[number] == fold]
        progress(f"fold {fold + 1} of {folds}: {len(seen)} documents to learn from, {len(unseen)} to predict")
        student = _train(task, seen, epochs=epochs, seed=seed + fold)
        yield from zip(unseen, _predict(task, student, [docs[number] for number in unseen]), strict=True)


def predict_with(task: Task, docs: Sequence[Doc], model: Path) -> Iterator[tuple[int, Annotation]]:
    """Let a trained pipeline predict documents.

    docs: the documents with their labels.
    model: folder of the pipeline, or the name of an installed one.
    YIELDS: number of a document, and what the pipeline says of it.
    RAISES DistillError: if there is no such pipeline, or it does not know a label of the documents.
    """
    student = speed_up_prediction(load_pipeline(model))
    known = labels_of(student)
    if unknown := {item.label for doc in docs for item in task.read(doc).items}.difference(known):
        raise DistillError(
            f"The pipeline {model} does not know {sorted(unknown)}, so it would contradict every one of "
            f"them. It knows {known}."
        )
    yield from enumerate(_predict(task, student, docs))


def _predict(task: Task, student: Language, docs: Sequence[Doc]) -> Iterator[Annotation]:
    yield from map(task.read, student.pipe(task.make_bare(doc, student.vocab) for doc in docs))


def _train(task: Task, docs: Sequence[Doc], *, epochs: int, seed: int) -> Language:
    """Train a small pipeline in memory, without a config."""
    fix_random_seed(seed)
    student = spacy.blank("xx")
    student.add_pipe(task.factories[0])
    examples = [Example(task.make_bare(doc, student.vocab), doc) for doc in docs if task.read(doc).usable]
    if not any(task.read(doc).items for doc in docs):
        raise DistillError("There is no label to learn from: a student would contradict every label.")
    optimizer = student.initialize(lambda: examples)
    drawn = random.Random(seed)
    for _ in range(epochs):
        drawn.shuffle(examples)
        for start in range(0, len(examples), BATCH):
            student.update(examples[start : start + BATCH], drop=DROPOUT, sgd=optimizer)
    return student


def folds_of(docs: Sequence[Doc], folds: int, seed: int) -> list[int]:
    """The fold of each document: articles in random order, each into the fold that is smallest so far."""
    articles: dict[str, list[int]] = {}
    for number, doc in enumerate(docs):
        articles.setdefault(article_id(doc) or f"document {number}", []).append(number)
    if len(articles) < folds:
        raise DistillError(
            f"{len(articles)} articles cannot be divided into {folds} folds: give fewer folds."
        )
    order = sorted(articles)
    random.Random(seed).shuffle(order)
    sizes, fold_of = [0] * folds, [0] * len(docs)
    for article in order:
        fold = sizes.index(min(sizes))
        sizes[fold] += len(articles[article])
        for number in articles[article]:
            fold_of[number] = fold
    return fold_of
