"""What a study says of its teachers, its data and their cost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.duplicates import find_leaks
from ..corpus.files import digest
from ..corpus.provenance import article_id, doc_id, views
from ..corpus.scores import count_spans
from ..labels.corpus_statistics import corpus_facts
from ..tasks.base import find_task
from ..teacher.budget import TokenPrices, entry_usage
from ..teacher.ledger.entry import Entry
from ..teacher.ledger.store import Ledger
from .config import ORACLE, Prices, Run, Study
from .corpora import Inputs, doc_key
from .results import LAST, TEST, Row


@dataclass
class Bill:
    """The cost of some answers.

    answers: How many were found in the ledger.
    missing: How many were not.
    cost: USD.
    estimated: How many of the answers' costs are estimated from their length.
    """

    answers: int = 0
    missing: int = 0
    cost: float = 0.0
    estimated: int = 0

    def record(self) -> dict[str, Any]:
        """The bill as plain data."""
        return dict(vars(self))


def add_up(keys: Iterable[str], ledger: Path, prices: Prices | None) -> Bill | None:
    """Add up what answers cost.

    Where the ledger knows no cost, it is estimated: from the tokens that the server counted, or from the
    length of prompt and answer.

    keys: Keys of the answers; each is paid once.
    ledger: The ledger.
    prices: Prices for estimates; without them nothing can be estimated.
    RETURNS: The bill, or None if an answer's cost is neither known nor to be estimated.
    RAISES ValueError: If the ledger cannot be read.
    """
    bill = Bill()
    with Ledger(ledger, create=False) as opened:
        for key in sorted(set(keys)):
            entry = opened.get(key)
            if entry is None:
                bill.missing += 1
                continue
            bill.answers += 1
            if entry.cost is not None:
                bill.cost += entry.cost
            elif prices is None:
                return None
            else:
                bill.cost += estimate_cost(entry, prices)
                bill.estimated += 1
    return bill if bill.answers else None


def estimate_cost(entry: Entry, prices: Prices) -> float:
    """The cost of an answer in USD, from its tokens, or where they are unknown from its length."""
    return TokenPrices(prices.input, prices.output).cost(entry_usage(entry))


DATA = "data.json"


def write_data(study: Study, inputs: Inputs, folder: Path) -> None:
    """Describe a study's corpora in its folder."""
    srsly.write_json(folder / DATA, describe(study, inputs), indent=1)


def read_data(folder: Path) -> dict[str, Any]:
    """What `write_data` wrote, empty if it did not yet."""
    place = folder / DATA
    found: dict[str, Any] = srsly.read_json(place) if place.is_file() else {}
    return found


def describe(study: Study, inputs: Inputs) -> dict[str, Any]:
    """Describe the corpora of a study.

    study: The study.
    inputs: Its prepared corpora.
    RETURNS: By corpus: "path", "sha256", "documents", "articles", "tokens", "entities" by
        label; for those that students are trained on also "leaks": how many documents stand in each test
        corpus, exactly, nearly, and short ones that recur by nature.
    """
    tests = {TEST: inputs.test, **inputs.tests}
    trained = {"gold": inputs.gold_all}
    for labels, parts in inputs.distilled.items():
        trained |= {entry_name(labels, part): path for part, path in parts.items()}
    if inputs.oracle and any(ORACLE in (grid.regimens or []) for grid in study.all_grids().values()):
        trained[ORACLE] = inputs.oracle
    others = {"dev": inputs.dev, **({"held out": inputs.heldout} if inputs.heldout else {})}
    judges = {name: list(read_docs(path, Vocab())) for name, path in tests.items()}
    found = {name: _facts(tests[name], docs) for name, docs in judges.items()}
    for name, path in others.items():
        found[name] = _facts(path, list(read_docs(path, Vocab())))
    for name, path in trained.items():
        docs = list(read_docs(path, Vocab()))
        leaks = [find_leaks(docs, judge, test) for test, judge in judges.items()]
        told = {leak.name: {"exact": leak.exact, "near": leak.near, "short": leak.short} for leak in leaks}
        found[name] = {**_facts(path, docs), "leaks": told}
    return found


def entry_name(labels: str, part: str) -> str:
    """What a part of a teacher's labels is called in the description."""
    return " ".join(filter(None, (labels, part)))


def trained_on(study: Study, run: Run) -> list[str]:
    """What the corpora that a run was trained on are called in the description."""
    if run.arm.regimen == ORACLE:
        return ["gold", ORACLE]
    if not run.arm.variant:
        return ["gold"]
    parts = study.sources_of(run.arm.variant, run.seed)
    labels = study.labels_of(run.arm.variant, run.seed)
    return ["gold", *(entry_name(labels, part) for part in parts)]


def _facts(path: Path, docs: Sequence[Doc]) -> dict[str, Any]:
    facts = corpus_facts(find_task("ner"), docs)
    return {
        "path": str(path),
        "sha256": digest(path),
        "documents": facts.documents,
        "articles": facts.articles,
        "tokens": facts.tokens,
        "entities": {label: told.items for label, told in facts.labels.items()},
    }


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

    study: The study; its pool is the gold standard.
    RETURNS: By teacher: "rows" (as in `scores.json`; none without a pool),
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
