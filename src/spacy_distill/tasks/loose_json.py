"""JSON as language models write it: loosely quoted, with comments, or cut off."""

import json
import re
from typing import Any, NamedTuple

# In a string that is no JSON itself: what divides items or pairs, so that a quote before it is missing.
_BROKEN = re.compile(
    r"[}\]]\s*[,;]?\s*[{\[\"“]|[\"”]\s*[:,]\s*[\"“{\[]|\)\s*[,;]?\s*\([\"'“]|[{\[]\s*(?:[\"“]|\Z)"
)
MAX_DEPTH = 40
NOT_JSON = object()
# Comments count as space, up to a length that bounds the time that junk can take; none has another in it.
_SPACE = re.compile(r"(?:\s+|//[^\n]{0,400}|\#[^\n]{0,400}|/\*(?:(?!/\*).){0,400}?\*/)*", re.DOTALL)
_BARE = re.compile(r"[^\s,:\[\]{}()\"'“”‘’„«»「」]+(?:[ \t]+[^\s,:\[\]{}()\"'“”‘’„«»「」]+)*")
_CLOSERS = {"{": "}", "[": "]", "(": ")"}
_QUOTES = {
    **{'"': '"', "'": "'", "`": "`'", "“": "”", "”": "”", "„": "“”", "«": "»«", "»": "«»"},
    **{"‘": "’", "’": "’", "「": "」", "『": "』"},
}
_STOPS = {opener: re.compile(rf"[\\\\{closers}]") for opener, closers in _QUOTES.items()}
_SEPARATORS = ",;、"
# Punctuation of East Asian fonts, as the structure that it stands for; alignment does without it.
_PLAIN = str.maketrans("：，；．｛｝［］（）＂＇｜│【】", ":,;.{}[]()\"'||[]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_WORDS = {"true": True, "false": False, "null": None, "none": None}


class Read(NamedTuple):
    """A value that was read.

    value: made of dict, list, str, int, float, bool and None; a tuple becomes a list, and so does a
        list as key of a dict become a tuple.
    end: where reading stopped.
    open: the lists and dicts in it that the text's end cuts off, the innermost first.
    loose: whether it is no JSON as it stands.
    """

    value: Any
    end: int
    open: list[Any]
    loose: bool = True

    def is_open(self, value: Any) -> bool:
        """Whether this very list or dict is cut off."""
        return any(value is cut for cut in self.open)


def plain_punctuation(text: str) -> str:
    """A text with the punctuation of its structure in ASCII, every character in its place."""
    return text if text.isascii() else text.translate(_PLAIN)


def read_json(answer: str, start: int) -> Read:
    """Read one bracketed value, strictly if that succeeds, else as far as `read_value` can."""
    try:
        value, end = _DECODER.raw_decode(answer, start)
    except (ValueError, RecursionError):
        return read_value(answer, start)
    return Read(value, end, [], loose=False)


def read_value(text: str, start: int) -> Read:
    """Read one bracketed value, as far as the text goes.

    text: any text.
    start: offset of a "{" or "[".
    RETURNS: what was read; its value is NOT_JSON if this is not the start of one.
    """
    reader = _Reader(text)
    try:
        value, end = reader.value(start, 0)
    except _NotJsonError as error:
        return Read(NOT_JSON, error.at, [])
    return Read(value, end, reader.open)


def _merged(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A dict in which a key that stands there more than once has the list of its different values."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    given: dict[Any, list[Any]] = {}
    for key, value in pairs:
        given.setdefault(key, []).append(value)
    for key, values in given.items():
        if all(isinstance(value, list) for value in values):
            found[key] = [item for value in values for item in value]
        elif any(value != values[0] for value in values):
            found[key] = values
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_merged)


class _NotJsonError(Exception):
    """What stands at an offset is not a value, however loosely read."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[Any] = []

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        opener = self.text[at]
        if depth > MAX_DEPTH:
            raise _NotJsonError(at)
        if opener in "[(":
            return self.items(at + 1, _CLOSERS[opener], depth)
        if opener == "{":
            return self.pairs(at + 1, depth)
        if opener in _QUOTES:
            text, end = self.string(at)
            if _BROKEN.search(text) and not text.lstrip().startswith(("{", "[")):
                raise _NotJsonError(end)
            return text, end
        return self.bare(at)

    def items(self, at: int, closer: str, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while (at := self.skip(at)) < len(self.text):
            char = self.text[at]
            if char == closer:
                return found, at + 1
            if char in "}])":  # The wrong bracket closes us: leave it to whom it belongs.
                return found, at
            if char in _SEPARATORS:
                at += 1
                continue
            value, at = self.value(at, depth + 1)
            found.append(value)
        self.open.append(found)
        return found, at

    def pairs(self, at: int, depth: int) -> tuple[dict[Any, Any], int]:
        found: list[tuple[Any, Any]] = []
        while (at := self.skip(at)) < len(self.text):
            char = self.text[at]
            if char == "}":
                return _merged(found), at + 1
            if char in "])":
                return _merged(found), at
            if char in _SEPARATORS:
                at += 1
                continue
            key, at = self.value(at, depth + 1)
            at = self.skip(at)
            if at >= len(self.text) and not isinstance(key, (dict, list)):
                break
            if isinstance(key, dict) or at >= len(
                self.text
            ):  # Another value, in an object that is not closed.
                raise _NotJsonError(at)
            if self.text[at] != ":" or (isinstance(key, str) and _BROKEN.search(key)):
                raise _NotJsonError(at)
            at = self.skip(at + 1)
            if at >= len(self.text):
                break
            if self.text[at] in ",}])、":
                value: Any = None
            else:
                value, at = self.value(at, depth + 1)
            found.append((_hashable(key), value))
        cut = _merged(found)
        self.open.append(cut)
        return cut, at

    def string(self, at: int) -> tuple[str, int]:
        opener, parts, start = self.text[at], list[str](), at + 1
        stops = _STOPS[opener]
        at = start
        while found := stops.search(self.text, at):
            at = found.start()
            if self.text[at] == "\\":
                parts.append(self.text[start:at])
                escaped, at = self.escape(at + 1)
                parts.append(escaped)
                start = at
            elif opener == "“" or self.ends(at):
                return "".join(parts) + self.text[start:at], at + 1
            else:
                at += 1
        return "".join(parts) + self.text[start:], len(self.text)

    def ends(self, at: int) -> bool:
        """Whether the quote at an offset ends its string: an apostrophe inside a word does not."""
        following = self.skip(at + 1)
        return following >= len(self.text) or self.text[following] in ",:;]})、"

    def escape(self, at: int) -> tuple[str, int]:
        if self.text.startswith("u", at):
            digits = self.text[at + 1 : at + 5]
            if len(digits) == 4 and re.fullmatch("[0-9a-fA-F]{4}", digits):
                return chr(int(digits, 16)), at + 5
        char = self.text[at : at + 1]
        return _ESCAPES.get(char, char), at + 1

    def bare(self, at: int) -> tuple[Any, int]:
        found = _BARE.match(self.text, at)
        if not found:
            raise _NotJsonError(at)
        word = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found.group())
        if word.casefold() in _WORDS:
            return _WORDS[word.casefold()], found.end()
        try:
            return float(word) if "." in word else int(word[:30]), found.end()
        except ValueError:
            return word, found.end()


def _hashable(key: Any) -> Any:
    return tuple(map(_hashable, key)) if isinstance(key, list) else str(key) if isinstance(key, dict) else key
