"""Scores of a trained pipeline: span counts per label and sentence, and the spans, without any text."""

import filecmp
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...corpus.provenance import article_id
from ...corpus.scores import Counts, count_keys, span_keys
from .inputs import doc_key

SEEN = "seen"
PREDICTIONS = "predictions.jsonl"
# What spaCy notes of a pipeline beside what it consists of.
META = "meta.json"
# Documents that are predicted at a time, so that memory does not grow with the corpus.
BATCH = 64

Counted = dict[str, list[int]]


def score_models(
    models: Mapping[str, Path], sets: Mapping[str, Path], gold: Path, out: Path
) -> dict[str, Any]:
    """Load pipelines from disk and score each on each corpus.

    models (Mapping[str, Path]): The pipelines; the spans of "last" are written to `predictions.jsonl`.
    sets (Mapping[str, Path]): Corpora with gold labels.
    gold (Path): The gold training data: an entity is seen if its text is one there.
    out (Path): Folder to write to.
    RETURNS (dict[str, Any]): By corpus the rows of its documents: "id", "document", and by model the counts
        (true positives, false positives, false negatives) per label, of all entities and of the seen ones.
    """
    surfaces = entity_texts(read_docs(gold, Vocab()))
    scores: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    twins = find_twins(models)
    with (out / PREDICTIONS).open("w", encoding="utf8") as stream:
        for model, place in models.items():
            if model in twins:
                _copy_counts(scores, twins[model], model)
                continue
            nlp = spacy.load(place)
            for name, path in sets.items():
                for i, (reference, found) in enumerate(predict(nlp, read_docs(path, nlp.vocab))):
                    if i == len(scores[name]):
                        scores[name].append({"id": doc_key(reference, i), "document": article_id(reference)})
                    row = scores[name][i]
                    if model == "last" and found.ents:
                        stream.write(_line(name, row["id"], found))
                    row[model], row[f"{model}_{SEEN}"] = count_apart(reference, found, surfaces)
    return {"sets": scores}


def find_twins(models: Mapping[str, Path]) -> dict[str, str]:
    """Which pipelines are the same as one before them, file by file; such a one need not be run again."""
    twins: dict[str, str] = {}
    for one, other in itertools.combinations(models, 2):
        if other not in twins and _same_files(models[one], models[other]):
            twins[other] = one
    return twins


def _files(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != META)


def _same_files(one: Path, other: Path) -> bool:
    names = _files(one)
    return names == _files(other) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def _copy_counts(scores: dict[str, list[dict[str, Any]]], source: str, target: str) -> None:
    for rows in scores.values():
        for row in rows:
            row[target], row[f"{target}_{SEEN}"] = row[source], row[f"{source}_{SEEN}"]


def predict(nlp: Language, references: Iterable[Doc]) -> Iterator[tuple[Doc, Doc]]:
    """Pairs of a document with gold labels and the pipeline's own, made from the text alone."""
    pairs = ((nlp.make_doc(doc.text), doc) for doc in references if len(doc))
    for found, reference in nlp.pipe(pairs, as_tuples=True, batch_size=BATCH):
        yield reference, found


def entity_texts(docs: Iterable[Doc]) -> set[str]:
    """The texts of all entities."""
    return {ent.text for doc in docs for ent in doc.ents}


def count_apart(reference: Doc, found: Doc, surfaces: set[str]) -> tuple[Counted, Counted]:
    """Span counts of one document per label: of all entities, and of those whose text is among `surfaces`.

    The text of an entity is that of the reference's tokens, whatever the tokens of who found it.
    """
    expected, given = span_keys(reference, found)
    seen = {key for key in expected | given if reference[key[1] : key[2]].text in surfaces}
    return _plain(count_keys(expected, given)), _plain(count_keys(expected & seen, given & seen))


def _plain(counts: Mapping[str, Counts]) -> Counted:
    return {label: list(counts[label]) for label in sorted(counts)}


def _line(name: str, key: str, doc: Doc) -> str:
    spans = [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents]
    return json.dumps({"set": name, "id": key, "spans": spans}) + "\n"
