"""From the text of an answer to the classes that it names."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from ...corpus.files import repair_text
from ..labels import LabelSet
from ..loose_json import NOT_JSON, read_json
from ..thinking import UnfinishedError, UnreadableError, said_after_thinking

AnswerFormat = Literal["json", "plain"]

_LABEL_WORDS = (
    r"label|class|category|topic|section|type|tag|genre|subject|theme|classification|prediction|sentiment|"
    r"intent|answer|result|output|response|decision|conclusion"
)
_KEY = re.compile(
    rf"(?:(?:the|my|final|best|predicted|correct|chosen|assigned|main|primary|document|text|article) )*"
    rf"(?P<word>{_LABEL_WORDS})(?:s|es)?(?: name)?",
    re.IGNORECASE,
)
# Keys that stand around an answer, beside it, or for what it is not.
_CONTAINERS = re.compile(
    r"(?:answer|result|output|response|prediction|classification|data|json|final)s?", re.IGNORECASE
)
_BESIDE = re.compile(
    r"(?:reason(?:s|ing)?|explanation|justification|why|rationale|description|note|understanding|summary|"
    r"analysis|confidence|score|scores|probability|certainty|id|text|title|language|evidence|keywords|step.*|"
    r"rejected|excluded|not|others?_rejected)",
    re.IGNORECASE,
)
_YES, _NO = ("yes", "true", "applies"), ("no", "false")
_LINE = re.compile(
    rf"(?:(?:so|therefore|thus|hence),? )?(?P<key>{_KEY.pattern.replace('?P<word>', '?:')})"
    r"(?: (?:of|for) (?:this|the|that) (?:\w+ )?(?:text|article|document|passage|message|review|sentence))?"
    r"\s*(?:is|are|would be|should be|[:=]|->|→|[-–—] )\s*[:*_]*\s*(?P<names>\S.*)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*•–+>#]+\s+|\(?\d{1,3}[.):]\s+)?")
_MARKS = " \t*_`'\"“”‘’.!#"
_OR = re.compile(r"\s*(?:\bor\b|/|\bvs\.?(?=\s))\s*", re.IGNORECASE)
_LISTED = re.compile(r"\s*[,;|]\s*(?:and\b\s*)?", re.IGNORECASE)
_AND = re.compile(r"\s*(?:[&+]|\band\b)\s*", re.IGNORECASE)
_BECAUSE = re.compile(r",?\s+(?:because|since)\b.*", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"```\w*")
# A name that is none of the labels has at most so many words; anything longer is prose.
WORDS = 4


class Named(NamedTuple):
    """What an answer says of a document's classes.

    labels: those that apply.
    either: those of which only some apply, as of "sport or business".
    unknown: names that are no label and no alias.
    complete: False if the answer breaks off.
    """

    labels: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    complete: bool = True

    @property
    def candidates(self) -> int:
        """How many classes it names."""
        return len(self.labels) + len(self.either) + len(self.unknown)


def parse_answer(answer: str, labels: LabelSet) -> Named | None:
    """Read the classes that an answer names, in JSON or in words. Never raises.

    Of an answer with thinking in tags only what follows counts. What is no form of answer is not read: a
    label that is in a sentence may be one that the sentence denies.

    answer: any text.
    labels: the labels of the task.
    RETURNS: None if the answer is in no form that is known.
    """
    try:
        said = said_after_thinking(answer, lambda tag: _KEY.fullmatch(tag) is not None)
    except UnfinishedError:
        return Named(complete=False)
    if said is None:
        return None
    said = repair_text(said)
    try:
        return _in_json(said, labels) or _in_words(said, labels)
    except UnreadableError:
        return None


def _in_json(text: str, labels: LabelSet) -> Named | None:
    """What the JSON of an answer says; None if there is none that names classes.

    RAISES UnreadableError: if an object is in no form of answer.
    """
    found: list[Named] = []
    at = 0
    while (start := min(filter(lambda i: i >= 0, (text.find("{", at), text.find("[", at))), default=-1)) >= 0:
        read = read_json(text, start)
        at = start + 1
        if read.value is NOT_JSON:
            continue
        try:
            named = _of_value(read.value, labels)
        except (UnreadableError, RecursionError):
            if isinstance(read.value, dict):
                raise UnreadableError from None
            continue
        found.append(named._replace(complete=not read.open))
        at = max(read.end, at)
    return _together(found)


def _together(found: list[Named]) -> Named | None:
    """Several answers as one: if they differ, nobody knows which of them is meant."""
    if len(set(found)) < 2:
        return found[0] if found else None
    names = dict.fromkeys(label for named in found for label in (*named.labels, *named.either))
    unknown = dict.fromkeys(name for named in found for name in named.unknown)
    return Named((), tuple(names), tuple(unknown), all(named.complete for named in found))


def _of_value(value: Any, labels: LabelSet) -> Named:
    if isinstance(value, str):
        return _of_names(value, labels) or _unreadable()
    if value is None:
        return Named()
    if isinstance(value, list):
        return _of_list(value, labels)
    if isinstance(value, dict):
        return _of_dict(value, labels)
    raise UnreadableError


def _of_list(value: list[Any], labels: LabelSet) -> Named:
    """A list of names, or of objects that name one each."""
    if not value:
        return Named()
    if all(isinstance(item, dict) and len(value) > 1 for item in value) and _has_scores(value):
        raise UnreadableError
    parts = [_of_value(item, labels) for item in value if not isinstance(item, bool | int | float)]
    if len(parts) < len(value):
        raise UnreadableError
    return _joined(parts)


def _has_scores(value: list[Any]) -> bool:
    """Whether objects rank labels, of which not all are meant."""
    return any(isinstance(item, bool | int | float) for one in value for item in one.values())


def _of_dict(value: dict[Any, Any], labels: LabelSet) -> Named:
    if decided := _decisions(value, labels):
        return decided
    said: list[Named] = []
    beside: list[Any] = []
    for key, inner in value.items():
        name = str(key).replace("_", " ").strip()
        if isinstance(inner, dict) and _CONTAINERS.fullmatch(name):
            said.append(_of_dict(inner, labels))
        elif _KEY.fullmatch(name):
            said.append(_of_value(inner, labels))
        elif not _BESIDE.fullmatch(str(key)):
            beside.append(inner)
    if not said:
        raise UnreadableError
    named = _together(said) or Named()
    for other in _strings(beside):
        # A second opinion under a key that is not known: which of the two is meant is not.
        if (label := labels.resolve(other)) not in (None, "O", *named.labels):
            both = (*named.labels, *named.either, str(label))
            named = named._replace(labels=(), either=tuple(dict.fromkeys(both)))
    return named


def _decisions(value: dict[Any, Any], labels: LabelSet) -> Named | None:
    """What a mapping of labels to decisions says: yes or no, or a score from 0 to 1 where half is a yes."""
    meant = {key: labels.resolve(str(key)) for key in value}
    if not value or None in meant.values() or "O" in meant.values():
        return None
    decided = {label: _decision(value[key]) for key, label in meant.items()}
    if None in decided.values():
        return None
    return Named(tuple(str(label) for label, yes in decided.items() if yes))


def _decision(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and 0 <= value <= 1 and value != 0.5:
        return value > 0.5
    word = value.strip(_MARKS).casefold() if isinstance(value, str) else ""
    return True if word in _YES else False if word in _NO else None


def _strings(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict):
            yield from _strings(value.values() if isinstance(value, dict) else value)


def _joined(parts: Iterable[Named]) -> Named:
    """What several names of one list say: all of them are meant."""
    parts = list(parts)
    return Named(
        tuple(dict.fromkeys(label for part in parts for label in part.labels)),
        tuple(dict.fromkeys(label for part in parts for label in part.either)),
        tuple(dict.fromkeys(name for part in parts for name in part.unknown)),
    )


def _in_words(text: str, labels: LabelSet) -> Named | None:
    """What an answer in words says: the last line that begins as an answer does, else lines of mere names."""
    lines = [line for line in (_bare(line) for line in text.splitlines()) if line]
    for number in range(len(lines) - 1, -1, -1):
        match = _LINE.fullmatch(lines[number])
        if match and (named := _of_names(match["names"], labels)):
            return named
        if _is_heading(lines[number]):
            return _of_lines(lines[number + 1 :], labels)
    return _of_lines(lines, labels)


def _bare(line: str) -> str:
    return _BULLET.sub("", _FENCE.sub("", line), count=1).strip(_MARKS).replace("**", "").strip()


def _is_heading(line: str) -> bool:
    """Whether a line announces the answer: "Final answer:"."""
    return line.endswith(":") and _KEY.fullmatch(line.rstrip(": *_")) is not None


def _of_lines(lines: list[str], labels: LabelSet) -> Named | None:
    """One name with what is said of it below, or a name a line."""
    if not lines:
        return None
    named = [_of_names(line, labels) for line in lines]
    if all(named):
        return _joined(one for one in named if one)
    first = named[0]
    # A label and its explanation; more names in between would be an answer that is not understood.
    if first and not first.unknown and not any(named[1:]):
        return first
    return None


def _of_names(text: str, labels: LabelSet) -> Named | None:
    """One name or several; None if this is prose."""
    if (whole := labels.resolve(text)) is not None:
        return Named() if whole == "O" else Named((whole,))
    if text.lstrip().startswith(("{", "[")):
        return None
    parts = [part for part in _LISTED.split(_BECAUSE.sub("", text).strip(_MARKS)) if part.strip(_MARKS)]
    named = [_of_part(part, labels) for part in parts]
    return _joined(one for one in named if one) if named and all(named) else None


def _of_part(text: str, labels: LabelSet) -> Named | None:
    """Names that "and" or "or" join; a label that has such a word in it comes first."""
    if named := _of_name(text, labels, known=True):
        return named
    found = []
    for part in _AND.split(text):
        if (whole := _of_name(part, labels, known=True)) is not None:
            found.append(whole)
            continue
        read = [_of_name(choice, labels) for choice in _OR.split(part) if choice.strip(_MARKS)]
        if not read or None in read:
            return None
        joined = _joined(one for one in read if one)
        several = len(joined.labels) > 1
        found.append(joined._replace(labels=(), either=joined.labels) if several else joined)
    return _joined(found)


def _of_name(text: str, labels: LabelSet, known: bool = False) -> Named | None:
    """One name; if it has to be known, None for any that is no label."""
    label = labels.resolve(text)
    if label is not None:
        return Named() if label == "O" else Named((label,))
    bare = text.strip(_MARKS + "()[]{}<>:")
    if known or not bare or len(bare.split()) > WORDS:
        return None
    return Named(unknown=(bare,))


def _unreadable() -> Named:
    raise UnreadableError


# What is before a label that is the answer, on its line, and not part of a sentence.
_BEFORE = re.compile(r"(?:^|[:=,\[]|\b(?:is|are|and))[\s\"'*_`\[]*$")


def find_label(answer: str, label: str, labels: LabelSet) -> tuple[int, int] | None:
    """The characters on which an answer gives a label: first, and the one after the last; None if unclear."""
    names = sorted(labels.spellings(label), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    found = list(pattern.finditer(answer))
    if len(found) > 1:
        lines = ((match, answer[: match.start()].rpartition("\n")[2]) for match in found)
        found = [match for match, line in lines if _BEFORE.search(line)]
    return found[0].span() if len(found) == 1 else None


def write_answer(labels: Iterable[str], reason: str, form: AnswerFormat, exclusive: bool) -> str:
    """An answer as it is asked for.

    reason: why; left out where it is empty.
    """
    given = list(labels)
    if form == "plain":
        return ", ".join(given) or "none"
    named: dict[str, Any] = {"label": given[0]} if exclusive else {"labels": given}
    return json.dumps({**named, "reason": reason} if reason else named, ensure_ascii=False)
