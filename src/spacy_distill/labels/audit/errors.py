"""Which errors an annotation makes: confusions of labels, and the most frequent errors with examples."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc

from ...corpus.provenance import doc_id
from ...corpus.scores import Key
from ...tasks.ner.errors import ERRORS, Kind, Pairing
from .annotation import Judged

FREQUENT, STRINGS, EXAMPLES, AROUND = 20, 5, 3, 12


@dataclass(frozen=True)
class Confusion:
    """How often gold entities of a label were found as another.

    gold, found: Labels; "" for none.
    exact: With the same borders.
    overlapping: With other borders.
    """

    gold: str
    found: str
    exact: int
    overlapping: int


@dataclass(frozen=True)
class Example:
    """One error in its sentence: the document's id, the text before, the entities' text, the text after."""

    id: str
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class FrequentError:
    """Errors of one kind between the same two labels.

    kind: See `Pairing`.
    gold, found: Labels; "" for none.
    count: How many there are.
    strings: The texts most often concerned.
    examples: The first of them, of different texts if there are.
    """

    kind: Kind
    gold: str
    found: str
    count: int
    strings: list[tuple[str, int]]
    examples: list[Example]


def confusions(all_judged: Sequence[Judged]) -> list[Confusion]:
    """How often each gold label was found as which, "" standing for none."""
    exact: Counter[tuple[str, str]] = Counter()
    overlapping: Counter[tuple[str, str]] = Counter()
    for one in all_judged:
        for pair in one.pairs:
            if pair.kind != "open":
                counter = overlapping if pair.kind in ("boundary", "both") else exact
                counter[_label(pair.gold), _label(pair.found)] += 1
    cells = sorted(exact.keys() | overlapping.keys())
    return [Confusion(*cell, exact=exact[cell], overlapping=overlapping[cell]) for cell in cells]


def frequent_errors(all_judged: Sequence[Judged], limit: int = FREQUENT) -> list[FrequentError]:
    """Errors grouped by kind and labels, the most frequent first, with the texts they concern."""
    groups: dict[tuple[Kind, str, str], list[tuple[Doc, Pairing]]] = defaultdict(list)
    for one in all_judged:
        for pair in one.pairs:
            if pair.kind in ERRORS:
                groups[pair.kind, _label(pair.gold), _label(pair.found)].append((one.gold, pair))
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:limit]
    return [_frequent(*group, members) for group, members in ranked]


def _frequent(kind: Kind, gold: str, found: str, members: list[tuple[Doc, Pairing]]) -> FrequentError:
    strings = Counter(_texts(doc, pair) for doc, pair in members)
    examples: dict[str, Example] = {}
    spare: list[Example] = []
    for doc, pair in members:
        example = _example(doc, pair)
        if examples.setdefault(_texts(doc, pair), example) is not example:
            spare.append(example)
    shown = [*examples.values(), *spare][:EXAMPLES]
    return FrequentError(kind, gold, found, len(members), strings.most_common(STRINGS), shown)


def _texts(doc: Doc, pair: Pairing) -> str:
    """The entity's text; both, where the borders differ."""
    keys = [key for key in (pair.gold, pair.found) if key is not None]
    return " → ".join(dict.fromkeys(doc[start:end].text for _, start, end in keys))


def _example(doc: Doc, pair: Pairing) -> Example:
    keys = list(_present(pair))
    start, end = min(key[1] for key in keys), max(key[2] for key in keys)
    first, last = max(0, start - AROUND), min(len(doc), end + AROUND)
    return Example(
        id=doc_id(doc) or "",
        before=("… " if first else "") + doc[first:start].text,
        text=doc[start:end].text,
        after=doc[end:last].text + (" …" if last < len(doc) else ""),
    )


def _present(pair: Pairing) -> Iterator[Key]:
    yield from (key for key in (pair.gold, pair.found) if key is not None)


def _label(key: Key | None) -> str:
    return key[0] if key else ""
