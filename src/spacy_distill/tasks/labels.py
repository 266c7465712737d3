"""The labels of a prompted task: how an answer may spell them, and what they are defined to mean."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import srsly

from ..errors import DistillError, shorten

# Ways to say "none of the labels" where one is expected.
NO_LABEL = frozenset(
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
_MARKS = " \t\n*_`'\"“”‘’()[]{}<>=.:,;#"
_SEPARATORS = re.compile(r"[\s_\-./]+")
_TAG = re.compile(r"[bilues][-_]", re.IGNORECASE)
_ARTICLE = re.compile(
    r"(?:an?|the)\s+|(?:entity[ _])?(?:label|type|tag|category|class)\s*[:=]\s*", re.IGNORECASE
)
# "PER (person)", "PER: a person", "PER - a person".
_REMARKED = re.compile(r"([^()\[\]:–—]{1,80}?)\s*(?:[(\[]([^()\[\]]*)[)\]]|(?::|\s[-–—])\s*([^()\[\]]*))")
_WORD = re.compile(r"\w+")
_ENUMERATED = re.compile(r"\s*[/,;|]\s*")
LONGEST_SHOWN = 60
MOST_NODES = 1_000_000  # Values of a file of definitions or examples.
REMEMBERED, LONGEST = 10_000, 200  # Bounds what an answer full of strange labels can cost.


class LabelSet:
    """The labels of a task, and the ways in which an answer may write them.

    labels: the labels.
    aliases: a label as it may be in an answer, and the label that it means; "O" for none.
    RAISES DistillError: if there is no label, a label is empty or twice there, or an alias means an unknown
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
                f"`labels` in [components.llm.task] is {list(self.labels)}. "
                'Give at least one label, each once, none empty: labels = ["LOC", "PER"].'
            )
        for alias, label in (aliases or {}).items():
            if label not in self.labels and label != "O":
                raise DistillError(
                    f"`aliases` in [components.llm.task] maps {alias!r} to {label!r}, which is no label: "
                    f'{list(self.labels)}. Map it to one of them, or to "O" for none.'
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

    def spellings(self, label: str) -> list[str]:
        """A label and its aliases."""
        return [name for name, meant in self._exact.items() if meant == label]

    def resolve(self, name: str) -> str | None:
        """The label that a name in an answer means: a label, "O" for none of them, None if it is not clear.

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
        if name.strip(_MARKS).casefold() in NO_LABEL:
            return "O"
        parts = _ENUMERATED.split(name.strip(_MARKS))
        if len(parts) > 1:
            meant = {self._named(part) for part in parts}
            return meant.pop() if len(meant) == 1 else None
        if remarked := _REMARKED.fullmatch(name.strip()):
            outer, inner = self._named(remarked[1]), self._named(remarked[2] or remarked[3] or "")
            others = {self._exact.get(word) for word in _WORD.findall(remarked[2] or remarked[3] or "")}
            return outer if outer and inner in (None, outer) and others <= {None, outer} else None
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
    plain = unicodedata.normalize("NFKC", name).strip(_MARKS).casefold()
    return (_SEPARATORS.sub("", plain) or plain).replace("isation", "ization")


def read_definitions(path: Path, labels: LabelSet) -> dict[str, str]:
    """Read the definitions of labels from a YAML or JSON file that maps each label to its definition.

    RETURNS: Label to definition, in the order of the labels, without those that are left empty.
    RAISES DistillError: if the file cannot be read, is not such a mapping, or defines a label that the task
        lacks.
    """
    found = read_structured(path)
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise DistillError(f"{path} must map each label to its definition: LOC: places …")
    if strange := [label for label in found if label not in labels.labels]:
        raise DistillError(
            f"{path} defines {strange}, which the task does not have. Its labels are {list(labels.labels)}: "
            "change `labels` in [components.llm.task], or the file."
        )
    defined = {label: " ".join(found[label].split()) for label in labels.labels if label in found}
    return {label: text for label, text in defined.items() if text}


def read_structured(path: Path) -> Any:
    """The content of a YAML or JSON file.

    RAISES DistillError: if there is no such file or it is neither.
    """
    try:
        found = srsly.yaml_loads(Path(path).read_text("utf8"))
        if not _is_bounded(found):
            raise DistillError(
                f"{path} holds more than {MOST_NODES:,} values, if its aliases are written out."
            )
        return found
    except DistillError:
        raise
    except OSError as error:
        raise DistillError(
            f"Cannot read {path}: {error.strerror}. Change the path in [components.llm.task]; "
            "a relative path starts at the folder you work in."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DistillError(f"{path} is neither YAML nor JSON: {error}") from error


def _is_bounded(value: Any) -> bool:
    """Whether a value has no more parts than can be worked with; an alias of YAML counts at each place."""
    number, todo = 0, [value]
    while todo and number < MOST_NODES:
        one = todo.pop()
        number += 1
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set):
            todo += one
    return not todo


def shown_label(label: str) -> str:
    """A label from outside as it may be in a record: one short line."""
    return shorten(label, length=LONGEST_SHOWN)
