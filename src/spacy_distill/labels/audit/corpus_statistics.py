"""What the labels of a corpus look like, without gold: sizes, states, counters, contradictions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from spacy.tokens import Doc

from ...corpus.provenance import article_id, views
from ...corpus.text import normalise
from .annotation import view_names, view_state

SHOWN = 20


@dataclass(frozen=True)
class LabelFacts:
    """Entities of one label: how many, how many different texts, mean and greatest length in tokens."""

    entities: int
    texts: int
    mean_length: float
    max_length: int


@dataclass(frozen=True)
class CorpusFacts:
    """The size of a corpus and of its labels.

    documents, articles, tokens: The size.
    unlabelled: Documents without any annotation: no answer was usable.
    without_entities: Annotated documents without an entity.
    missing: Tokens without a label, in annotated documents.
    lengths: Tokens in a document: least, lower quartile, median, upper quartile, greatest.
    labels: By label.
    """

    documents: int
    articles: int
    tokens: int
    unlabelled: int
    without_entities: int
    missing: int
    lengths: list[int]
    labels: dict[str, LabelFacts]


@dataclass(frozen=True)
class ViewFacts:
    """What is known of one view.

    name: Its name.
    states: Documents by the state of their answer.
    models: The models that answered.
    recorded: Documents whose answer is a recorded one, not one of a live run.
    entities, candidates: Entities kept, and candidates that the answers named.
    dropped: Candidates dropped, by reason.
    """

    name: str
    states: dict[str, int]
    models: list[str]
    recorded: int
    entities: int
    candidates: int
    dropped: dict[str, int]


@dataclass(frozen=True)
class Contradiction:
    """A text that bears different labels: how often each."""

    text: str
    labels: dict[str, int]


@dataclass(frozen=True)
class Unseen:
    """Entities whose text is none of gold's.

    entities: How many by label.
    share: Their share of the label's entities.
    texts: The most frequent: text, label, how often.
    """

    entities: dict[str, int]
    share: dict[str, float]
    texts: list[tuple[str, str, int]] = field(default_factory=list)


def corpus_facts(docs: Sequence[Doc]) -> CorpusFacts:
    """Describe a corpus of at least one document, see `CorpusFacts`."""
    lengths: dict[str, list[int]] = defaultdict(list)
    texts: dict[str, set[str]] = defaultdict(set)
    for doc in docs:
        for ent in doc.ents:
            lengths[ent.label_].append(len(ent))
            texts[ent.label_].add(normalise(ent.text))
    labelled = [doc for doc in docs if doc.has_annotation("ENT_IOB")]
    quartiles = np.quantile([len(doc) for doc in docs], [0, 0.25, 0.5, 0.75, 1])
    return CorpusFacts(
        documents=len(docs),
        articles=len({article_id(doc) or i for i, doc in enumerate(docs)}),
        tokens=sum(map(len, docs)),
        unlabelled=len(docs) - len(labelled),
        without_entities=sum(not doc.ents for doc in labelled),
        missing=sum(int((doc.to_array("ENT_IOB") == 0).sum()) for doc in labelled),
        lengths=[int(n) for n in quartiles],
        labels={
            label: LabelFacts(len(found), len(texts[label]), sum(found) / len(found), max(found))
            for label, found in sorted(lengths.items())
        },
    )


def view_facts(docs: Sequence[Doc]) -> list[ViewFacts]:
    """Describe each teacher's view, see `ViewFacts`."""
    return [_view_facts(docs, name) for name in view_names(docs)]


def contradictions(docs: Iterable[Doc], limit: int = SHOWN) -> tuple[int, list[Contradiction]]:
    """Texts that bear different labels in different places; case and spacing make no difference.

    docs: The corpus.
    limit: How many to list.
    RETURNS: How many there are, and those with the most entities off their
        most frequent label.
    """
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[str, str] = {}
    for doc in docs:
        for ent in doc.ents:
            key = normalise(ent.text)
            labels[key][ent.label_] += 1
            written.setdefault(key, ent.text)
    found = [(key, counter) for key, counter in labels.items() if len(counter) > 1]
    found.sort(key=lambda item: (-_minority(item[1]), item[0]))
    return len(found), [
        Contradiction(written[key], dict(counter.most_common())) for key, counter in found[:limit]
    ]


def unseen_entities(docs: Iterable[Doc], gold: Iterable[Doc], limit: int = SHOWN) -> Unseen:
    """Entities whose text is no entity of gold, whatever its label; case and spacing make no difference."""
    known = {normalise(ent.text) for doc in gold for ent in doc.ents}
    every: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    texts: Counter[tuple[str, str]] = Counter()
    for doc in docs:
        for ent in doc.ents:
            every[ent.label_] += 1
            if normalise(ent.text) not in known:
                unseen[ent.label_] += 1
                texts[ent.text, ent.label_] += 1
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return Unseen(
        entities={label: unseen[label] for label in sorted(every)},
        share={label: unseen[label] / every[label] for label in sorted(every)},
        texts=[(text, label, n) for (text, label), n in ranked],
    )


def _view_facts(docs: Sequence[Doc], name: str) -> ViewFacts:
    records = [views(doc)[name] for doc in docs if name in views(doc)]
    dropped: Counter[str] = Counter()
    for record in records:
        dropped.update(record.get("dropped", {}))
    return ViewFacts(
        name=name,
        states=dict(sorted(Counter(view_state(doc, name) for doc in docs).items())),
        models=sorted({record["model"] for record in records if record.get("model")}),
        recorded=sum(record.get("source") is not None for record in records),
        entities=sum(len(doc.spans.get(f"teacher:{name}", ())) for doc in docs),
        candidates=sum(record.get("candidates", 0) for record in records),
        dropped=dict(sorted(dropped.items())),
    )


def _minority(counter: Counter[str]) -> int:
    return counter.total() - max(counter.values())
