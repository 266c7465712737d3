"""The examples of a blend, streamed from shards and drawn so that the shares are exact."""

import random
from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Generic, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.docbin import read_docs, shard_paths
from ..tasks.base import Task
from .plan import GOLD, BlendPlan, Exposure

T = TypeVar("T", Doc, Example)
# Every float is a whole number of these. So shares are added up exactly, where a sum of floats would drift.
ONE = 1 << 1074


class Drawer:
    """Spend a changing share exactly.

    After any number of draws the distilled ones are within one half of the sum of their shares, and each
    distilled source is within one of its weighted part of them.

    weights: the distilled sources and their weights; only their ratios matter.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._owed = 0
        self._parts = Parts(weights)

    def draw(self, share: float) -> str | None:
        """The distilled source to draw from, or None for gold.

        share: the share of distilled examples that the plan gives this draw.
        """
        numerator, denominator = share.as_integer_ratio()
        self._owed += numerator * (ONE // denominator)
        if self._owed < ONE // 2:
            return None
        self._owed -= ONE
        return self._parts.draw()


class Parts:
    """Share draws among sources by fixed weights, each within one of its part at every draw.

    A source may have its next draw once its part has begun to cover it, and must have it before its part is a
    whole draw ahead. Taking the most urgent of those that may keeps both bounds (Tijdeman 1980, The chairman
    assignment problem).

    weights: the sources and their weights.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        total = sum(Fraction(weight) for weight in weights.values())
        self._parts = {name: Fraction(weight) / total for name, weight in weights.items() if weight}
        self._drawn = dict.fromkeys(self._parts, 0)
        self._draws = 0

    def draw(self) -> str:
        """The source of the next draw."""
        if len(self._parts) == 1:
            return next(iter(self._parts))
        self._draws += 1
        may = [name for name, part in self._parts.items() if self._drawn[name] < part * self._draws]
        chosen = min(may, key=lambda name: (self._drawn[name] + 1) / self._parts[name])
        self._drawn[chosen] += 1
        return chosen


@dataclass
class BlendTotals:
    """What a reader has drawn so far.

    documents: usable documents of each source by name, gold among them.
    skipped: documents of each source that are not drawn, by reason.
    shares: the plan: the share of distilled examples at each step.
    drawn: exposure of each source.
    planned: sum of the planned shares of all draws: the distilled examples that the plan asked for.
    """

    documents: dict[str, int]
    skipped: dict[str, dict[str, int]]
    shares: list[float]
    drawn: dict[str, Exposure] = field(init=False)
    planned: float = 0.0

    def __post_init__(self) -> None:
        self.drawn = {name: Exposure() for name in self.documents}

    def add(self, source: str, words: int, share: float) -> None:
        """Count one draw: the source it was taken from, its words, and the planned share."""
        self.drawn[source].examples += 1
        self.drawn[source].words += words
        self.planned += share

    @property
    def examples(self) -> int:
        """All examples drawn."""
        return sum(exposure.examples for exposure in self.drawn.values())

    @property
    def distilled(self) -> int:
        """Examples drawn from the distilled sources."""
        return sum(exposure.examples for name, exposure in self.drawn.items() if name != GOLD)

    def share_at(self, step: int) -> float:
        """The planned share of a step."""
        return self.shares[min(step, len(self.shares) - 1)]

    def share_since(self, examples: int = 0, distilled: int = 0) -> float:
        """The realised share of what was drawn since some totals; 0 if nothing was."""
        drawn = self.examples - examples
        return round((self.distilled - distilled) / drawn, 6) if drawn else 0.0

    def planned_share(self) -> float:
        """The planned share of all draws so far."""
        return round(self.planned / self.examples, 6) if self.examples else 0.0

    def exposures(self) -> dict[str, dict[str, Any]]:
        """Exposures as plain data, with the number of passes over each source."""
        return {
            name: {
                "examples": exposure.examples,
                "words": exposure.words,
                "epochs": round(exposure.examples / self.documents[name], 4),
            }
            for name, exposure in self.drawn.items()
        }


class ShuffledList(Generic[T]):
    """Items in memory, drawn without end in a new order at every pass.

    rng: decides the order of each pass.
    """

    def __init__(self, items: Iterator[T], rng: random.Random) -> None:
        self._items: list[T] = list(items)
        self._rng = rng
        self._left: list[T] = []

    def draw(self, quantile: float | None) -> T:
        """Draw an item; see open_stream."""
        if not self._left:
            self._rng.shuffle(self._items)
            self._left = list(self._items)
            if quantile is not None:
                self._left.sort(key=_length)
        return self._left.pop(-1 if quantile is None else _place(quantile, len(self._left)))


class ShuffleWindow(Generic[T]):
    """Items that are read anew at every pass, shuffled within a window.

    one_pass: gives the items anew.
    rng: decides the order within the window.
    size: how many items are in memory.
    """

    def __init__(self, one_pass: Callable[[], Iterator[T]], rng: random.Random, size: int) -> None:
        self._one_pass: Callable[[], Iterator[T]] = one_pass
        self._rng = rng
        self._size = size
        self._coming: Iterator[T] = iter(())
        self._window: list[T] = []

    def draw(self, quantile: float | None) -> T:
        """Draw an item; see open_stream."""
        self._fill(quantile)
        if not self._window:
            self._coming = self._one_pass()
            self._fill(quantile)
        if quantile is not None:
            return self._window.pop(_place(quantile, len(self._window)))
        place = self._rng.randrange(len(self._window))
        # The last one takes its place: a pop from the middle would move all that follow.
        self._window[place], self._window[-1] = self._window[-1], self._window[place]
        return self._window.pop()

    def _fill(self, quantile: float | None) -> None:
        while len(self._window) < self._size:
            item = next(self._coming, None)
            if item is None:
                return
            if quantile is None:
                self._window.append(item)
            else:
                insort(self._window, item, key=_length)


class Blend:
    """The streams of one reader, and what was drawn from them.

    nlp: the pipeline that is trained.
    plan: what to draw from where.
    seed: decides the order of every source.
    max_length: longer documents (in tokens) are left out; 0 for no limit.
    window: a source of more documents is streamed, with so many in memory for shuffling.
    group_by_length: whether the examples of a step are of similar length.
    """

    def __init__(
        self,
        nlp: Language,
        plan: BlendPlan,
        *,
        seed: int,
        max_length: int,
        window: int,
        group_by_length: bool,
    ) -> None:
        self.totals = BlendTotals(
            documents={name: counts.documents for name, counts in plan.counts.items()},
            skipped={name: dict(counts.skipped) for name, counts in plan.counts.items()},
            shares=plan.shares,
        )
        self._drawer = Drawer(plan.weights)
        # Each source has a generator of its own, so that its order does not depend on which others there are.
        self._streams = {
            name: open_stream(nlp, plan, name, random.Random(f"{seed}/{name}"), max_length, window)
            for name in plan.sources
        }
        self._lengths = random.Random(f"{seed}/lengths") if group_by_length else None
        self._step = -1
        self._quantile: float | None = None

    def draw(self, step: int) -> Example:
        """Draw the next example for a step."""
        if self._lengths and step != self._step:
            # All sources give this step documents of one length: which source comes next does not change.
            self._step, self._quantile = step, self._lengths.random()
        share = self.totals.share_at(step)
        distilled = self._drawer.draw(share)
        source = GOLD if distilled is None else distilled
        example = self._streams[source](self._quantile)
        self.totals.add(source, len(example.predicted), share)
        return example


def open_stream(
    nlp: Language, plan: BlendPlan, name: str, rng: random.Random, max_length: int, window: int
) -> Callable[[float | None], Example]:
    """A source without end, in a new order at every pass; no document comes twice before all came once.

    A source of no more documents than the window is kept in memory as examples. A larger one is read shard by
    shard, in a new order of shards, and shuffled within the window.

    RETURNS: draws the next example. Its argument is a quantile in [0, 1): draw one that is that long among
        those left, 0 for the shortest; or None: any.
    """
    task, shards = plan.counts[name].task, shard_paths(plan.sources[name])

    def usable_docs() -> Iterator[Doc]:
        for shard in shards:
            for doc in read_docs(shard, nlp.vocab):
                if is_usable(task, doc, max_length):
                    yield doc

    if plan.counts[name].documents <= window:
        return ShuffledList((make_example(nlp, doc) for doc in usable_docs()), rng).draw

    def one_pass() -> Iterator[Doc]:
        rng.shuffle(shards)
        return usable_docs()

    draw = ShuffleWindow(one_pass, rng, window).draw
    return lambda quantile: make_example(nlp, draw(quantile))


def is_usable(task: Task, doc: Doc, max_length: int) -> bool:
    """Whether a document can be trained on: with tokens and annotation, and not too long."""
    return bool(len(doc)) and not 0 < max_length < len(doc) and task.read(doc).usable


def make_example(nlp: Language, reference: Doc) -> Example:
    """An example with the pipeline's own tokens, or with the reference's where its spacing is unknown."""
    if reference.has_unknown_spaces:
        return Example(Doc(nlp.vocab, words=[token.text for token in reference]), reference)
    return Example(nlp.make_doc(reference.text), reference)


def _place(quantile: float, count: int) -> int:
    """Place of a quantile in a sorted list that is not empty."""
    return min(int(quantile * count), count - 1)


def _length(item: Doc | Example) -> int:
    return len(item.reference if isinstance(item, Example) else item)
