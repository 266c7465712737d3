"""From a value (of JSON, of rows, of keys with values) to candidates: which forms say what, and no others."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..labels import NO_LABEL, LabelSet, tag_of
from ..thinking import UnreadableError
from .candidates import UNNAMED, Candidate, join_tags
from .empty_answers import says_nothing
from .json_keys import Role, is_draft, is_measure, is_reason, is_verdict, names_entities, role_of
from .mention_search import WordIndex

_NUMBER = re.compile(r"[#(\[]?\d{1,4}[.)\]]?")
_LISTED = re.compile(r"\s*([,;、\n]|\band\b)\s*")
_ELLIPSIS = ("...", "…")
EntryReader = Callable[[str, "ValueReader"], Sequence[Candidate]]


class ValueContent(NamedTuple):
    """What was read of a value: fields of a structure, and whether a key says that it is a list."""

    candidates: tuple[Candidate, ...]
    complete: bool
    keyed: bool
    remarks: tuple[str, ...]
    scope: str


class ValueReader:
    """Reads candidates from the values of one answer. A value is read as a whole, or it is not readable.

    labels: the labels of the task.
    index: the words of the text, if they are known.
    entries: reads a mention with its label from one string, as "Rome (LOC)".
    """

    def __init__(self, labels: LabelSet, index: WordIndex | None, entries: EntryReader) -> None:
        self.labels, self.index, self.entries = labels, index, entries

    def read(self, value: Any, is_open: Callable[[Any], bool] = lambda _: False) -> ValueContent:
        """Read a list or a dict.

        is_open: says of a list or dict in it whether it is cut off.
        RAISES UnreadableError: if some part of it cannot be read.
        """
        self._is_open, self._complete, self._keyed = is_open, True, False
        self._remarks: list[str] = []
        self._scope = ""
        found = join_tags(self._value(value, None, False), self.labels)
        return ValueContent(tuple(found), self._complete, self._keyed, tuple(self._remarks), self._scope)

    def _value(self, value: Any, label: str | None, listed: bool) -> list[Candidate]:
        """What a value says, under a key that names a label, or that says that entities are listed."""
        if isinstance(value, list):
            self._complete &= not self._is_open(value)
            return self._items(value, label, listed)
        if isinstance(value, dict):
            return self._dict(value, label, listed)
        if value is None and (listed or label):
            return []
        if isinstance(value, str) and (listed or label):
            return self._string(value, label)
        raise UnreadableError

    def _string(self, value: str, label: str | None) -> list[Candidate]:
        if says_nothing(value) or (label is not None and _is_empty(value)):
            return []
        if (inner := decoded(value)) is not None:
            return self._value(inner, label, True)
        if label is not None:
            return [Candidate(text, label, True) for text in self.mentions(value)]
        found = [list(self.entries(line, self)) for line in value.splitlines() if line.strip()]
        if not found or not all(found):
            raise UnreadableError
        return [candidate for one in found for candidate in one]

    def may_be(self, mentions: Iterable[str]) -> bool:
        """Whether a guess of what the mentions are holds: they are in the text, if it is known."""
        return self.index is None or all(map(self.index.stands, mentions))

    def mentions(self, text: str) -> list[str]:
        """The mentions that a string lists: itself, unless the text has all its parts and not the whole."""
        pieces = _LISTED.split(text)
        parts = [part for part in pieces[::2] if part]
        if self.index is None or len(parts) < 2 or self.index.stands(text):
            return [text]
        if not {*"[]{}"}.isdisjoint(text):  # Broken JSON: what divides it may be junk, too.
            return [text]
        if len(parts) == 2 and self.index.stands(f"{parts[1]} {parts[0]}"):  # "Calder, Ines"
            return [text]
        if "\n" in pieces[1::2] and self.index.follow(parts):  # One mention that is broken in two.
            return [text]
        return parts if all(map(self.index.stands, parts)) else [text]

    def _items(self, items: list[Any], label: str | None, listed: bool) -> list[Candidate]:
        if tagged := self._tags(items):
            return tagged
        rows = iter(self.rows([item for item in items if _is_row(item)], listed))
        found: list[Candidate] = []
        for item in items:
            if item in _ELLIPSIS:
                self._complete = False
            elif _is_row(item):
                found += next(rows)
            elif isinstance(item, (dict, list)):
                found += self._value(item, label, listed)
            elif item is not None:
                found += self._scalar(item, label, listed)
        if items and not found and label is None and self._complete and not any(items):
            raise UnreadableError  # What should have been an item is empty.
        return found

    def _scalar(self, item: Any, label: str | None, listed: bool) -> list[Candidate]:
        if isinstance(item, bool):
            raise UnreadableError
        text = str(item)
        if label is not None:
            return [] if _is_empty(text) else [Candidate(text, label, True)]
        if (inner := decoded(text)) is not None:
            return self._value(inner, label, listed)
        if entries := list(self.entries(text, self)):
            return entries
        if not listed:
            raise UnreadableError
        return [Candidate(text, UNNAMED, True)]

    def _tags(self, items: list[Any]) -> list[Candidate]:
        """One tag for each word of the text."""
        if self.index is None or len(items) != len(self.index.words) or not items:
            return []
        if not all(isinstance(tag, str) and (tag == "O" or tag_of(tag)) for tag in items):
            return []
        return [_candidate(word, tag) for word, tag in zip(self.index.words, items, strict=True)]

    def rows(self, rows: Sequence[Sequence[Any]], listed: bool) -> Iterator[list[Candidate]]:
        """What each row of cells says: a mention, its label, perhaps a number and a reason, in any order.

        The label is in the column that has most labels. Where a row has none, each of its cells may be
        the mention.
        RAISES UnreadableError: if no row has a label, unless they are known to list entities.
        """
        known = [[self.labels.resolve(str(cell)) for cell in row] for row in rows]
        width = max(map(len, rows), default=0)
        cells = [[row[i] for row in known if len(row) > i] for i in range(width)]
        hits = [(sum(cell not in (None, "O") for cell in some), some.count("O")) for some in cells]
        column = max(range(width), key=lambda i: (hits[i], -abs(i - 1)), default=0)
        if (
            rows
            and not listed
            and not hits[column][0]
            and (self.index is None or hits[column][1] < len(rows))
        ):
            raise UnreadableError
        stand = [i for i in range(width) if i != column and self._all_stand(rows, i)]
        if len(stand) == 2:  # A mention, and what it stands in.
            stand = [i for i, j in (stand, stand[::-1]) if all(str(row[i]) in str(row[j]) for row in rows)]
        stand = stand if len(stand) == 1 else []
        for row, meant in zip(rows, known, strict=True):
            at = column if len(row) > column and meant[column] else None
            texts = [i for i, cell in enumerate(row) if i != at and isinstance(cell, str)]
            plain = [i for i in texts if not _NUMBER.fullmatch(row[i].strip())] if len(row) > 2 else []
            texts = plain or texts or [i for i in range(len(row)) if i != at][:1]
            texts = [*stand, *(i for i in texts if i not in stand)] if {*stand} <= {*texts} else texts
            if not texts:
                raise UnreadableError
            if at is not None and all(_is_empty(row[i]) for i in texts[:1]):
                yield []
            elif at is None or not self.may_be(self.mentions(str(row[texts[0]]))):
                yield [Candidate(str(row[i]), UNNAMED, True) for i in texts if str(row[i]).strip()]
            else:
                reason = " | ".join(str(row[i]) for i in texts[1:])
                yield [_candidate(text, row[at], reason) for text in self.mentions(str(row[texts[0]]))]

    def _all_stand(self, rows: Sequence[Sequence[Any]], column: int) -> bool:
        """Whether a column holds mentions of the text alone, in more than one row."""
        cells = [str(row[column]) if len(row) > column else "" for row in rows]
        return self.index is not None and len(rows) > 1 and all(map(self.index.stands, cells))

    def _dict(self, value: dict[Any, Any], label: str | None, listed: bool) -> list[Candidate]:
        said = {k: v for k, v in value.items() if not (is_draft(k) and _is_list(v))}
        if 0 < len(said) < len(value):
            self._complete &= not self._is_open(value)
            return self._dict(said, label, listed)
        roles = {key: role_of(key) for key in value}
        if value and all(
            isinstance(key, str) and self.labels.resolve(key) not in (None, "O") for key in value
        ):
            self._complete &= not self._is_open(value)
            self._scope = next(iter(value)) if len(value) == 1 else self._scope
            return [c for key, inner in value.items() for c in self._value(inner, key, True)]
        if any(role == "call" and decoded(value[key]) == {} for key, role in roles.items()):
            raise UnreadableError  # A call without arguments names no entities, nor that there are none.
        if call := [key for key, role in roles.items() if _is_call(key, role, value[key])]:
            return [c for key in call for c in self._value(decoded(value[key]), label, listed)]
        if zipped := self._parallel(value, roles):
            return zipped
        if (item := self._item(value, roles, label, listed)) is not None:
            return item
        if (
            value
            and all(isinstance(inner, dict) for inner in value.values())
            and set(roles.values()) == {"other"}
        ):
            return self._objects(value, label)
        listed_alone = value and all(_scalars(inner, 1) and self._meant(inner[0]) for inner in value.values())
        if listed_alone and "entities" not in roles.values():
            return self._mapping(value, label)
        if any(role in ("entities", "rejected") or _is_list(value[key]) for key, role in roles.items()):
            return self._wrapper(value, roles, label)
        self._complete &= not self._is_open(value)
        return self._mapping(value, label)

    def _item(
        self, value: dict[Any, Any], roles: dict[Any, Role], label: str | None, listed: bool
    ) -> list[Candidate] | None:
        """What an object with a key for the mention, and one for its label, says."""
        texts = [key for key, role in roles.items() if role == "text" and not _is_container(value[key])]
        names = [key for key, role in roles.items() if role == "label" and not _is_container(value[key])]
        if not names and len(texts) > 1:  # {"text": "Rome", "entity": "LOC"}
            names = [
                key for key in texts if self._meant(value[key]) and role_of(key) == "text" and key != "text"
            ]
            texts = [key for key in texts if key not in names[:1]]
        elif not texts and len(names) > 1:  # {"label": "Rome", "type": "LOC"}
            texts = [key for key in names if not self._meant(value[key])]
        if label is None and names:
            name = next((key for key in names if self._meant(value[key])), names[0])
            given = _label_of(value[name])
        else:
            given = label if label is not None else UNNAMED
        if not texts or not (names or label is not None or listed):
            return None
        if not names and any(role in ("entities", "rejected") for role in roles.values()):
            return None
        text = self._shortest([value[key] for key in texts])
        reason = next((v for k, v in value.items() if is_reason(k) and isinstance(v, str)), "")
        if label is None and not names and isinstance(text, str) and (found := self.entries(text, self)):
            return list(found)
        if isinstance(text, list):
            return [c._replace(reason=reason) for c in self._value(text, given, True)]
        if str(text).strip().casefold() in NO_LABEL and self.labels.resolve(given) in (None, "O"):
            return []
        refused = any(is_verdict(k) and str(v).casefold() in ("false", "no") for k, v in value.items())
        return [_candidate(text, given, reason)._replace(accepted=not refused)]

    def _shortest(self, texts: list[Any]) -> Any:
        """The mention among several: one that is in another comes before it, which is its sentence."""
        first = texts[0]
        for other in texts[1:]:
            if isinstance(first, str) and isinstance(other, str) and other and other in first:
                first = other
        return first

    def _meant(self, name: Any) -> bool:
        return not isinstance(name, dict) and self.labels.resolve(_label_of(name)) is not None

    def _wrapper(self, value: dict[Any, Any], roles: dict[Any, Role], label: str | None) -> list[Candidate]:
        """What an object says that holds lists, under keys that say what they list."""
        names = [key for key, role in roles.items() if role == "label" and self._meant(value[key])]
        if label is None and names and not isinstance(value[names[0]], list):
            label = self._scope = _label_of(value[names[0]])
        lists = [
            key
            for key, role in roles.items()
            if role == "entities" or (role != "other" and _is_list(value[key]))
        ]
        said = any(value[key] is not None or names_entities(key) for key in lists)
        found: list[Candidate] = []
        for key, inner in value.items():
            if roles[key] == "rejected":
                found += self._rejected(inner)
            elif key in lists and (_is_list(inner) or len(lists) == 1):
                self._keyed = True
                found += self._value(inner, label, True)
            elif self.labels.resolve(str(key)) not in (None, "O"):
                said = True
                self._complete &= not self._is_open(value)
                found += self._value(inner, str(key), True)
            elif isinstance(inner, dict) or (_is_list(inner) and any(_is_list(x) for x in inner)):
                said = True
                of_text = self.index is not None and self.index.is_within(str(key))
                found += self._value(inner, label, True) if of_text else self._strictly(inner)
            elif isinstance(inner, list):
                found += [Candidate(str(x), UNNAMED, True) for x in inner if isinstance(x, str)]
            elif isinstance(inner, str) and key not in names:
                self._scope = self._scope or inner
                self._remarks.append(inner)
            elif isinstance(inner, (bool, int, float)) and not is_measure(key, inner):
                self._remarks.append(str(key))
        if not said:
            raise UnreadableError
        return found

    def _rejected(self, value: Any) -> list[Candidate]:
        complete = self._complete
        try:
            found = self._value(value, None, True)
        except UnreadableError:
            found = []
        self._complete = complete
        return [candidate._replace(accepted=False) for candidate in found]

    def _strictly(self, value: Any) -> list[Candidate]:
        """What stands under a key that says nothing: it has to say itself that it lists entities."""
        for one in value if isinstance(value, list) else [value]:
            if not (isinstance(one, dict) and any(role_of(key) == "entities" for key in one)):
                raise UnreadableError
        return self._value(value, None, False)

    def _parallel(self, value: dict[Any, Any], roles: dict[Any, Role]) -> list[Candidate]:
        """What a list of words beside a list of as many labels says."""
        texts = [v for k, v in value.items() if roles[k] in ("text", "other", "entities") and _scalars(v)]
        names = [v for k, v in value.items() if roles[k] == "label" and _scalars(v)]
        if len(texts) != 1 or len(names) != 1 or len(texts[0]) != len(names[0]):
            return []
        return [c for row in self.rows(list(zip(texts[0], names[0], strict=True)), False) for c in row]

    def _mapping(self, value: dict[Any, Any], label: str | None) -> list[Candidate]:
        """Mentions and their labels: every value is a label or for none, or every key is in the text."""
        given = {
            key: _label_of(name) if _scalars(name, 1) else name for key, name in value.items()
        }  # One label in a list is that label.
        if label is not None or not all(isinstance(name, (str, type(None))) for name in given.values()):
            raise UnreadableError
        meant = ["O" if name is None else self.labels.resolve(name) for name in given.values()]
        sure = all(meant) and (set(meant) != {"O"} or not value)
        if not sure and (self.index is None or not all(self.index.stands(str(key)) for key in value)):
            raise UnreadableError
        return [_candidate(key, "none" if name is None else name) for key, name in given.items()]

    def _objects(self, value: dict[Any, Any], label: str | None) -> list[Candidate]:
        """What objects say under numbers, or each under its mention."""
        found: list[Candidate] = []
        for key, inner in value.items():
            roles = {role_of(k) for k in inner}
            if "text" not in roles and "label" in roles and "entities" not in roles:
                inner = {"text": key, **inner}
            elif not str(key).isdigit():
                found += self._strictly(inner)
                continue
            found += self._value(inner, label, True)
        return found


def decoded(value: Any) -> Any:
    """A value that is a string of JSON as what it says; other strings as None."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith(("{", "[")):
        return None
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, (dict, list)) else None


def _candidate(text: Any, label: Any, reason: str = "") -> Candidate:
    return Candidate("" if text is None else str(text), _label_of(label), True, reason)


def _label_of(label: Any) -> str:
    if isinstance(label, list):
        return "/".join(map(str, label)) or UNNAMED
    return UNNAMED if label is None or label == "" else str(label)


def _is_row(item: Any) -> bool:
    return isinstance(item, list) and len(item) > 1 and not any(isinstance(x, (dict, list)) for x in item)


def _is_list(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _is_call(key: Any, role: Role, value: Any) -> bool:
    """Whether the answer itself stands under a key, as the arguments of a call or the text of a message."""
    said = key in ("content", "message", "choices") or (key == "text" and isinstance(value, str))
    return (role == "call" or said) and _is_container(value)


def _is_container(value: Any) -> bool:
    inner = decoded(value)
    return isinstance(inner, dict) or (
        isinstance(inner, list) and (inner is not value or any(isinstance(x, (dict, list)) for x in inner))
    )


def _is_empty(cell: Any) -> bool:
    """Whether a cell says that it holds no mention."""
    plain = str(cell).strip(" -–—")
    return cell is None or plain.casefold() in ("", *NO_LABEL) or says_nothing(plain)


def _scalars(value: Any, least: int = 2) -> bool:
    return isinstance(value, list) and len(value) >= least and not any(map(_is_list, value))
