"""What an answer says, before it is looked for in the text."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...errors import DistillError

# Ways to say "this is not an entity" where a label is expected.
NOT_AN_ENTITY = frozenset(
    {
        "none",
        "null",
        "nil",
        "o",
        "no",
        "n/a",
        "na",
        "false",
        "no entity",
        "not an entity",
        "not a named entity",
    }
)
UNNAMED = "?"  # The label of an accepted mention where the answer names none.
_MARKS = " \t\n*_`'\"“”‘’()[]{}<>=.:#"
_SEPARATORS = re.compile(r"[\s_\-./]+")
_TAG = re.compile(r"[bilues][-_]", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:an?|the)\s+", re.IGNORECASE)
# "PER (person)", "PER: a person", "PER - a person".
_REMARKED = re.compile(r"([^()\[\]:–—]{1,80}?)\s*(?:[(\[]([^()\[\]]*)[)\]]|(?::|\s[-–—])\s*([^()\[\]]*))")
_ENUMERATED = re.compile(r"\s*[/,;|]\s*")
REMEMBERED, LONGEST = 10_000, 200  # Bounds what an answer full of strange labels can cost.


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


class UnreadableError(ValueError):
    """What looks like an answer is none of the forms in which answers name entities."""


class LabelSet:
    """The labels of a task, and the ways in which an answer may write them.

    labels: The labels.
    aliases: A label as it may stand in an answer, and the label that it means; "O" says
        that what is so labelled is no entity.
    RAISES DistillError: If there is no label, a label is empty or twice there, or an alias means an unknown
        label.
    """

    def __init__(self, labels: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        self.labels = tuple(labels)
        if (
            not self.labels
            or len(set(self.labels)) < len(self.labels)
            or not all(map(str.strip, self.labels))
        ):
            raise DistillError(
                f"`labels` of spacy_distill.NER.v1 is {list(self.labels)}. "
                'Give at least one label, each once, none empty: labels = ["LOC", "PER"].'
            )
        for alias, label in (aliases or {}).items():
            if label not in self.labels and label != "O":
                raise DistillError(
                    f"`aliases` of spacy_distill.NER.v1 maps {alias!r} to {label!r}, which is no label: "
                    f'{list(self.labels)}. Map it to one of them, or to "O" for no entity.'
                )
        spelled = {alias: label for alias, label in (aliases or {}).items()} | {x: x for x in self.labels}
        self._exact = spelled
        meanings: dict[str, set[str]] = {}
        for name, label in spelled.items():
            meanings.setdefault(_normal(name), set()).add(label)
        self._known = {name: some.pop() for name, some in meanings.items() if len(some) == 1}
        self._resolved: dict[str, str | None] = {}

    def __contains__(self, name: str) -> bool:
        return self.resolve(name) not in (None, "O")

    def resolve(self, name: str) -> str | None:
        """The label that a name in an answer means: a label, "O" for no entity, None if it is not clear.

        Case, separators, the prefixes of tagging schemes, plurals and a remark in brackets do not matter.
        """
        try:
            return self._resolved[name]
        except KeyError:
            if len(self._resolved) > REMEMBERED:
                self._resolved.clear()
            meaning = self._resolved[name] = self._meaning(name)
            return meaning

    def _meaning(self, name: str) -> str | None:
        if len(name) > LONGEST:
            return None
        if named := self._named(name):
            return named
        if name.strip(_MARKS).casefold() in NOT_AN_ENTITY:
            return "O"
        parts = _ENUMERATED.split(name)
        if len(parts) > 1:
            meant = {self._named(part) for part in parts}
            return meant.pop() if len(meant) == 1 else None
        if remarked := _REMARKED.fullmatch(name.strip()):
            outer, inner = self._named(remarked[1]), self._named(remarked[2] or remarked[3] or "")
            return outer if outer and inner in (None, outer) else None
        return None

    def _named(self, name: str) -> str | None:
        """The label of a name that is one, or a variant of one."""
        if name in self._exact:
            return self._exact[name]
        bare = _ARTICLE.sub("", name.strip(_MARKS), count=1)
        for form in (bare, _TAG.sub("", bare, count=1) if _TAG.match(bare) else ""):
            normal = _normal(form)
            singular = normal[:-3] + "y" if normal.endswith("ies") else normal.removesuffix("s")
            for variant in (normal, singular, f"{normal}s"):
                if normal and variant in self._known:
                    return self._known[variant]
        return None


def tag_of(label: str) -> str:
    """The prefix of a tag of a tagging scheme, as "B" of "B-PER"; empty if there is none."""
    return label[0].upper() if _TAG.match(label) else ""


def _normal(name: str) -> str:
    plain = name.strip(_MARKS).casefold()
    return (_SEPARATORS.sub("", plain) or plain).replace("isation", "ization")
