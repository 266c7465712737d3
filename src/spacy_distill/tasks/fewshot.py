"""Few-shot examples of any task: which of them a document is shown."""

import math
import random
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ..corpus.duplicates import MIN_TOKENS, NEAR, Shingles, likeness, shingles
from ..corpus.text import normalise
from ..errors import DistillError

Choice = Literal["fixed", "random", "nearest"]
FEW = 5
CLAUSE = 12  # Letters from which on a text that is in another one is no coincidence.
PAIRS = MIN_TOKENS - 1  # Pairs of words from which on two texts that share most of them are no coincidence.
Floats = NDArray[np.float32]


def is_corpus(path: Path) -> bool:
    """Whether examples are drawn from a corpus, not read from a file of examples."""
    return Path(path).suffix == ".spacy" or Path(path).is_dir()


class Example(Protocol):
    """Anything that has a text."""

    @property
    def text(self) -> str: ...


E = TypeVar("E", bound=Example)


class Chooser(ABC, Generic[E]):
    """Chooses examples for a document, never one that shares its text.

    pool: the examples.
    count: how many to choose; all that can be shown if there are fewer.
    """

    def __init__(self, pool: Sequence[E], count: int) -> None:
        self.pool, self.count = pool, count
        self._own = [_Text.of(shot.text) for shot in pool]

    @abstractmethod
    def ranked(self, doc: Doc) -> Iterable[int]:
        """Numbers of all examples, the best one first."""

    def choose(self, doc: Doc) -> list[int]:
        """Numbers of the examples to show, in the order to show them.

        An example with the document's text or nearly so, or with a stretch of it as long as a clause, is
        passed over.
        """
        own = _Text.of(doc.text)
        chosen: list[int] = []
        for number in self.ranked(doc):
            if len(chosen) == self.count:
                break
            if not own.stands_in(self._own[number]):
                chosen.append(number)
        return self.arranged(chosen)

    def arranged(self, chosen: list[int]) -> list[int]:
        return chosen


class _Text(NamedTuple):
    """A text made comparable: without case and spacing; and its pairs of successive words."""

    normalized: str
    pairs: Shingles

    @classmethod
    def of(cls, text: str) -> "_Text":
        return cls(normalise(text), shingles(text))

    def stands_in(self, other: "_Text") -> bool:
        """Whether they are the same text, nearly so if long enough, or one is a part of the other."""
        shorter, longer = sorted((self.normalized, other.normalized), key=len)
        if shorter == longer or (len(shorter) >= CLAUSE and shorter in longer):
            return True
        return min(len(self.pairs), len(other.pairs)) >= PAIRS and likeness(self.pairs, other.pairs) >= NEAR


class Fixed(Chooser[E]):
    """The first ones, for every document."""

    def ranked(self, doc: Doc) -> Iterable[int]:
        return range(len(self.pool))


class Random(Chooser[E]):
    """Drawn for each document, by seed and text: the same document is always shown the same ones."""

    def __init__(self, pool: Sequence[E], count: int, seed: int) -> None:
        super().__init__(pool, count)
        self._seed = seed

    def ranked(self, doc: Doc) -> Iterator[int]:
        drawn = random.Random(f"{self._seed}:{doc.text}")
        seen: set[int] = set()
        while len(seen) < len(self.pool):
            number = drawn.randrange(len(self.pool))
            if number not in seen:
                seen.add(number)
                yield number


class Nearest(Chooser[E]):
    """The most similar ones, the nearest last, next to the document.

    Similarity is the cosine of the mean word vectors if the pipeline has vectors, else that of the sets of
    words, weighted by how rare each word is among the examples.
    """

    def __init__(self, pool: Sequence[E], count: int) -> None:
        super().__init__(pool, count)
        words = [sorted(set(shot.text.casefold().split())) for shot in pool]
        frequency = Counter(word for some in words for word in some)
        self._weights = {word: math.log(1 + len(pool) / n) for word, n in frequency.items()}
        norms = [math.sqrt(sum(self._weights[word] ** 2 for word in some)) for some in words]
        places: dict[str, list[int]] = defaultdict(list)
        for number, some in enumerate(words):
            for word in some:
                places[word].append(number)
        self._places = {word: np.array(numbers) for word, numbers in places.items()}
        self._norms = np.array(norms, dtype="f")
        self._vectors: Floats | None = None

    def ranked(self, doc: Doc) -> Iterable[int]:
        by_vectors = doc.vocab.vectors_length > 0 and bool(doc.vector_norm)
        scores = self._by_vectors(doc) if by_vectors else self._by_words(doc)
        ranked: list[int] = np.argsort(-scores, kind="stable").tolist()
        return ranked

    def arranged(self, chosen: list[int]) -> list[int]:
        return chosen[::-1]

    def _by_words(self, doc: Doc) -> Floats:
        scores = np.zeros(len(self.pool), dtype="f")
        for word in set(doc.text.casefold().split()) & self._places.keys():
            scores[self._places[word]] += self._weights[word] ** 2
        found: Floats = scores / np.maximum(self._norms, 1e-6)
        return found

    def _by_vectors(self, doc: Doc) -> Floats:
        if self._vectors is None:
            made = [Doc(doc.vocab, shot.text.split()).vector for shot in self.pool]
            matrix = np.array(made, dtype="f")
            self._vectors = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-6)
        found: Floats = self._vectors @ np.asarray(doc.vector, dtype="f")
        return found


def make_chooser(pool: Sequence[E], choose: Choice, shots: int | None, seed: int) -> Chooser[E]:
    """Make the chooser that a config asks for.

    pool: the examples.
    choose: "fixed", "random" or "nearest".
    shots: how many to show. None: 5.
    seed: for random ones.
    RETURNS: the chooser.
    RAISES DistillError: if the way to choose is unknown, or the number is negative.
    """
    if shots is not None and shots < 0:
        raise DistillError(f"`shots` is {shots}. Give a number of examples, 0 or more.")
    count = FEW if shots is None else shots
    if choose == "fixed":
        return Fixed(pool, count)
    if choose == "random":
        return Random(pool, count, seed)
    if choose == "nearest":
        return Nearest(pool, count)
    raise DistillError(f"`choose` is {choose!r}. Allowed are {', '.join(get_args(Choice))}.")
