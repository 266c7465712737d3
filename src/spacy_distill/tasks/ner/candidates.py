"""What an answer says, before it is looked for in the text."""

from collections.abc import Iterable
from typing import NamedTuple

from ..labels import LabelSet, tag_of

UNNAMED = "?"  # The label of an accepted mention where the answer names none.


class Candidate(NamedTuple):
    """One mention that an answer names.

    text: the mention as the answer spells it.
    label: the label as the answer spells it; empty where it names none.
    accepted: whether the answer says that it is an entity.
    reason: why, in the answer's words; empty where it does not say.
    """

    text: str
    label: str
    accepted: bool
    reason: str = ""


class Parsed(NamedTuple):
    """The candidates of one answer.

    candidates: in the order of the answer.
    complete: False if the answer breaks off before its list of entities is closed.
    """

    candidates: tuple[Candidate, ...]
    complete: bool = True


class Structure(NamedTuple):
    """A part of an answer that lists entities.

    start: offset of its first character.
    end: offset behind it.
    candidates: in its order.
    complete: False if a list of entities in it is cut off.
    rank: 2 if every item says what it is (JSON, lines with a verdict), 1 if the form was guessed.
    single: whether it is one mention alone, in no list.
    remarks: what it says beside its lists.
    scope: the sentence or label that it is about, where it names one.
    """

    start: int
    end: int
    candidates: tuple[Candidate, ...]
    complete: bool = True
    rank: int = 1
    single: bool = False
    remarks: tuple[str, ...] = ()
    scope: str = ""


def join_tags(found: Iterable[Candidate], labels: LabelSet) -> list[Candidate]:
    """Candidates whose labels are tags, as the mentions that the tags join."""
    joined: list[Candidate] = []
    for one in found:
        last = joined[-1] if joined else None
        goes_on = last is not None and tag_of(one.label) in ("I", "E", "L") and tag_of(last.label)
        if last is not None and goes_on and labels.resolve(one.label) == labels.resolve(last.label):
            joined[-1] = last._replace(text=f"{last.text} {one.text}")
        else:
            joined.append(one)
    if not any(tag_of(one.label) for one in joined):
        return joined
    texts = {one.text for one in joined if labels.resolve(one.label) != "O"}
    return [one for one in joined if one.label != "O" or one.text in texts]
