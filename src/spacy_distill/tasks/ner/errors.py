"""Gold and found entities of one document set side by side: what each error is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ...corpus.scores import Counts, Key

Kind = Literal["correct", "type", "boundary", "both", "missed", "open", "spurious"]
ERRORS: tuple[Kind, ...] = ("type", "boundary", "both", "missed", "spurious")


@dataclass(frozen=True)
class Pairing:
    """A gold entity, a found one, or both if they share a token.

    kind: "correct"; "type" (borders right, label wrong); "boundary" (label right, borders wrong);
        "both" (they only overlap); "missed" (gold alone); "open" (gold alone, over tokens left without a
        label: no error); "spurious" (found alone).
    gold, found: Label, first token, token after the last, in gold's tokens.
    """

    kind: Kind
    gold: Key | None = None
    found: Key | None = None


def pair_spans(gold: Iterable[Key], found: Iterable[Key], open: frozenset[int]) -> list[Pairing]:
    """Pair the entities of a document, each at most once.

    Those with the same borders come first, then those with the same label, then those that share most tokens.

    gold: The right entities.
    found: The entities to judge.
    open: Tokens that the annotation to judge leaves open.
    RETURNS: Every entity of either side once, in text order.
    """
    pairs: list[Pairing] = []
    left, right = dict.fromkeys(sorted(set(gold))), dict.fromkeys(sorted(set(found)))
    for g, f in _by_closeness(left, right):
        if g in left and f in right:
            del left[g], right[f]
            pairs.append(Pairing(_kind(g, f), g, f))
    pairs += [Pairing("open" if not open.isdisjoint(range(*g[1:])) else "missed", gold=g) for g in left]
    pairs += [Pairing("spurious", found=f) for f in right]
    return sorted(pairs, key=lambda pair: (pair.gold or pair.found or ("", 0, 0))[1:])


def count_pairs(pairs: Iterable[Pairing], *, set_aside: bool) -> dict[str, Counts]:
    """Strict counts by label.

    pairs: Pairings of any number of documents.
    set_aside: Leave out gold entities over tokens that bear no label; else they count as not found.
    RETURNS: With `set_aside` false, the counts of `count_spans`.
    """
    counts: dict[str, Counts] = {}
    for pair in pairs:
        if pair.kind == "open" and set_aside:
            continue
        right = pair.kind == "correct"
        if pair.gold is not None:
            label = pair.gold[0]
            counts[label] = counts.get(label, Counts()) + Counts(tp=right, fn=not right)
        if pair.found is not None and not right:
            label = pair.found[0]
            counts[label] = counts.get(label, Counts()) + Counts(fp=1)
    return counts


def _by_closeness(left: Iterable[Key], right: Iterable[Key]) -> Iterator[tuple[Key, Key]]:
    ranked = []
    for g in left:
        for f in right:
            shared = min(g[2], f[2]) - max(g[1], f[1])
            if shared > 0:
                ranked.append((g[1:] != f[1:], g[0] != f[0], -shared, g[1], g, f))
    for *_, g, f in sorted(ranked):
        yield g, f


def _kind(gold: Key, found: Key) -> Kind:
    if gold[1:] == found[1:]:
        return "correct" if gold[0] == found[0] else "type"
    return "boundary" if gold[0] == found[0] else "both"
