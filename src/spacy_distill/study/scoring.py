"""Scores of pipelines: each document's counts, and what was found in it."""

import filecmp
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..configs import load_pipeline
from ..corpus.docbin import read_docs
from ..corpus.files import write_bytes
from ..corpus.provenance import article_id
from ..tasks.base import Annotation, Task
from ..tasks.scores import Counts
from ..training.fast_prediction import speed_up_prediction
from .corpora import doc_key

PREDICTIONS = "predictions.jsonl.gz"
# What spaCy notes of a pipeline beside what it consists of.
META = "meta.json"
SEEN = "seen"
# Counts of model-last by character borders.
CHARACTERS = "last_characters"
# The scores of model-last by label, each with 1 where gold has the label and else 0: see `Task.ranked`.
RANKED = "last_ranked"
# Documents that are predicted at a time, so that memory does not grow with the corpus.
BATCH = 64
# Documents among which those of one length are brought together.
WINDOW = 32 * BATCH

LabelCounts = dict[str, list[int]]


def score_models(
    task: Task,
    models: Mapping[str, Path],
    sets: Mapping[str, Path],
    gold: Path,
    out: Path,
    predicted: Mapping[str, Path] = MappingProxyType({}),
) -> dict[str, Any]:
    """Load pipelines from disk and score each on each corpus.

    task: what the annotation is.
    models: the pipelines; what "last" predicts is written to `predictions.jsonl.gz`.
    sets: corpora with gold labels.
    predicted: further corpora of which predictions are written.
    gold: the gold training data: an item is seen if its text is that of one there.
    out: folder to write to.
    RETURNS: by corpus the rows of its documents: "id", "document", and by model the counts (true positives,
        false positives, false negatives) per label, of all items and, where the texts of items recur, of the
        seen ones; and where labels are decisions of their own, scores.
    """
    known = {task.text(doc, item) for doc in read_docs(gold, Vocab()) for item in task.read(doc).items}
    scores: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    same = equal_pipelines(models)
    found: list[bytes] = []
    for model, place in models.items():
        if model in same:
            for row in itertools.chain(*scores.values()):
                pairs = [(f"{model}{end}", f"{same[model]}{end}") for end in ("", f"_{SEEN}")]
                row.update({own: row[other] for own, other in pairs if other in row})
            continue
        nlp = speed_up_prediction(load_pipeline(place))
        for name, path in sets.items():
            for i, (reference, doc) in enumerate(_predict(nlp, read_docs(path, nlp.vocab))):
                if i == len(scores[name]):
                    scores[name].append({"id": doc_key(reference, i), "document": article_id(reference)})
                row = scores[name][i]
                if model == "last":
                    found += _found_line(task, name, row["id"], doc)
                row[model], seen = count_items(task, reference, doc, known)
                if task.recurs:
                    row[f"{model}_{SEEN}"] = seen
                if model == "last":
                    row[CHARACTERS] = character_counts(task, reference, doc)
                    if ranked := task.ranked(reference, doc):
                        row[RANKED] = {
                            label: [[round(s, 6), int(right)]] for label, (s, right) in ranked.items()
                        }
        for name, path in predicted.items() if model == "last" else ():
            for i, (reference, doc) in enumerate(_predict(nlp, read_docs(path, nlp.vocab))):
                found += _found_line(task, name, doc_key(reference, i), doc)
    write_bytes(found, out / PREDICTIONS)
    return {"sets": scores}


def _found_line(task: Task, name: str, key: str, doc: Doc) -> Iterator[bytes]:
    """The line that says what was found in a document, if it is anything: places, never a text."""
    if (found := task.read(doc)).items:
        line = {"set": name, "id": key, "spans": task.to_characters(doc, found)}
        yield f"{json.dumps(line, separators=(',', ':'))}\n".encode()


def equal_pipelines(models: Mapping[str, Path]) -> dict[str, str]:
    """Which pipelines are the same as one before them, file by file; such a one need not be run again."""
    same: dict[str, str] = {}
    for one, other in itertools.combinations(models, 2):
        if other not in same and _same_files(models[one], models[other]):
            same[other] = one
    return same


def _same_files(one: Path, other: Path) -> bool:
    names = _files(one)
    return names == _files(other) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def _files(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != META)


def _predict(nlp: Language, references: Iterable[Doc]) -> Iterator[tuple[Doc, Doc]]:
    """Pairs of a document with gold labels and the pipeline's own, made from the text alone."""
    documents = (doc for doc in references if len(doc))
    while some := list(itertools.islice(documents, WINDOW)):
        # Documents of one length beside each other: a transformer pads all of a batch to the longest.
        order = sorted(range(len(some)), key=lambda i: len(some[i]))
        made = nlp.pipe((nlp.make_doc(some[i].text) for i in order), batch_size=BATCH)
        found = dict(zip(order, made, strict=True))
        yield from ((doc, found[i]) for i, doc in enumerate(some))


def count_items(task: Task, reference: Doc, doc: Doc, known: set[str]) -> tuple[LabelCounts, LabelCounts]:
    """Counts of one document per label: of all items, and of those whose text is among some known ones.

    The text of an item is that of the reference's places, whatever the tokens of who found it.
    """
    gold = task.read(reference)
    found = task.project(task.read(doc), doc, reference)

    def only_known(annotation: Annotation) -> Annotation:
        return annotation._replace(
            items=tuple(item for item in annotation.items if task.text(reference, item) in known)
        )

    return _plain(task.counts(gold, found)), _plain(task.counts(only_known(gold), only_known(found)))


def character_counts(task: Task, reference: Doc, doc: Doc) -> LabelCounts:
    """Counts of one document per label by borders of characters.

    spaCy's own scores, and `count_items`, go by the reference's tokens: of a token that was found in part all
    counts as found. Here it does not.
    """
    gold, found = task.read(reference), task.read(doc)
    if not gold.usable:
        return {}
    if gold.missing:
        apart = {item: task.project(found._replace(items=(item,)), doc, reference) for item in found.items}
        known = [item for item, alone in apart.items() if not any(map(gold.touches_missing, alone.items))]
        found = found._replace(items=tuple(known))
    right, given = set(task.to_characters(reference, gold)), set(task.to_characters(doc, found))
    counts: dict[str, Counts] = {}
    for item in right | given:
        one = Counts(item in right and item in given, item not in right, item not in given)
        counts[item[2]] = counts.get(item[2], Counts()) + one
    return _plain(counts)


def _plain(counts: Mapping[str, Counts]) -> LabelCounts:
    return {label: list(counts[label]) for label in sorted(counts)}
