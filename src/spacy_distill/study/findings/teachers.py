"""How good each teacher's labels are, measured against the pool's gold labels, and what they cost."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...corpus.provenance import article_id, doc_id, views
from ...corpus.scores import count_spans
from ..runs.config import Study
from ..runs.inputs import doc_key
from .money import add_up
from .results import LAST, Row

TEACHERS = "teachers.json"
ORIGIN = ("view", "model", "prompt", "source")


def write_teachers(study: Study, folder: Path) -> None:
    """Count the teachers' spans into the study's folder."""
    srsly.write_json(folder / TEACHERS, teacher_rows(study), indent=0)


def read_teachers(folder: Path) -> dict[str, dict[str, Any]]:
    """What `write_teachers` wrote, empty if it did not yet."""
    place = folder / TEACHERS
    found: dict[str, dict[str, Any]] = srsly.read_json(place) if place.is_file() else {}
    return found


def teacher_rows(study: Study) -> dict[str, dict[str, Any]]:
    """Count each teacher's spans against gold, document by document.

    Of labels that are made anew for each seed, those of the first are judged.
    Documents without labels (refused, truncated, unparsable) are counted apart: they are no training data.

    study (Study): The study; its pool is the gold standard.
    RETURNS (dict[str, dict[str, Any]]): By teacher: "rows" (as in `scores.json`; none without a pool),
        "documents", "unlabelled", "origins" (view, model, prompt hash, source) and "bill" (see `Bill`).
    """
    vocab = Vocab()
    pool = _by_id(read_docs(Path(study.corpora.pool), vocab)) if study.corpora.pool else {}
    return {name: _judge(study, name, pool) for name in study.teachers}


def _by_id(docs: Iterable[Doc]) -> dict[str, Doc]:
    """Documents by their id; different ones that share an id can judge nothing."""
    found: dict[str, Doc] = {}
    shared = set()
    for doc in docs:
        key = doc_id(doc)
        if key and found.setdefault(key, doc).text != doc.text:
            shared.add(key)
        elif key:
            found[key] = doc
    return {key: doc for key, doc in found.items() if key not in shared}


def _judge(study: Study, name: str, pool: Mapping[str, Doc]) -> dict[str, Any]:
    rows: list[Row] = []
    unlabelled = documents = 0
    origins: set[tuple[str, ...]] = set()
    keys: list[str] = []
    for doc in _docs(study.sources_of(name, study.seeds[0]).values()):
        documents += 1
        gold = pool.get(doc_id(doc) or "")
        for view, told in views(doc).items():
            if told.get("state") == "unanswered":
                # No model answered: it is neither live nor recorded.
                continue
            origins.add((view, *(str(told.get(key) or "") for key in ORIGIN[1:])))
            keys += [told["key"]] if told.get("key") else []
        if not doc.has_annotation("ENT_IOB"):
            unlabelled += 1
        elif gold is not None:
            counts = {label: list(count) for label, count in count_spans(gold, doc).items()}
            rows.append({"id": doc_key(doc, documents), "document": article_id(gold), LAST: counts})
    ledger = study.ledgers.get(name)
    bill = add_up(keys, Path(ledger), study.prices) if ledger else None
    return {
        "rows": rows,
        "documents": documents,
        "unlabelled": unlabelled,
        "origins": [dict(zip(ORIGIN, origin, strict=True)) for origin in sorted(origins)],
        "bill": bill.record() if bill else None,
    }


def _docs(paths: Iterable[Path]) -> Iterator[Doc]:
    vocab = Vocab()
    for path in paths:
        yield from read_docs(path, vocab)
