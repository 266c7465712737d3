"""One pipeline that says how sure it is: its scores, and what such scores were worth on gold documents."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ..configs import labels_of
from ..corpus.docbin import read_docs
from ..corpus.provenance import CONFIDENCE
from ..errors import DistillError
from ..labels.confidence import Calibration, Rated, calibrate, rate
from ..tasks.base import Task, task_of

BATCH = 64


class ScoredPipeline:
    """A pipeline whose documents keep how sure it is of each item.

    calibration: the chance of an item to be right, by its score.
    """

    def __init__(self, nlp: Language, task: Task, calibration: Calibration) -> None:
        self.nlp, self.task, self.calibration = nlp, task, calibration

    def make_doc(self, text: str) -> Doc:
        """A document without annotation."""
        return self.nlp.make_doc(text)

    def memory_zone(self) -> AbstractContextManager[object]:
        """What the pipeline learns of new words within is forgotten afterwards."""
        return self.nlp.memory_zone()

    def __call__(self, text: str) -> Doc:
        """Predict one document."""
        return next(self.pipe([self.make_doc(text)]))

    def pipe(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """Predict documents, and keep the confidence in each item."""
        found = list(self.nlp.pipe(docs))
        for doc, scores in zip(found, self.task.predicted_scores(self.nlp, found), strict=True):
            sure = {item: self.calibration(score) for item, score in scores.items()}
            self.task.keep_items(doc, CONFIDENCE, sure)
            yield doc


def learn_calibration(nlp: Language, task: Task, dev: Path) -> Calibration:
    """Learn from gold documents how often an item of a pipeline is right, by its score.

    The items are compared in the pipeline's own tokens, which are those of new text.

    nlp: the pipeline.
    task: what it predicts.
    dev: gold documents that it was not trained on, as `.spacy`.
    RAISES DistillError: if they are of another task, have other labels only, or no item was predicted where
        gold is known.
    """
    docs = list(read_docs(dev, nlp.vocab))
    if (found := task_of(docs, task.name)).name != task.name:
        raise DistillError(f"{dev} is of the task {found.name!r}; the pipeline predicts {task.name!r}.")
    usable = [doc for doc in docs if task.read(doc).usable]
    known = {item.label for doc in usable for item in task.read(doc).items}
    own = labels_of(nlp)
    if known and own and not known & set(own):
        raise DistillError(
            f"{dev} has the labels {', '.join(sorted(known))}, of which the pipeline knows none. It knows "
            f"{', '.join(own)}."
        )
    rated: list[Rated] = []
    for start in range(0, len(usable), BATCH):
        golds = usable[start : start + BATCH]
        predicted = list(nlp.pipe([nlp.make_doc(doc.text) for doc in golds]))
        for gold, doc, scores in zip(golds, predicted, task.predicted_scores(nlp, predicted), strict=True):
            rated += rate(task.project(task.read(gold), gold, doc), scores)
    if not rated:
        raise DistillError(
            f"In {dev}, {len(usable)} documents with gold, the pipeline predicts no {task.items}: what "
            "scores are worth cannot be learned. Give gold documents with such, or train the pipeline longer."
        )
    return calibrate(rated)
