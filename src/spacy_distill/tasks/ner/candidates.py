"""What an answer says, before it is looked for in the text."""

from typing import NamedTuple

UNNAMED = "?"  # The label of an accepted mention where the answer names none.


class Candidate(NamedTuple):
    """One mention that an answer names.

    text: The mention as the answer spells it.
    label: The label as the answer spells it; empty where it names none.
    accepted: Whether the answer says that it is an entity.
    reason: Why, in the answer's words; empty where it does not say.
    """

    text: str
    label: str
    accepted: bool
    reason: str = ""


class Parsed(NamedTuple):
    """The candidates of one answer.

    candidates: In the order of the answer.
    complete: False if the answer breaks off before its list of entities is closed.
    """

    candidates: tuple[Candidate, ...]
    complete: bool = True


class Structure(NamedTuple):
    """A part of an answer that lists entities.

    start: Offset of its first character.
    end: Offset behind it.
    candidates: In its order.
    complete: False if a list of entities in it is cut off.
    rank: 2 if every item says what it is (JSON, lines with a verdict), 1 if the form was guessed.
    single: Whether it is one mention alone, in no list.
    remarks: What it says beside its lists.
    scope: The sentence or label that it is about, where it names one.
    """

    start: int
    end: int
    candidates: tuple[Candidate, ...]
    complete: bool = True
    rank: int = 1
    single: bool = False
    remarks: tuple[str, ...] = ()
    scope: str = ""
