"""What an answer says, before it is looked for in the text."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...errors import DistillError

# Ways to say "this is not an entity" where a label is expected.
NOT_AN_ENTITY = frozenset({"", "-", "none", "null", "o", "no", "n/a", "na", "false", "not an entity"})


class Candidate(NamedTuple):
    """One mention that an answer names.

    text: The mention as the answer spells it.
    label: The label as the answer spells it; empty where it names none.
    accepted: Whether the answer holds it for an entity.
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
        self._known = {_normal(name): label for name, label in spelled.items()}

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._known

    def resolve(self, name: str) -> str | None:
        """The label that a name in an answer means: a label, "O" for no entity, None if it is unknown."""
        normal = _normal(name)
        if normal in self._known:
            return self._known[normal]
        return "O" if normal in NOT_AN_ENTITY else None


def _normal(name: str) -> str:
    return name.strip(" \t\n*_`'\"()[]<>=.:").casefold()
