"""How far two annotations agree: Cohen's kappa by label over tokens, and F1 over spans."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from spacy.tokens import Doc

from ...corpus.scores import Counts, prf
from .annotation import Annotation, annotation

OUTSIDE = "O"


@dataclass(frozen=True)
class Agreement:
    """Two annotations of the documents that both say something of.

    first, second: Their names.
    documents, tokens: What both say something of.
    kappa: Of the token's label or "O"; None if undefined: both always say the same thing.
    labels: By label, of "is part of an entity of this label".
    f: F1 of one's spans against the other's, which is the same either way.
    """

    first: str
    second: str
    documents: int
    tokens: int
    kappa: float | None
    labels: dict[str, float | None]
    f: float


def agreements(docs: Sequence[Doc], names: Sequence[str]) -> list[Agreement]:
    """The agreement of every two annotations.

    docs: The distilled corpus.
    names: Names of annotations, see `annotation_names`.
    RETURNS: One for each pair of names.
    """
    read = {name: [annotation(doc, name) for doc in docs] for name in names}
    sizes = [len(doc) for doc in docs]
    return [_agreement(first, second, read, sizes) for first, second in combinations(names, 2)]


def cohens_kappa(pairs: Counter[tuple[str, str]]) -> float | None:
    """Cohen's kappa: the agreement beyond what the two raters' frequencies alone would give.

    pairs: How often the first rater chose the one category, the second the other.
    RETURNS: At most 1; None where chance alone gives full agreement.
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


def _agreement(first: str, second: str, read: dict[str, list[Annotation]], sizes: list[int]) -> Agreement:
    pairs: Counter[tuple[str, str]] = Counter()
    spans = Counts()
    documents = 0
    for a, b, size in zip(read[first], read[second], sizes, strict=True):
        if not (a.usable and b.usable):
            continue
        documents += 1
        open_ = a.open | b.open
        labels_a, labels_b = token_labels(a, size), token_labels(b, size)
        pairs.update((labels_a[i], labels_b[i]) for i in range(size) if i not in open_)
        spans += _common(a, b, open_)
    labels = sorted({label for pair in pairs for label in pair} - {OUTSIDE})
    return Agreement(
        first=first,
        second=second,
        documents=documents,
        tokens=pairs.total(),
        kappa=cohens_kappa(pairs),
        labels={label: cohens_kappa(_one_against_rest(pairs, label)) for label in labels},
        f=prf(spans).f,
    )


def token_labels(said: Annotation, size: int) -> list[str]:
    """The label of each token, "O" outside of entities."""
    labels = [OUTSIDE] * size
    for label, start, end in said.spans:
        labels[start:end] = [label] * (end - start)
    return labels


def _one_against_rest(pairs: Counter[tuple[str, str]], label: str) -> Counter[tuple[str, str]]:
    merged: Counter[tuple[str, str]] = Counter()
    for (a, b), n in pairs.items():
        merged[a if a == label else OUTSIDE, b if b == label else OUTSIDE] += n
    return merged


def _common(a: Annotation, b: Annotation, open_: Iterable[int]) -> Counts:
    left_open = set(open_)
    ones = {key for key in a.spans if left_open.isdisjoint(range(key[1], key[2]))}
    others = {key for key in b.spans if left_open.isdisjoint(range(key[1], key[2]))}
    return Counts(len(ones & others), len(others - ones), len(ones - others))
