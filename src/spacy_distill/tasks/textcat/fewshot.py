"""Few-shot examples of classified texts: read, checked, and written as the answers that are asked for."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...errors import DistillError
from ..fewshot import is_corpus
from ..labels import LabelSet, read_structured
from .annotation import CategoryTask
from .answers import AnswerFormat, write_answer


class ClassifiedText(NamedTuple):
    """One few-shot example.

    text: the text.
    labels: those that apply.
    reason: why; may be empty.
    understanding: what the text is about, for the first step of a chain of thought; may be empty.
    """

    text: str
    labels: tuple[str, ...]
    reason: str = ""
    understanding: str = ""


@dataclass(frozen=True)
class ShownText:
    """A few-shot example as a template sees it.

    text, labels, reason, understanding: as of a `ClassifiedText`.
    answer: the answer in the format that is asked for.
    reasoned_answer: the same with the reason.
    """

    text: str
    labels: tuple[str, ...]
    reason: str
    understanding: str
    answer: str
    reasoned_answer: str


def show(shot: ClassifiedText, form: AnswerFormat, exclusive: bool) -> ShownText:
    """Write an example's answer in a format."""
    plain, reasoned = (write_answer(shot.labels, why, form, exclusive) for why in ("", shot.reason))
    return ShownText(*shot, answer=plain, reasoned_answer=reasoned)


def read_pool(path: Path, labels: LabelSet, task: CategoryTask, seed: int) -> list[ClassifiedText]:
    """Read the examples that can be shown.

    path: a YAML or JSON file, kept in its order: a list of `text`, `label` (or a list `labels`) and, to be
        shown in a chain of thought, `understanding` and `reason`. Or a gold corpus (`.spacy` file or
        folder), shuffled, of which wholly labelled documents are used.
    labels: the labels of the task.
    task: how a document's classes are read.
    seed: for shuffling.
    RAISES DistillError: if the file cannot be used, or holds a label that the task lacks.
    """
    if not is_corpus(path):
        return _read_file(path, labels, task)
    pool = []
    for doc in read_docs(path, Vocab()):
        annotation = task.read(doc)
        if annotation.usable and not annotation.missing:
            named = [item.label for item in annotation.items]
            pool.append(_shot({"text": doc.text, "labels": named}, labels, task, str(path)))
    if not pool:
        raise DistillError(f"{path} has no wholly labelled document to show as an example.")
    random.Random(seed).shuffle(pool)
    return pool


def _read_file(path: Path, labels: LabelSet, task: CategoryTask) -> list[ClassifiedText]:
    found = read_structured(path)
    if not isinstance(found, list):
        raise DistillError(
            f"{path} holds {type(found).__name__}. Expected a list of examples: - text: … label: …"
        )
    return [_shot(entry, labels, task, f"{path}, example {number}") for number, entry in enumerate(found, 1)]


def _shot(entry: Any, labels: LabelSet, task: CategoryTask, where: str) -> ClassifiedText:
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        raise DistillError(f"{where}: expected `text` and `label`, found {entry!r}.")
    given = entry.get("labels", entry.get("label"))
    named = given if isinstance(given, list) else [given]
    resolved = [labels.resolve(name) if isinstance(name, str) else None for name in named]
    if None in resolved:
        raise DistillError(
            f"{where}: the label is {given!r}. The labels of the task are {list(labels.labels)}: change "
            "`labels`, or map it in [components.llm.task.aliases]."
        )
    kept = tuple(str(label) for label in resolved if label != "O")
    if task.exclusive and len(kept) != 1:
        raise DistillError(f"{where}: expected one label, found {given!r}; the classes are exclusive.")
    return ClassifiedText(
        " ".join(entry["text"].split()),
        kept,
        str(entry.get("reason") or ""),
        str(entry.get("understanding") or ""),
    )
