"""From candidates to spans of tokens: where mentions stand, which hold, and what cannot be known."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..annotation import Annotation, Item
from ..labels import LabelSet, shown_label
from .candidates import Candidate
from .mention_search import Places, WordIndex

Repeats = Literal["all", "listed"]
# "World Trade Organisation (WTO)": a name and its abbreviation, which are two mentions.
_ABBREVIATED = re.compile(r"(\w[^()]*\S)\s*\(\s*(\w[^()\s]*)\s*\)")
LONGEST = 10  # Tokens of a text that may be one mention.
REASONS = ("invented", "unsearched", "misaligned", "unknown_label", "duplicate", "overlap")


class PlacedCandidate(NamedTuple):
    """A candidate at its place.

    start: first token.
    end: the token after the last one.
    label: a label of the task; of a rejected candidate the one it was denied, or "" where none is
        named.
    reason: the answer's words for it.
    """

    start: int
    end: int
    label: str
    reason: str

    def item(self) -> Item:
        """As an item of an annotation."""
        return Item(self.start, self.end, self.label)


@dataclass
class Alignment:
    """What an answer says of the tokens of a text.

    entities: accepted candidates, without overlaps, in text order.
    rejected: rejected candidates, in text order.
    missing: tokens of which the answer says something that cannot be used: they are neither an
        entity nor "O".
    candidates: how many candidates the answer names, accepted or not.
    dropped: how many accepted candidates came to nothing, by reason.
    of_another_text: whether nothing that it names is in the text.
    unknown_labels: how often the answer gives a label that the task does not have, by label.
    """

    entities: list[PlacedCandidate] = field(default_factory=list)
    rejected: list[PlacedCandidate] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)
    candidates: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    of_another_text: bool = False
    unknown_labels: Counter[str] = field(default_factory=Counter)

    def annotation(self, size: int) -> Annotation:
        """As an annotation of a text of so many tokens."""
        return Annotation(size, tuple(map(PlacedCandidate.item, self.entities)), frozenset(self.missing))


class _Group(NamedTuple):
    """Candidates that are in the same places; `None` as a label is one that is unknown."""

    spans: tuple[tuple[int, int], ...]
    listed: list[tuple[Candidate, str | None]]


def align(
    index: WordIndex, candidates: Iterable[Candidate], labels: LabelSet, repeats: Repeats = "all"
) -> Alignment:
    """Find candidates among the tokens of a text and settle what contradicts. Never raises.

    The order of the candidates does not matter, except among those of the same mention: the n-th listing
    is for its n-th occurrence. A mention that occurs more often than it is listed labels the other
    occurrences too if `repeats` is "all" (and leaves them missing if its listings differ), or none of them
    if it is "listed". Of overlapping entities the longest wins (in tokens), then the one listed first; a
    mention that also stands outside the longer entity is looked for there. A mention that is listed under
    different labels, and more often than it occurs, has none that is known.

    index: the tokens' texts.
    candidates: what the answer names.
    labels: the labels of the task.
    repeats: "all" or "listed".
    RETURNS: the spans, the tokens left missing, and what was dropped by reason.
    """
    result = Alignment()
    claimed: dict[int, PlacedCandidate] = {}
    unclear: set[int] = set()  # Tokens of accepted mentions whose label is not known.
    for group in sorted(_groups(index, candidates, labels, result), key=_longest_first):
        _settle(group, repeats, claimed, unclear, result)
    result.entities.sort()
    kept = {(entity.start, entity.end) for entity in result.entities}
    result.rejected = sorted({item for item in result.rejected if item[:2] not in kept})
    result.missing -= claimed.keys()
    return result


def _longest_first(group: _Group) -> int:
    return -max(end - start for start, end in group.spans)


def _groups(
    index: WordIndex, candidates: Iterable[Candidate], labels: LabelSet, result: Alignment
) -> list[_Group]:
    groups: dict[tuple[tuple[int, int], ...], _Group] = {}
    group_of: dict[str, _Group] = {}
    lost: set[tuple[int, int]] = set()
    found = {True: 0, False: 0}
    named = {True: 0, False: 0}
    for candidate in (part for whole in candidates for part in _parts(whole, index)):
        result.candidates += 1
        label = labels.resolve(candidate.label)
        if label == "O":
            candidate, label = candidate._replace(accepted=False), ""
        places = index.find(candidate.text)
        named[candidate.accepted] += 1
        found[candidate.accepted] += places is not None
        whole = places is not None and len(index.words) > LONGEST and _is_whole(places, index)
        if places is None or not places.aligned or whole:
            if candidate.accepted:
                lost.update(places.spans if places else ())
                if not places and len(result.missing) < len(index.words):
                    unknown = index.names if label else ()  # An entity that may be any name of the text.
                    result.missing.update(index.parts(candidate.text) or unknown)
                nowhere = "unsearched" if index.exhausted else "invented"
                result.dropped["misaligned" if places else nowhere] += 1
                if label and not candidate.text.strip():  # An entity that is said to be, and not where.
                    result.missing.update(range(len(index.words)))
            continue
        if candidate.text not in group_of:
            group_of[candidate.text] = groups.setdefault(places.spans, _Group(places.spans, []))
        group_of[candidate.text].listed.append((candidate, label))
    result.missing.update(_tokens(lost))
    result.of_another_text = bool(named[True] or named[False]) and not found[named[True] > 0]
    return list(groups.values())


def _is_whole(places: Places, index: WordIndex) -> bool:
    """Whether a mention is the whole text, apart from its last token."""
    return any(start == 0 and end >= len(index.words) - 1 for start, end in places.spans)


def _parts(candidate: Candidate, index: WordIndex) -> tuple[Candidate, ...]:
    """A candidate, or its name and its abbreviation if it is both and the text has them."""
    found = _ABBREVIATED.fullmatch(candidate.text) if ")" in candidate.text else None
    if not found or sum(map(str.isupper, found[2])) < 2 or not index.stands(found[2]):
        return (candidate,)
    return candidate._replace(text=found[1]), candidate._replace(text=found[2])


def _settle(
    group: _Group,
    repeats: Repeats,
    claimed: dict[int, PlacedCandidate],
    unclear: set[int],
    result: Alignment,
) -> None:
    free = [span for span in group.spans if not any(i in claimed or i in unclear for i in range(*span))]
    listed = group.listed
    if len(listed) > len(free):
        listed = sorted(listed, key=lambda item: not item[0].accepted)
        meant = {label for candidate, label in listed if candidate.accepted}
        if len(meant) > 1:  # More labels than places: none of them is clear.
            listed = [(candidate, None if candidate.accepted else label) for candidate, label in listed]
        for candidate, _ in listed[len(free) :]:
            if candidate.accepted:
                result.dropped["duplicate" if free else "overlap"] += 1
                if not free:
                    result.missing.update(_tokens(group.spans))
    decided = list(zip(free, listed, strict=False))
    if repeats == "all" and len(free) > len(listed):
        if len({(c.accepted, label) for c, label in listed}) == 1:
            decided += [(span, listed[0]) for span in free[len(listed) :]]
        else:
            result.missing.update(_tokens(free[len(listed) :]))
    for (start, end), (candidate, label) in decided:
        _place(
            PlacedCandidate(start, end, label or "", candidate.reason), candidate.accepted, claimed, result
        )
        if candidate.accepted and not label:
            unclear.update(range(start, end))
    strange = [c.label for c, label in listed[: len(free)] if c.accepted and not label]
    result.dropped["unknown_label"] += len(strange)
    result.unknown_labels.update(map(shown_label, strange))


def _place(
    found: PlacedCandidate, accepted: bool, claimed: dict[int, PlacedCandidate], result: Alignment
) -> None:
    if not accepted:
        result.rejected.append(found)
    elif not found.label:
        result.missing.update(range(found.start, found.end))
    else:
        result.entities.append(found)
        claimed.update(dict.fromkeys(range(found.start, found.end), found))


def _tokens(spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    return (i for start, end in spans for i in range(start, end))
