"""The audit of a distilled corpus: all findings in one record that can be written as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...corpus.leaks import Leaks, find_duplicates, find_leaks, match_gold
from ...errors import DistillError
from .agreement import Agreement, agreements
from .annotation import annotation_names
from .corpus_statistics import (
    Contradiction,
    CorpusFacts,
    Unseen,
    ViewFacts,
    contradictions,
    corpus_facts,
    unseen_entities,
    view_facts,
)
from .quality import Quality, score


@dataclass(frozen=True)
class Material:
    """What an audit looks at.

    docs: The distilled corpus.
    names: Its annotations: views, then "labels".
    gold: Gold documents by position in the distilled corpus.
    reference: All gold documents, matched or not.
    """

    docs: list[Doc]
    names: list[str]
    gold: dict[int, Doc]
    reference: list[Doc]


@dataclass(frozen=True)
class AgainstGold:
    """What gold says of the corpus.

    matched, unmatched: Distilled documents with and without gold.
    quality: The annotations' scores and errors on the matched documents, if there are any.
    unseen: Entities whose text is no entity of gold.
    """

    matched: int
    unmatched: int
    quality: list[Quality]
    unseen: Unseen


@dataclass(frozen=True)
class Audit:
    """All that was found.

    corpus: The distilled corpus.
    clean: Whether no document of at least 8 tokens stands in a test corpus; None if none was
        given.
    facts: Sizes.
    views: States and counters of the teacher's views.
    contradicting, contradictions: Texts that bear different labels.
    duplicates: Documents that repeat an earlier one.
    leaks: Documents that stand in a test corpus, one record for each.
    agreements: Of every two annotations.
    gold: None if no gold was given.
    """

    corpus: str
    clean: bool | None
    facts: CorpusFacts
    views: list[ViewFacts]
    contradicting: int
    contradictions: list[Contradiction]
    duplicates: Leaks
    leaks: list[Leaks] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    gold: AgainstGold | None = None


def load_material(distilled: Path, gold: Sequence[Path], vocab: Vocab) -> Material:
    """Read a distilled corpus and find its gold.

    distilled: The corpus to audit.
    gold: Gold corpora: of the same documents, or others.
    vocab: The vocabulary to read with.
    RETURNS: What the audit looks at.
    RAISES DistillError: If a file cannot be read or holds no document.
    """
    docs = _read(distilled, vocab)
    reference = [doc for path in gold for doc in _read(path, vocab)]
    return Material(docs, annotation_names(docs), dict(match_gold(docs, reference)), reference)


def audit(material: Material, name: str, tests: Sequence[Path], vocab: Vocab) -> Audit:
    """Audit a corpus.

    material: The corpus and its gold.
    name: The corpus's name.
    tests: Corpora that no document of it may stand in.
    vocab: The vocabulary to read them with.
    RETURNS: What was found.
    RAISES DistillError: If a file cannot be read or holds no document.
    """
    docs = material.docs
    leaks = [find_leaks(docs, _read(path, vocab), str(path)) for path in tests]
    contradicting, examples = contradictions(docs)
    return Audit(
        corpus=name,
        clean=all(leak.clean for leak in leaks) if leaks else None,
        facts=corpus_facts(docs),
        views=view_facts(docs),
        contradicting=contradicting,
        contradictions=examples,
        duplicates=find_duplicates(docs),
        leaks=leaks,
        agreements=agreements(docs, material.names),
        gold=_against_gold(material) if material.reference else None,
    )


def to_json(value: Any) -> Any:
    """A record of the audit as plain JSON values."""
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return to_json(value._asdict())
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def _read(path: Path, vocab: Vocab) -> list[Doc]:
    docs = list(read_docs(path, vocab))
    if not docs:
        raise DistillError(f"{path} holds no document, so an audit has nothing to say of it.")
    return docs


def _against_gold(material: Material) -> AgainstGold:
    pairs = [(gold, material.docs[i]) for i, gold in material.gold.items()]
    return AgainstGold(
        matched=len(pairs),
        unmatched=len(material.docs) - len(pairs),
        quality=[score(pairs, name) for name in material.names] if pairs else [],
        unseen=unseen_entities(material.docs, material.reference),
    )
