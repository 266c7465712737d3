"""The examples of a blend, streamed from shards."""

import random
from bisect import insort
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.docbin import read_docs, shard_paths
from .plan import GOLD, Drawer, Plan

Item = TypeVar("Item", Doc, Example)


class Stream:
    """A corpus without end, in a new order at every pass; no document comes twice before all came once.

    A corpus of no more documents than the window is kept in memory as examples. A larger one is read shard by
    shard, in a new order of shards, and shuffled within the window.

    path: A `.spacy` file or folder.
    nlp: The pipeline that is trained.
    documents: How many usable documents the corpus has.
    rng: Decides every order.
    max_length: Longer documents (in tokens) are left out; 0 for no limit.
    window: How many documents are held for shuffling.
    """

    def __init__(
        self, path: Path, nlp: Language, documents: int, rng: random.Random, max_length: int, window: int
    ) -> None:
        self._rng = rng
        if documents <= window:
            held = (make_example(nlp, doc) for doc in usable_docs([path], nlp, max_length))
            self._draw: Callable[[float | None], Example] = Deck(held, rng).draw
        else:
            shards = shard_paths(path)

            def one_pass() -> Iterator[Doc]:
                rng.shuffle(shards)
                return usable_docs(shards, nlp, max_length)

            draw = Window(one_pass, rng, window).draw
            self._draw = lambda quantile: make_example(nlp, draw(quantile))

    def draw(self, quantile: float | None = None) -> Example:
        """Draw the next example.

        quantile: In [0, 1): draw one that is that long among those left, 0 for the
            shortest; None: any.
        RETURNS: The example.
        """
        return self._draw(quantile)


class Deck(Generic[Item]):
    """Items that are all in memory, dealt again and again.

    items: The items.
    rng: Decides the order of each deal.
    """

    def __init__(self, items: Iterator[Item], rng: random.Random) -> None:
        self._items: list[Item] = list(items)
        self._rng = rng
        self._left: list[Item] = []

    def draw(self, quantile: float | None) -> Item:
        """Draw an item; see Stream."""
        if not self._left:
            self._rng.shuffle(self._items)
            self._left = list(self._items)
            if quantile is not None:
                self._left.sort(key=length)
        return self._left.pop(-1 if quantile is None else place_of(quantile, len(self._left)))


class Window(Generic[Item]):
    """Items that pass by, shuffled within a window.

    one_pass: Gives the items anew.
    rng: Decides the order within the window.
    size: How many items are held.
    """

    def __init__(self, one_pass: Callable[[], Iterator[Item]], rng: random.Random, size: int) -> None:
        self._one_pass: Callable[[], Iterator[Item]] = one_pass
        self._rng = rng
        self._size = size
        self._coming: Iterator[Item] = iter(())
        self._held: list[Item] = []

    def draw(self, quantile: float | None) -> Item:
        """Draw an item; see Stream."""
        self._fill(quantile)
        if not self._held:
            self._coming = self._one_pass()
            self._fill(quantile)
        if quantile is not None:
            return self._held.pop(place_of(quantile, len(self._held)))
        place = self._rng.randrange(len(self._held))
        # The last one takes its place: a pop from the middle would move all that follow.
        self._held[place], self._held[-1] = self._held[-1], self._held[place]
        return self._held.pop()

    def _fill(self, quantile: float | None) -> None:
        while len(self._held) < self._size:
            item = next(self._coming, None)
            if item is None:
                return
            if quantile is None:
                self._held.append(item)
            else:
                insort(self._held, item, key=length)


def usable_docs(paths: list[Path], nlp: Language, max_length: int) -> Iterator[Doc]:
    """The documents that can be trained on: with tokens and NER annotation, and not too long."""
    for path in paths:
        for doc in read_docs(path, nlp.vocab):
            fits = not max_length or len(doc) <= max_length
            if len(doc) and fits and doc.has_annotation("ENT_IOB"):
                yield doc


def make_example(nlp: Language, reference: Doc) -> Example:
    """An example with the pipeline's own tokens, or with the reference's where its spacing is unknown.

    nlp: The pipeline.
    reference: The annotated document.
    RETURNS: The example.
    """
    if reference.has_unknown_spaces:
        return Example(Doc(nlp.vocab, words=[token.text for token in reference]), reference)
    return Example(nlp.make_doc(reference.text), reference)


def place_of(quantile: float, count: int) -> int:
    """Place of a quantile in a sorted list that is not empty."""
    return min(int(quantile * count), count - 1)


def length(item: Doc | Example) -> int:
    """Length in tokens."""
    return len(item.reference if isinstance(item, Example) else item)


class Blend:
    """The streams and the books of one reader.

    nlp: The pipeline that is trained.
    plan: What to draw from where.
    seed: Decides the order of every source.
    max_length: Longer documents are left out; 0 for no limit.
    window: A source of more documents is streamed, with so many held for shuffling.
    group_by_length: Whether the examples of a step are of similar length.
    """

    def __init__(
        self, nlp: Language, plan: Plan, *, seed: int, max_length: int, window: int, group_by_length: bool
    ) -> None:
        self.account = plan.open_account()
        self._drawer = Drawer(plan.weights)
        # Each source has a generator of its own, so that its order does not depend on which others there are.
        self._streams = {
            name: Stream(
                path,
                nlp,
                plan.holdings[name].documents,
                random.Random(f"{seed}/{name}"),
                max_length,
                window,
            )
            for name, path in plan.sources.items()
        }
        self._lengths = random.Random(f"{seed}/lengths") if group_by_length else None
        self._step = -1
        self._quantile: float | None = None

    def draw(self, step: int) -> Example:
        """Draw the next example.

        step: The step it is drawn for.
        RETURNS: The example.
        """
        if self._lengths and step != self._step:
            # All sources give this step documents of one length: which source comes next does not change.
            self._step, self._quantile = step, self._lengths.random()
        share = self.account.share_at(step)
        distilled = self._drawer.draw(share)
        source = GOLD if distilled is None else distilled
        example = self._streams[source].draw(self._quantile)
        self.account.add(source, len(example.predicted), share)
        return example
