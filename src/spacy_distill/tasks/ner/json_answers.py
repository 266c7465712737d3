"""The JSON in an answer that lists entities."""

import json
import re
from collections.abc import Iterator

from ..loose_json import NOT_JSON, Read, read_json
from ..thinking import UnreadableError
from .candidates import Structure
from .json_keys import role_of
from .json_values import ValueContent, ValueReader

# Bounds the time that junk can take: characters read beyond four times the answer, and the price of a start.
EFFORT, START = 100_000, 100
_OPENER = re.compile(r"[{\[]|\((?=\s*\(\s*[\"'])")
_KEY = re.compile(r"([^\W\d][\w ]*)[\"'*_`]*\s*:[*_`]*\s*(?:```\w*\s*)?\Z")
_OBJECT = re.compile(r"\{\s*(?:[\"'“”„«»‘’「{\[]|[^\W\d]\w*\s*:)|\[\s*[{\[(]")


def find_values(answer: str, reader: ValueReader) -> Iterator[Structure]:
    """Find the values in an answer that list entities, in their order.

    Brackets of prose are passed over. Whatever looks like an object has to be understood, and so has a list
    of strings that comes after an answer.

    YIELDS: what each says.
    RAISES UnreadableError: if an object cannot be understood.
    """
    at, effort, said = 0, EFFORT + 4 * len(answer), False
    while opener := _OPENER.search(answer, at):
        start, at = opener.start(), opener.end()
        read = read_json(answer, start)
        effort -= read.end - start + START
        if read.loose:  # The strict reader has counted the lines up to here.
            effort -= start // 1_000
        if effort < 0 or (read.value is NOT_JSON and _OBJECT.match(answer, start)):
            raise UnreadableError
        key = _KEY.search(answer, max(0, start - 80), start)
        try:
            found = _said(read, answer[start : read.end], key[1] if key else "", reader)
        except UnreadableError:
            if _is_object(read.value) or (said and _is_quoted(answer[start : read.end])):
                raise
            continue
        if found is not None:
            at, said = max(at, read.end), True
            single = isinstance(read.value, dict) and not found.keyed and len(found.candidates) == 1
            begin = key.start() if key and found.scope == key[1] else start
            yield Structure(
                begin, at, found.candidates, found.complete, 2, single, found.remarks, found.scope
            )


def _said(read: Read, written: str, key: str, reader: ValueReader) -> ValueContent | None:
    """What a value says, under a key of no object, if that is one: "MISC: []" or "Rejected: []"."""
    value = read.value
    if not isinstance(value, (dict, list)):
        return None
    is_key = key != "" and (key in reader.labels or role_of(key) == "rejected")
    if is_key and isinstance(value, list) and (not value or _is_object(value) or _is_quoted(written)):
        return reader.read({key: value}, read.is_open)._replace(scope=key)
    try:
        return reader.read(value, read.is_open)
    except UnreadableError:
        if not (isinstance(value, list) and 1 < len(value) < 4 and _is_quoted(written)):
            raise
        return reader.read([value], read.is_open)  # A row of a list that has no brackets of its own.


def _is_object(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, (dict, list)) for item in value)
    return isinstance(value, dict)


def _is_quoted(text: str) -> bool:
    """Whether a list is one of strings in quotes, which the brackets of prose are not."""
    try:
        return all(isinstance(item, str) for item in json.loads(text))
    except (ValueError, RecursionError):
        return False
