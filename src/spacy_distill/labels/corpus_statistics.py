"""What the labels of a corpus look like without gold: sizes, views, contradictions, agreement."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from spacy.tokens import Doc

from ..corpus.provenance import article_id, views
from ..corpus.text import normalise
from ..tasks.annotation import OUTSIDE, Annotation
from ..tasks.base import Task
from ..tasks.scores import Counts, prf

SHOWN = 20


@dataclass(frozen=True)
class LabelFacts:
    """Items of one label: how many, how many different texts, mean and greatest length in places."""

    items: int
    texts: int
    mean_length: float
    max_length: int


@dataclass(frozen=True)
class CorpusFacts:
    """The size of a corpus and of its labels.

    documents, articles, tokens: the size.
    unlabelled: documents without any annotation: no answer was usable.
    without_items: annotated documents without an item.
    missing: places that are missing in annotated documents.
    lengths: tokens in a document: least, lower quartile, median, upper quartile, greatest.
    labels: by label.
    """

    documents: int
    articles: int
    tokens: int
    unlabelled: int
    without_items: int
    missing: int
    lengths: list[int]
    labels: dict[str, LabelFacts]


@dataclass(frozen=True)
class ViewFacts:
    """What is known of one view.

    name: its name.
    states: documents by the state of their answer.
    models: the models that answered.
    recorded: documents whose answer is a recorded one, not one of a live run.
    items, candidates: items kept, and candidates that the answers named.
    dropped: candidates dropped, by reason.
    """

    name: str
    states: dict[str, int]
    models: list[str]
    recorded: int
    items: int
    candidates: int
    dropped: dict[str, int]


@dataclass(frozen=True)
class Contradiction:
    """A text that has different labels: how often each."""

    text: str
    labels: dict[str, int]


@dataclass(frozen=True)
class Unseen:
    """Items whose text is that of no gold item.

    items: how many by label.
    share: their share of the label's items, in [0, 1].
    texts: the most frequent: text, label, how often.
    """

    items: dict[str, int]
    share: dict[str, float]
    texts: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """Two annotations, on the documents of which both say something.

    first, second: their names.
    documents, places: of which both say something.
    kappa: cohen's kappa of the place's label or "O"; None if undefined: both always say the same thing.
    labels: the same by label, of "is part of an item of this label".
    f: F1 of one's items against the other's, which is the same either way.
    """

    first: str
    second: str
    documents: int
    places: int
    kappa: float | None
    labels: dict[str, float | None]
    f: float


def corpus_facts(task: Task, docs: Sequence[Doc]) -> CorpusFacts:
    """Describe a corpus of at least one document, see `CorpusFacts`."""
    lengths: dict[str, list[int]] = defaultdict(list)
    texts: dict[str, set[str]] = defaultdict(set)
    unlabelled = without_items = missing = 0
    for doc in docs:
        annotation = task.read(doc)
        unlabelled += not annotation.usable
        without_items += annotation.usable and not annotation.items
        missing += len(annotation.missing) if annotation.usable else 0
        for item in annotation.items:
            lengths[item.label].append(item.end - item.start)
            texts[item.label].add(normalise(task.text(doc, item)))
    quartiles = np.quantile([len(doc) for doc in docs], [0, 0.25, 0.5, 0.75, 1])
    return CorpusFacts(
        documents=len(docs),
        articles=len({article_id(doc) or i for i, doc in enumerate(docs)}),
        tokens=sum(map(len, docs)),
        unlabelled=unlabelled,
        without_items=without_items,
        missing=missing,
        lengths=[int(n) for n in quartiles],
        labels={
            label: LabelFacts(len(found), len(texts[label]), sum(found) / len(found), max(found))
            for label, found in sorted(lengths.items())
        },
    )


def view_names(task: Task, docs: Iterable[Doc]) -> list[str]:
    """The names of all views, in the order in which they first occur."""
    return list(dict.fromkeys(name for doc in docs for name in task.view_names(doc)))


def view_facts(task: Task, docs: Sequence[Doc]) -> list[ViewFacts]:
    """Describe each teacher's view, see `ViewFacts`."""
    return [_view_facts(task, docs, name) for name in view_names(task, docs)]


def _view_facts(task: Task, docs: Sequence[Doc], name: str) -> ViewFacts:
    records = [views(doc)[name] for doc in docs if name in views(doc)]
    dropped: Counter[str] = Counter()
    for record in records:
        dropped.update(record.get("dropped", {}))
    return ViewFacts(
        name=name,
        states=dict(sorted(Counter(task.view_state(doc, name) for doc in docs).items())),
        models=sorted({record["model"] for record in records if record.get("model")}),
        recorded=sum(record.get("source") is not None for record in records),
        items=sum(len(task.read_view(doc, name).items) for doc in docs),
        candidates=sum(record.get("candidates", 0) for record in records),
        dropped=dict(sorted(dropped.items())),
    )


def contradictions(task: Task, docs: Iterable[Doc], limit: int = SHOWN) -> tuple[int, list[Contradiction]]:
    """Texts that have different labels in different places; case and spacing make no difference.

    Several labels in one place, as classes of one document, do not contradict each other.

    limit: how many to list.
    RETURNS: how many there are, and those with the most items off their most frequent label.
    """
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    said: dict[str, set[frozenset[str]]] = defaultdict(set)
    written: dict[str, str] = {}
    for doc in docs:
        places: dict[tuple[int, int], list[str]] = {}
        for item in task.read(doc).items:
            places.setdefault(task.characters(doc, item), []).append(item.label)
        for (start, end), given in places.items():
            text = doc.text[start:end]
            key = normalise(text)
            labels[key].update(given)
            said[key].add(frozenset(given))
            written.setdefault(key, text)
    found = [(key, counter) for key, counter in labels.items() if len(said[key]) > 1]
    found.sort(key=lambda entry: (max(entry[1].values()) - entry[1].total(), entry[0]))
    return len(found), [
        Contradiction(written[key], dict(counter.most_common())) for key, counter in found[:limit]
    ]


def unseen_items(task: Task, docs: Iterable[Doc], gold: Iterable[Doc], limit: int = SHOWN) -> Unseen:
    """Items whose text is that of no gold item, whatever its label; case and spacing make no difference."""
    known = {normalise(task.text(doc, item)) for doc in gold for item in task.read(doc).items}
    every: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    texts: Counter[tuple[str, str]] = Counter()
    for doc in docs:
        for item in task.read(doc).items:
            text = task.text(doc, item)
            every[item.label] += 1
            if normalise(text) not in known:
                unseen[item.label] += 1
                texts[text, item.label] += 1
    ranked = sorted(texts.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
    return Unseen(
        items={label: unseen[label] for label in sorted(every)},
        share={label: unseen[label] / every[label] for label in sorted(every)},
        texts=[(text, label, n) for (text, label), n in ranked],
    )


def agreements(annotations: Mapping[str, Sequence[Annotation]]) -> list[Agreement]:
    """The agreement of every two annotations.

    annotations: of each document, by name.
    """
    return [_agreement(one, other, annotations) for one, other in combinations(annotations, 2)]


def _agreement(first: str, second: str, annotations: Mapping[str, Sequence[Annotation]]) -> Agreement:
    pairs: Counter[tuple[str, str]] = Counter()
    counts = Counts()
    documents = 0
    for a, b in zip(annotations[first], annotations[second], strict=True):
        if a.usable and b.usable:
            documents += 1
            pairs.update((x, y) for x, y in zip(a.labels(), b.labels(), strict=True) if x and y)
            ones = {item for item in a.items if not b.touches_missing(item)}
            others = {item for item in b.items if not a.touches_missing(item)}
            counts += Counts(len(ones & others), len(others - ones), len(ones - others))
    labels = sorted({label for pair in pairs for label in pair} - {OUTSIDE})
    return Agreement(
        first=first,
        second=second,
        documents=documents,
        places=pairs.total(),
        kappa=cohens_kappa(pairs),
        labels={label: cohens_kappa(_one_against_rest(pairs, label)) for label in labels},
        f=prf(counts).f,
    )


def cohens_kappa(pairs: Counter[tuple[str, str]]) -> float | None:
    """Cohen's kappa: the agreement beyond what the two raters' frequencies alone would give.

    pairs: how often the first rater chose the one category, the second the other.
    RETURNS: at most 1; None where chance alone gives full agreement.
    """
    total = pairs.total()
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (a, b), n in pairs.items():
        first[a] += n
        second[b] += n
    # In whole numbers, so that full agreement by chance is recognised exactly.
    observed = sum(n for (a, b), n in pairs.items() if a == b) * total
    expected = sum(n * second[a] for a, n in first.items())
    return None if expected == total * total else (observed - expected) / (total * total - expected)


def _one_against_rest(pairs: Counter[tuple[str, str]], label: str) -> Counter[tuple[str, str]]:
    merged: Counter[tuple[str, str]] = Counter()
    for (a, b), n in pairs.items():
        merged[a if a == label else OUTSIDE, b if b == label else OUTSIDE] += n
    return merged
