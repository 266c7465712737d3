"""Parts and samples of a corpus that are the same on every machine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from spacy.tokens import Doc

from ..errors import DistillError
from .provenance import article_id

T = TypeVar("T")


@dataclass(frozen=True)
class ArticleRange:
    """A part of a corpus by share of its articles, such as 0:0.5 for the first half.

    start: share of the articles before the part, in [0, 1].
    end: share of the articles up to its end, in (start, 1]. Ranges that meet leave no article out and
        take none twice.
    shuffled: the articles in an order that the seed chooses, instead of that of the file.
    """

    start: float = 0.0
    end: float = 1.0
    shuffled: bool = False


WHOLE = ArticleRange()


def parse_range(text: str, *, shuffled: bool = False) -> ArticleRange:
    """Read a range such as "0:0.5".

    RAISES DistillError: if the text is not two shares in [0, 1], the second the greater.
    """
    first, colon, last = text.partition(":")
    try:
        start, end = float(first), float(last)
    except ValueError:
        colon = ""
    if not colon or not 0 <= start < end <= 1:
        raise DistillError(
            f"A range of documents is written START:END in shares from 0 to 1, such as 0:0.5, got {text!r}."
        )
    return ArticleRange(start, end, shuffled)


def take_articles(docs: Sequence[Doc], part: ArticleRange, seed: int = 0) -> list[Doc]:
    """The documents whose article lies in the range, in their order.

    docs: documents with their article's id.
    part: which articles to take.
    seed: seed of the shuffled order.
    RETURNS: the part.
    """
    articles = list(dict.fromkeys(_article(doc, i) for i, doc in enumerate(docs)))
    order = _drawn(len(articles), "articles", seed) if part.shuffled else list(range(len(articles)))
    first, last = round(part.start * len(articles)), round(part.end * len(articles))
    taken = {articles[i] for i in order[first:last]}
    return [doc for i, doc in enumerate(docs) if _article(doc, i) in taken]


def sample(docs: Sequence[T], limit: int, seed: int = 0) -> list[T]:
    """A random sample, in the order of the documents.

    It depends on the number of documents and the seed alone, and holds every smaller sample of that seed.

    docs: the documents.
    limit: the size of the sample, at least 1; all documents are taken if there are fewer.
    seed: seed of the sample.
    RETURNS: the sample.
    RAISES DistillError: if the limit is below 1.
    """
    if limit < 1:
        raise DistillError(f"The limit must be at least 1, got {limit}.")
    return [docs[i] for i in sorted(_drawn(len(docs), "documents", seed)[:limit])]


def sample_by_label(docs: Sequence[T], labels: Sequence[Sequence[str]], limit: int, seed: int = 0) -> list[T]:
    """A random sample in which the labels are as evenly spread as can be, in the order of the documents.

    The labels take turns, the rarest first; at each the next document that has it is taken, in a random
    order. What has no label is a label of its own.

    docs: the documents.
    labels: the labels of each.
    limit: the size of the sample, at least 1; all documents are taken if there are fewer.
    seed: seed of the sample.
    RAISES DistillError: if the limit is below 1.
    """
    if limit < 1:
        raise DistillError(f"The limit must be at least 1, got {limit}.")
    of_label: dict[str, list[int]] = {}
    for i in reversed(_drawn(len(docs), "documents", seed)):
        for label in set(labels[i]) or {""}:
            of_label.setdefault(label, []).append(i)
    turns = sorted(of_label, key=lambda label: (len(of_label[label]), label))
    taken: set[int] = set()
    while len(taken) < min(limit, len(docs)):
        for label in turns:
            left = of_label[label]
            while left and left[-1] in taken:
                left.pop()
            if left and len(taken) < limit:
                taken.add(left.pop())
    return [docs[i] for i in sorted(taken)]


def _article(doc: Doc, i: int) -> tuple[str, int]:
    name = article_id(doc)
    return ("", i) if name is None else (name, -1)


def _drawn(size: int, what: str, seed: int) -> list[int]:
    """Positions in an order drawn by a hash: the same for every platform and version of Python."""

    def key(i: int) -> bytes:
        return hashlib.sha256(f"{what}:{seed}:{i}".encode()).digest()

    return sorted(range(size), key=key)
