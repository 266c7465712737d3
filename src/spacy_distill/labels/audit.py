"""The audit of an annotated corpus: all findings in one record that can be written as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import content_digest, read_docs
from ..corpus.duplicates import Leaks, find_duplicates, find_leaks
from ..corpus.matching import match_gold
from ..corpus.provenance import CONFIDENCE, VOTES, article_id
from ..errors import DistillError
from ..tasks.annotation import Annotation, Item
from ..tasks.base import Task, task_of
from ..tasks.scores import Counts
from .confidence import Reliability, calibration_error, rate, reliability
from .corpus_statistics import (
    Agreement,
    Contradiction,
    CorpusFacts,
    Unseen,
    ViewFacts,
    agreements,
    contradictions,
    corpus_facts,
    unseen_items,
    view_facts,
    view_names,
)
from .estimate import LEAST, PoolEstimate, estimate_f1, expect
from .quality import ComparedDoc, Quality, compare

# The name of the documents' own annotation, beside those of the views.
CHOSEN = "labels"
# The JSON file has the names that these fields had when all items were entities.
JSON_NAMES = {
    "items": "entities",
    "without_items": "without_entities",
    "places": "tokens",
    "missing_items": "open",
}


@dataclass(frozen=True)
class AuditedCorpus:
    """The documents of an audit.

    task: what their annotation is.
    docs: the annotated corpus.
    names: its annotations: views, then "labels" for the documents' own.
    gold: gold documents by position in the annotated corpus.
    reference: all gold documents, matched or not.
    """

    task: Task
    docs: list[Doc]
    names: list[str]
    gold: dict[int, Doc]
    reference: list[Doc]

    def read(self, number: int, name: str) -> Annotation:
        """An annotation of a document, by its number and the annotation's name."""
        doc = self.docs[number]
        return self.task.read(doc) if name == CHOSEN else self.task.read_view(doc, name)

    def state(self, number: int, name: str) -> str:
        """The state of a view's answer; "ok" or "unlabelled" for the document's own annotation."""
        if name == CHOSEN:
            return "ok" if self.task.read(self.docs[number]).usable else "unlabelled"
        return self.task.view_state(self.docs[number], name)

    def compare(self, number: int, name: str) -> ComparedDoc:
        """An annotation of a document that has gold, beside gold."""
        doc, gold = self.docs[number], self.gold[number]
        found = self.task.project(self.read(number, name), doc, gold)
        pairs = self.task.pair(self.task.read(gold), found)
        return ComparedDoc(gold, article_id(doc) or article_id(gold), found.usable, pairs)


@dataclass(frozen=True)
class AgainstGold:
    """What gold says of the corpus.

    matched, unmatched: documents with and without gold.
    quality: the annotations' scores and errors on the matched documents, if there are any.
    unseen: items whose text is that of no item of gold.
    whole: F1 of the labels on the whole corpus, from gold of a part of it and the votes on the rest; None if
        gold covers all, or too little.
    confidence: how far the items' confidences can be believed; None if they have none.
    """

    matched: int
    unmatched: int
    quality: list[Quality]
    unseen: Unseen
    whole: PoolEstimate | None = None
    confidence: Reliability | None = None


@dataclass(frozen=True)
class Audit:
    """All that was found.

    corpus: path of the annotated corpus.
    content: SHA-256 of its words and annotation, by which a study's report and a model card name it.
    clean: whether no document of at least 8 tokens is in a test corpus; None if none was given, or not
        all documents that may be alike were compared.
    facts: sizes.
    views: states and counters of the teacher's views.
    contradicting, contradictions: texts that have different labels: how many, and some of them.
    duplicates: documents that repeat an earlier one.
    leaks: documents that are in a test corpus, one record for each corpus.
    agreements: of every two annotations.
    gold: None if no gold was given.
    audited: the documents; not part of the JSON.
    """

    corpus: str
    content: str
    clean: bool | None
    facts: CorpusFacts
    views: list[ViewFacts]
    contradicting: int
    contradictions: list[Contradiction]
    duplicates: Leaks
    leaks: list[Leaks]
    agreements: list[Agreement]
    gold: AgainstGold | None
    audited: AuditedCorpus = field(repr=False)

    @property
    def task(self) -> Task:
        """What the annotation is."""
        return self.audited.task

    def to_json(self) -> dict[str, Any]:
        """All that was found as plain JSON values."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "audited"}


def audit_corpus(corpus: Path, gold: Sequence[Path] = (), tests: Sequence[Path] = ()) -> Audit:
    """Audit an annotated corpus.

    corpus: a `.spacy` file or folder; its provenance says of which task it is.
    gold: gold corpora: of the same documents to score against, or others.
    tests: corpora that no document of it may be in.
    RAISES DistillError: if a file cannot be read or holds no document.
    """
    vocab = Vocab()
    audited = _read_corpus(corpus, gold, vocab)
    task, docs = audited.task, audited.docs
    leaks = [find_leaks(docs, _read(path, vocab), str(path)) for path in tests]
    contradicting, examples = contradictions(task, docs)
    read = {name: [audited.read(i, name) for i in range(len(docs))] for name in audited.names}
    return Audit(
        corpus=str(corpus),
        content=content_digest(corpus),
        clean=_clean(leaks),
        facts=corpus_facts(task, docs),
        views=view_facts(task, docs),
        contradicting=contradicting,
        contradictions=examples,
        duplicates=find_duplicates(docs),
        leaks=leaks,
        agreements=agreements(read),
        gold=_against_gold(audited) if audited.reference else None,
        audited=audited,
    )


def _clean(leaks: Sequence[Leaks]) -> bool | None:
    found = {leak.clean for leak in leaks}
    return False if False in found else True if found == {True} else None


def _read_corpus(corpus: Path, gold: Sequence[Path], vocab: Vocab) -> AuditedCorpus:
    docs = _read(corpus, vocab)
    task = task_of(docs)
    reference = [doc for path in gold for doc in _read(path, vocab)]
    usable = [doc for doc in reference if task.read(doc).usable]
    return AuditedCorpus(task, docs, list(_names(task, docs)), dict(match_gold(docs, usable)), reference)


def _read(path: Path, vocab: Vocab) -> list[Doc]:
    docs = list(read_docs(path, vocab))
    if not docs:
        raise DistillError(f"{path} holds no document, so an audit has nothing to say of it.")
    return docs


def _names(task: Task, docs: Sequence[Doc]) -> Iterator[str]:
    """The views, if there are several or the documents say something else, and the documents' own."""
    names = view_names(task, docs)
    if len(names) > 1 or any(task.read_view(d, n).items != task.read(d).items for d in docs for n in names):
        yield from names
    yield CHOSEN


def _against_gold(audited: AuditedCorpus) -> AgainstGold:
    def quality(name: str) -> Quality:
        return compare(audited.task, name, [audited.compare(number, name) for number in audited.gold])

    return AgainstGold(
        matched=len(audited.gold),
        unmatched=len(audited.docs) - len(audited.gold),
        quality=[quality(name) for name in audited.names] if audited.gold else [],
        unseen=unseen_items(audited.task, audited.docs, audited.reference),
        whole=_estimate(audited),
        confidence=_confidence(audited),
    )


def _confidence(audited: AuditedCorpus) -> Reliability | None:
    """The confidences that relabelling noted, against gold."""
    task, rated = audited.task, []
    for i, gold in audited.gold.items():
        right = task.project(task.read(gold), gold, audited.docs[i])
        rated += rate(right, task.kept_items(audited.docs[i], CONFIDENCE))
    error = calibration_error(rated)
    return None if error is None else Reliability(error, reliability(rated))


def _estimate(audited: AuditedCorpus) -> PoolEstimate | None:
    """F1 of the labels on all documents, from those that have gold."""
    task, docs = audited.task, audited.docs
    articles = [article_id(doc) or f"document {i}" for i, doc in enumerate(docs)]
    if len(audited.gold) == len(docs) or len({articles[i] for i in audited.gold}) < LEAST:
        return None
    counts = {}
    for i in audited.gold:
        pairs = audited.compare(i, CHOSEN).pairs
        right = sum(pair.kind == "correct" for pair in pairs)
        found, gold = (sum(pair[side] is not None for pair in pairs) for side in (2, 1))
        counts[i] = Counts(right, found - right, gold - right)
    if not any(map(any, counts.values())):
        return None
    views = [name for name in audited.names if name != CHOSEN]
    expected = [expect(task.read(doc), _shares(audited, i, views)) for i, doc in enumerate(docs)]
    return estimate_f1(counts, expected, articles)


def _shares(audited: AuditedCorpus, number: int, views: Sequence[str]) -> dict[Item, float]:
    """How many of those that labelled a document have each item: as a vote noted, else its views."""
    if votes := audited.task.kept_items(audited.docs[number], VOTES):
        return votes
    said = [audited.read(number, name) for name in views]
    usable = [one for one in said if one.usable]
    found = Counter(item for one in usable for item in one.items)
    return {item: count / len(usable) for item, count in found.items()}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {JSON_NAMES.get(f.name, f.name): _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
