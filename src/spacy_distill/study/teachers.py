"""What a study says of its teachers: how good their labels are, where they come from, what they cost."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.provenance import article_id, doc_id, views
from ..tasks.base import Task
from ..teacher.budget import TokenPrices, entry_usage
from ..teacher.ledger.entry import Entry
from ..teacher.ledger.store import Ledger
from .config import AnswerPrices, StudyConfig
from .corpora import doc_key

ORIGIN = ("view", "model", "prompt", "source")


def teacher_rows(study: StudyConfig, task: Task) -> dict[str, dict[str, Any]]:
    """Count each teacher's items against gold, document by document.

    Of labels that are made anew for each seed, those of the first are counted.
    Documents without labels (refused, truncated, unparsable) are counted apart: they are no training data.

    study: the study; its pool is the gold standard.
    task: what the annotation is.
    RETURNS: by teacher: "rows" (as in `scores.json`; none without a pool), "documents", "unlabelled",
        "origins" (view, model, prompt hash, source) and "bill": see `add_costs`.
    """
    pool = _by_id(read_docs(Path(study.corpora.pool), Vocab())) if study.corpora.pool else {}
    return {name: _teacher_rows(study, name, pool, task) for name in study.teachers}


def _by_id(docs: Iterable[Doc]) -> dict[str, Doc]:
    """Documents by their id; of different ones that share an id it is not known which is meant."""
    found: dict[str, Doc] = {}
    shared = set()
    for doc in docs:
        key = doc_id(doc)
        if key and found.setdefault(key, doc).text != doc.text:
            shared.add(key)
        elif key:
            found[key] = doc
    return {key: doc for key, doc in found.items() if key not in shared}


def _teacher_rows(study: StudyConfig, name: str, pool: Mapping[str, Doc], task: Task) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    unlabelled = documents = 0
    origins: set[tuple[str, ...]] = set()
    keys: list[str] = []
    paths = study.teacher_paths(name, study.seeds[0]).values()
    for doc in (doc for path in paths for doc in read_docs(path, Vocab())):
        documents += 1
        gold = pool.get(doc_id(doc) or "")
        for view, facts in views(doc).items():
            # Where no model answered, it is neither live nor recorded.
            if facts.get("state") != "unanswered":
                origins.add((view, *(str(facts.get(key) or "") for key in ORIGIN[1:])))
                keys += [facts["key"]] if facts.get("key") else []
        labels = task.read(doc)
        if not labels.usable:
            unlabelled += 1
        elif gold is not None:
            counts = task.counts(task.read(gold), task.project(labels, doc, gold))
            found = {label: list(count) for label, count in counts.items()}
            rows.append({"id": doc_key(doc, documents), "document": article_id(gold), "last": found})
    ledger = study.ledgers.get(name)
    return {
        "rows": rows,
        "documents": documents,
        "unlabelled": unlabelled,
        "origins": [dict(zip(ORIGIN, origin, strict=True)) for origin in sorted(origins)],
        "bill": add_costs(keys, Path(ledger), study.prices) if ledger else None,
    }


def add_costs(keys: Iterable[str], ledger: Path, prices: AnswerPrices | None) -> dict[str, Any] | None:
    """Add up what answers cost.

    Where the ledger knows no cost, it is estimated: from the tokens that the server counted, or from the
    length of prompt and answer.

    keys: keys of the answers; each is paid once.
    ledger: the ledger.
    prices: prices for estimates; without them nothing can be estimated.
    RETURNS: "answers" (how many were found in the ledger), "missing" (how many were not), "cost" (USD),
        "estimated" (of how many answers it is estimated); None if an answer's cost is not known.
    RAISES DistillError: if the ledger cannot be read.
    """
    bill: dict[str, Any] = {"answers": 0, "missing": 0, "cost": 0.0, "estimated": 0}
    with Ledger(ledger, create=False) as opened:
        for entry in map(opened.get, sorted(set(keys))):
            if entry is None:
                bill["missing"] += 1
                continue
            cost = entry.cost
            if cost is None:
                if prices is None:
                    return None
                cost = estimate_cost(entry, prices)
                bill["estimated"] += 1
            bill["answers"] += 1
            bill["cost"] += cost
    return bill if bill["answers"] else None


def estimate_cost(entry: Entry, prices: AnswerPrices) -> float:
    """The cost of an answer in USD, from its tokens, or where they are unknown from its length."""
    return TokenPrices(prices.input, prices.output).cost(entry_usage(entry))
