"""How good each teacher's labels are, measured against the pool's gold labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.provenance import doc_id, views
from ..corpus.scores import count_spans
from .config import Corpora, Study


def teacher_rows(study: Study) -> dict[str, dict[str, Any]]:
    """Count each teacher's spans against gold, document by document.

    Documents without labels (refused, truncated, unparsable) are counted apart: they are no training data.

    study (Study): The study; its pool is the gold standard.
    RETURNS (dict[str, dict[str, Any]]): By teacher: "rows" (as in `scores.json`), "documents", "unlabelled",
        and the models, prompts and sources that its documents name. Empty if the study has no pool.
    """
    if not study.corpora.pool:
        return {}
    vocab = Vocab()
    pool = {key: doc for doc in read_docs(Path(study.corpora.pool), vocab) if (key := doc_id(doc))}
    return {name: _judge(source, pool, vocab) for name, source in study.teachers.items()}


def _judge(source: Corpora, pool: dict[str, Doc], vocab: Vocab) -> dict[str, Any]:
    rows = []
    unlabelled = 0
    origins: set[tuple[str, str, str, str]] = set()
    documents = 0
    for doc in _docs(source, vocab):
        documents += 1
        origins.update(_origins(doc))
        gold = pool.get(doc_id(doc) or "")
        if not doc.has_annotation("ENT_IOB"):
            unlabelled += 1
        elif gold is not None:
            counts = count_spans(gold, doc)
            rows.append(
                {
                    "id": doc_id(doc),
                    "document": gold.user_data["distill"].get("document"),
                    "last": {label: list(count) for label, count in counts.items()},
                }
            )
    names = ("view", "model", "prompt", "source")
    return {
        "rows": rows,
        "documents": documents,
        "unlabelled": unlabelled,
        "origins": [dict(zip(names, origin, strict=True)) for origin in sorted(origins)],
    }


def _docs(source: Corpora, vocab: Vocab) -> Iterator[Doc]:
    for path in source.values() if isinstance(source, dict) else [source]:
        yield from read_docs(Path(path), vocab)


def _origins(doc: Doc) -> Iterator[tuple[str, str, str, str]]:
    for name, view in views(doc).items():
        yield (
            name,
            str(view.get("model") or ""),
            str(view.get("prompt") or ""),
            str(view.get("source") or "live"),
        )
