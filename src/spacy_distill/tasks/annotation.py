"""What an annotation is: one type for all tasks, with one order (start, end, label)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

OUTSIDE = "O"

Kind = Literal["correct", "type", "boundary", "both", "missed", "missing", "spurious"]
ERRORS: tuple[Kind, ...] = ("type", "boundary", "both", "missed", "spurious")


class Item(NamedTuple):
    """One thing that an annotation says, and where.

    start: first place.
    end: the place after the last.
    label: its label.
    """

    start: int
    end: int
    label: str


class Annotation(NamedTuple):
    """What is known of one document.

    A place is what can be labelled or *missing* on its own: a token for entities, the whole document for a
    class. A place that is neither in an item nor missing is known to have no label ("O").

    size: number of places, 0 or more.
    items: sorted by place.
    missing: places of which nothing is known.
    """

    size: int
    items: tuple[Item, ...] = ()
    missing: frozenset[int] = frozenset()

    @property
    def usable(self) -> bool:
        """Whether it says anything."""
        return len(self.missing) < self.size

    @classmethod
    def unknown(cls, size: int) -> "Annotation":
        """One that says nothing."""
        return cls(size, (), frozenset(range(size)))

    def touches_missing(self, item: Item) -> bool:
        """Whether an item stands on a place of which nothing is known."""
        return not self.missing.isdisjoint(range(item.start, item.end))

    def outside(self) -> list[int]:
        """The places that are known to have no label."""
        taken = places_of(self.items) | self.missing
        return [i for i in range(self.size) if i not in taken]

    def labels(self) -> list[str | None]:
        """The label of each place, "O" outside of items, None where it is missing."""
        found: list[str | None] = [None if i in self.missing else OUTSIDE for i in range(self.size)]
        for start, end, label in self.items:
            found[start:end] = [label] * (end - start)
        return found

    def tags(self) -> list[str | None]:
        """As `labels`, with "B-" at an item's first place and "I-" at the others."""
        found = self.labels()
        for start, end, label in self.items:
            found[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        return found


class Pair(NamedTuple):
    """A gold item, a found one, or both if they share a place.

    kind: "correct"; "type" (places right, label wrong); "boundary" (label right, places wrong); "both" (they
        only overlap); "missed" (gold alone); "missing" (gold alone, where the annotation is missing: no
        error); "spurious" (found alone).
    gold, found: the items, in gold's places.
    """

    kind: Kind
    gold: Item | None = None
    found: Item | None = None

    @property
    def items(self) -> list[Item]:
        """Those that there are, gold's first."""
        return [item for item in (self.gold, self.found) if item is not None]


class Segment(NamedTuple):
    """A piece of a document's text.

    text: the characters.
    item: the item that it belongs to, or None.
    missing: whether nothing is known of it.
    """

    text: str
    item: Item | None = None
    missing: bool = False


class DocCounts(NamedTuple):
    """What training can use of one document of a corpus.

    words: its number of tokens.
    labels: how many of its places each label has; None if it has no annotation.
    """

    words: int
    labels: Counter[str] | None


def places_of(items: Iterable[Item]) -> frozenset[int]:
    """All places that some items stand on."""
    return frozenset(i for item in items for i in range(item.start, item.end))


def by_closeness(left: Iterable[Item], right: Iterable[Item]) -> Iterator[tuple[Item, Item]]:
    """Every two items that share a place, the most alike first: by places, label, and how much they share."""
    ranked = []
    for g in left:
        for f in right:
            shared = min(g.end, f.end) - max(g.start, f.start)
            if shared > 0:
                closeness = g[:2] != f[:2], g.label != f.label, -shared
                ranked.append((*closeness, g.start, g.label, g.end, f.label, g, f))
    for *_, g, f in sorted(ranked):
        yield g, f


def kind_of(gold: Item, found: Item) -> Kind:
    """What two items that share a place are to each other."""
    if gold[:2] == found[:2]:
        return "correct" if gold.label == found.label else "type"
    return "boundary" if gold.label == found.label else "both"
