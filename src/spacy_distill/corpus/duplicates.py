"""Documents that occur twice, in one corpus or in two."""

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TypeVar

from spacy.tokens import Doc, Span

from .provenance import doc_id
from .text import normalise, whole_and_sentences

# Shorter documents, such as datelines and table rows, recur by nature.
MIN_TOKENS = 8
# Two texts are near-duplicates if they share this much of their word pairs (Jaccard's index).
NEAR = 0.6
SHOWN = 20
# With so many others that may be near-duplicates each document is compared, at most.
COMPARED = 50
WORD = re.compile(r"\w+")

Shingles = frozenset[tuple[str, str]]
M = TypeVar("M")


@dataclass(frozen=True)
class Duplicate:
    """Two documents of the same or nearly the same text, or with such a sentence.

    id, text: the one, of the audited corpus, and what of it is alike.
    other_id, other_text: the other.
    likeness: share of common word pairs; 1.0 for the same text.
    """

    id: str
    text: str
    other_id: str
    other_text: str
    likeness: float


@dataclass(frozen=True)
class Leaks:
    """Documents of a corpus that are in another one too, or in the corpus itself more than once.

    name: the other corpus.
    exact: documents of at least 8 tokens whose text, without case and spacing, stands there too.
    near: others of at least 8 tokens that stand there nearly.
    short: shorter ones whose text stands there too; they recur by nature.
    capped: documents in which no near-duplicate was found among the 50 likeliest, though there were more.
    examples: some of the first two.
    """

    name: str
    exact: int
    near: int
    short: int
    examples: list[Duplicate] = field(default_factory=list)
    capped: int = 0

    @property
    def clean(self) -> bool | None:
        """Whether no document of at least 8 tokens is in both; None if not all that may were compared."""
        if self.exact or self.near:
            return False
        return None if self.capped else True


def find_leaks(docs: Sequence[Doc], others: Sequence[Doc], name: str) -> Leaks:
    """Find documents that are in a test corpus too.

    Where sentences are marked in a document of either corpus, each of them counts as the document does.

    docs: the corpus to audit.
    others: the test corpus.
    name: its name.
    RETURNS: what is in both.
    """
    parts = [(other, part) for other in others for part in whole_and_sentences(other)]
    known: dict[str, tuple[Doc, Doc | Span]] = {}
    for other, part in parts:
        known.setdefault(normalise(part.text), (other, part))
    index = ShingleIndex([shingles(part.text) for _, part in parts])
    exact, near, short, capped = [], [], 0, 0
    for doc in docs:
        if len(doc) < MIN_TOKENS:
            short += normalise(doc.text) in known
            continue
        own = [part for part in whole_and_sentences(doc) if len(part) >= MIN_TOKENS]
        same = next((part for part in own if normalise(part.text) in known), None)
        if same is not None:
            exact.append(_duplicate((doc, same), known[normalise(same.text)], 1.0))
            continue
        found = [(index.nearest(shingles(part.text)), part) for part in own]
        alike = [(best, part) for (best, _), part in found if best is not None]
        capped += not alike and any(more for (_, more), _ in found)
        if alike:
            (i, likeness), part = max(alike, key=lambda item: item[0][1])
            near.append(_duplicate((doc, part), parts[i], likeness))
    near.sort(key=lambda found: -found.likeness)
    return Leaks(name, len(exact), len(near), short, [*exact[: SHOWN // 2], *near[: SHOWN // 2]], capped)


def find_duplicates(docs: Sequence[Doc]) -> Leaks:
    """Find documents that repeat an earlier one of the same corpus, exactly or nearly."""
    first: dict[str, Doc] = {}
    fresh: list[Doc] = []
    exact, short = [], 0
    for doc in docs:
        original = first.setdefault(normalise(doc.text), doc)
        if original is doc:
            fresh.append(doc)
        elif len(doc) < MIN_TOKENS:
            short += 1
        else:
            exact.append(_duplicate((doc, doc), (original, original), 1.0))
    long = [doc for doc in fresh if len(doc) >= MIN_TOKENS]
    sets = [shingles(doc.text) for doc in long]
    index, near, capped = ShingleIndex(sets), [], 0
    for i, doc in enumerate(long):
        best, more = index.nearest(sets[i], before=i)
        capped += more and best is None
        if best is not None:
            other = long[best[0]]
            near.append(_duplicate((doc, doc), (other, other), best[1]))
    near.sort(key=lambda found: -found.likeness)
    return Leaks("", len(exact), len(near), short, [*exact[: SHOWN // 2], *near[: SHOWN // 2]], capped)


def find_repeats(
    docs: Sequence[Doc], order: Iterable[int], known: Sequence[Doc] = ()
) -> Iterator[tuple[int, bool]]:
    """Which documents repeat a known one, or one before that repeats none, exactly or nearly.

    order: positions of the documents, in the order in which they come.
    known: documents that none may repeat.
    YIELDS: the position of a document, and whether it repeats another; of fewer than 8 tokens only the same
        text does.
    """
    every = [*docs, *known]
    index = ShingleIndex([shingles(doc.text) for doc in every], most=len(every), filled=False)
    texts: set[str] = set()
    for number, i in enumerate(chain(range(len(docs), len(every)), order)):
        text, long = normalise(every[i].text), len(every[i]) >= MIN_TOKENS
        repeats = text in texts or (long and index.nearest(shingles(every[i].text))[0] is not None)
        if not repeats or number < len(known):
            texts.add(text)
            if long:
                index.add(i)
        if number >= len(known):
            yield i, repeats


def shingles(text: str) -> Shingles:
    """The pairs of successive words of a text, without case and punctuation."""
    return frozenset(pairwise(WORD.findall(text.casefold())))


def likeness(one: frozenset[M], other: frozenset[M]) -> float:
    """Jaccard's index: the share that two sets have in common, in [0, 1]; 0.0 of two empty ones."""
    shared = len(one & other)
    return shared / ((len(one) + len(other) - shared) or 1)


class ShingleIndex:
    """Finds the set that shares the largest part of its members with a given one, if it is large enough.

    Two sets with a Jaccard index of at least t share one of the (1 - t) · n + 1 rarest members of either, so
    only sets that do are compared (prefix filtering, Chaudhuri et al. 2006). Documents made from a template
    all do: of the sets that share the rarest members only the first `most` are compared, so that the time
    grows with the number of sets.

    near: the least Jaccard index, in (0, 1].
    most: how many sets are compared with each, at least 1.
    filled: whether all sets can be found; otherwise those that are added.
    """

    def __init__(
        self, sets: Sequence[Shingles], near: float = NEAR, most: int = COMPARED, *, filled: bool = True
    ) -> None:
        self._near, self._most = near, most
        self._numbers: dict[tuple[str, str], int] = {}
        self._sets = [
            frozenset(self._numbers.setdefault(m, len(self._numbers)) for m in sorted(one)) for one in sets
        ]
        self._frequency = Counter(member for one in self._sets for member in one)
        self._holders: dict[int, list[int]] = defaultdict(list)
        for i in range(len(self._sets)) if filled else ():
            self.add(i)

    def add(self, i: int) -> None:
        """Let a set be found.

        i: its position.
        """
        for member in self._rarest(self._sets[i]):
            # One more than can be compared, so that it is seen that there are more.
            if len(holders := self._holders[member]) <= self._most:
                holders.append(i)

    def nearest(self, one: Shingles, before: int | None = None) -> tuple[tuple[int, float] | None, bool]:
        """The nearest set.

        one: what to look for.
        before: look only at sets before this one.
        RETURNS: its position and Jaccard index, or None if none is near enough; and whether there were more
            sets than are compared.
        """
        members = frozenset(self._numbers.get(m, -i) for i, m in enumerate(sorted(one), start=1))
        candidates: dict[int, None] = {}
        capped = False
        for member in self._rarest(members):
            for i in self._holders.get(member, ()):
                if before is not None and i >= before:
                    break
                if len(candidates) < self._most:
                    candidates[i] = None
                elif i not in candidates:
                    capped = True
                    break
            if capped:
                break
        best: tuple[int, float] | None = None
        for i in sorted(candidates):
            alike = likeness(members, self._sets[i])
            if alike >= self._near and (best is None or alike > best[1]):
                best = i, alike
        return best, capped

    def _rarest(self, one: frozenset[int]) -> list[int]:
        kept = len(one) - math.ceil(self._near * len(one) - 1e-9) + 1 if one else 0
        return heapq.nsmallest(kept, one, key=lambda member: (self._frequency[member], member))


def _duplicate(one: tuple[Doc, Doc | Span], other: tuple[Doc, Doc | Span], alike: float) -> Duplicate:
    """Two documents by the parts of them that are alike."""
    return Duplicate(doc_id(one[0]) or "", one[1].text, doc_id(other[0]) or "", other[1].text, alike)
