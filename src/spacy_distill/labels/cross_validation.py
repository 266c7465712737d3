"""Students that judge a teacher: trained on other folds of the same corpus, or on gold."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

from ..corpus.provenance import article_id
from ..errors import DistillError

BATCH = 64
DROPOUT = 0.2
Progress = Callable[[str], None]


def judge_by_folds(
    docs: Sequence[Doc], *, folds: int, epochs: int, seed: int, progress: Progress = lambda what: None
) -> Iterator[tuple[int, Doc]]:
    """Let small students judge documents that they have not seen.

    The corpus is divided into folds of whole articles; for each fold a tok2vec student is trained on the
    others.

    docs: The documents with their labels; of those without any the students learn nothing.
    folds: Number of folds, at least 2.
    epochs: Passes over the training folds, at least 1.
    seed: Fixes the folds and the students.
    progress: Called with a sentence now and then.
    YIELDS: Number of a document, and a copy of it with the student's entities.
    RAISES DistillError: If there are too few folds, epochs or articles.
    """
    if folds < 2 or epochs < 1:
        raise DistillError(f"folds = {folds} and epochs = {epochs}: give at least 2 folds and 1 epoch.")
    fold_of = _folds(docs, folds, seed)
    for fold in range(folds):
        seen = [doc for number, doc in enumerate(docs) if fold_of[number] != fold]
        unseen = [number for number in range(len(docs)) if fold_of[number] == fold]
        progress(f"fold {fold + 1} of {folds}: {len(seen)} documents to learn from, {len(unseen)} to judge")
        student = train_student(seen, epochs=epochs, seed=seed + fold)
        yield from zip(unseen, student.pipe(_bare(docs[number], student) for number in unseen), strict=True)


def judge_by_model(docs: Sequence[Doc], model: Path) -> Iterator[tuple[int, Doc]]:
    """Let a trained pipeline judge documents.

    docs: The documents with their labels.
    model: Folder of the pipeline, or the name of an installed one.
    YIELDS: Number of a document, and a copy of it with the pipeline's entities.
    RAISES DistillError: If there is no such pipeline, or it does not know a label of the documents.
    """
    try:
        student = spacy.load(model)
    except OSError as error:
        raise DistillError(f"Cannot load the judge {model}: {error}") from error
    known = {label for name in student.pipe_names for label in student.pipe_labels.get(name, ())}
    if unknown := {ent.label_ for doc in docs for ent in doc.ents} - known:
        raise DistillError(
            f"The judge {model} does not know {sorted(unknown)}, so it would contradict every one of them. "
            f"It knows {sorted(known)}."
        )
    yield from enumerate(student.pipe(_bare(doc, student) for doc in docs))


def train_student(docs: Sequence[Doc], *, epochs: int, seed: int) -> Language:
    """Train a small named-entity pipeline in memory, without a config.

    docs: Documents with labels.
    epochs: Passes over them.
    seed: Fixes the result.
    RETURNS: The pipeline.
    RAISES DistillError: If no document has an entity.
    """
    fix_random_seed(seed)
    student = spacy.blank("xx")
    student.add_pipe("ner")
    examples = [
        Example(_bare(doc, student), doc) for doc in docs if len(doc) and doc.has_annotation("ENT_IOB")
    ]
    if not any(len(example.reference.ents) for example in examples):
        raise DistillError("There is no entity to learn from: the judge would contradict every label.")
    optimizer = student.initialize(lambda: examples)
    drawn = random.Random(seed)
    for _ in range(epochs):
        drawn.shuffle(examples)
        for start in range(0, len(examples), BATCH):
            student.update(examples[start : start + BATCH], drop=DROPOUT, sgd=optimizer)
    return student


def _folds(docs: Sequence[Doc], folds: int, seed: int) -> list[int]:
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


def _bare(doc: Doc, student: Language) -> Doc:
    return Doc(student.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc])
