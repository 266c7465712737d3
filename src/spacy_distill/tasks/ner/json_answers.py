"""From the text of an answer to its candidates: a pure function of the answer."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from .candidates import NOT_AN_ENTITY, Candidate, LabelSet, Parsed
from .line_answers import parse_lines
from .loose_json import Read, read_value

# Bounds the time that junk can take: characters read beyond four times the answer, and the price of a start.
EFFORT, START = 100_000, 100
_OPENER = re.compile(r"[{\[]")
_DECODER = json.JSONDecoder()
_ENTITIES = ("entities", "named_entities", "spans", "mentions", "results")
_REJECTED = ("rejected", "not_entities", "non_entities")
_TEXT = ("text", "entity", "name", "mention", "span", "word", "value", "candidate")
_LABEL = ("label", "type", "entity_type", "category", "class", "tag")
_REASON = ("reason", "explanation", "justification", "why")


def parse_json(answer: str, labels: LabelSet) -> Parsed | None:
    """Read the candidates of an answer in JSON. Never raises, whatever the answer is.

    Read are `{"entities": [{"text", "label", "reason"}], "rejected": [...]}`, a bare list of such items or of
    pairs, items one after another, a dict of mention to label, and a dict of label to mentions. Of several
    values the last one that has the first form counts, else the last one that names a mention, else an empty
    one; "[]" and "{}" only at the end of the answer.

    answer: Any text.
    labels: Tells whether a dict without the expected keys is one of mentions and labels.
    RETURNS: The candidates, or None if nothing in the answer can be read as such.
    """
    best: _Payload | None = None
    for found in _payloads(answer, labels):
        if best is not None and best.item and found.item:
            both = best.parsed.candidates + found.parsed.candidates
            found = found._replace(parsed=found.parsed._replace(candidates=both))
        if best is None or found.rank >= best.rank:
            best = found
    return best.parsed if best else None


class _Payload(NamedTuple):
    """A value that says something of entities: the higher its rank, the more it is what was asked for.

    An item is a mention that stands alone, in no list.
    """

    rank: int
    item: bool
    parsed: Parsed


def _payloads(answer: str, labels: LabelSet) -> Iterator[_Payload]:
    at, effort = 0, EFFORT + 4 * len(answer)
    while effort > 0 and (opener := _OPENER.search(answer, at)):
        at = opener.end()
        read = _read(answer, opener.start())
        effort -= read.end - opener.start() + START
        found = _interpret(read.value, labels)
        if found is not None and (read.value or _ends(answer, read.end)):
            key = _keyed(read.value, _ENTITIES)
            entities = read.value if key is None else read.value[key]
            rank = 2 if key is not None else 1 if found else 0
            item = key is None and _keyed(read.value, _TEXT) is not None
            yield _Payload(rank, item, Parsed(tuple(found), not read.is_open(entities)))
            at = max(at, read.end)


def _ends(answer: str, at: int) -> bool:
    return not answer[at : at + 100].strip("`.\n\t ")


def _read(answer: str, start: int) -> Read:
    try:
        value, end = _DECODER.raw_decode(answer, start)
    except (ValueError, RecursionError):
        return read_value(answer, start)
    return Read(value, end, [])


def _interpret(value: Any, labels: LabelSet) -> list[Candidate] | None:
    if isinstance(value, dict):
        key = _keyed(value, _ENTITIES)
        if key is None:
            return _from_dict(value, labels)
        found = _from_entities(value[key], labels)
        rejected = _from_entities(value.get(_keyed(value, _REJECTED)), labels) or []
        return None if found is None else found + [item._replace(accepted=False) for item in rejected]
    if isinstance(value, list) and not all(isinstance(item, (str, int, float)) for item in value):
        return _from_list(value, labels)
    return [] if value == [] else None


def _from_entities(value: Any, labels: LabelSet) -> list[Candidate] | None:
    """What stands under "entities" or "rejected": here a bare string is a mention without a label."""
    if value is None:
        return []
    if isinstance(value, dict):
        return _from_dict(value, labels, trusted=True)
    return _from_list(value, labels, trusted=True) if isinstance(value, list) else None


def _from_list(items: list[Any], labels: LabelSet, trusted: bool = False) -> list[Candidate] | None:
    found: list[Candidate] = []
    for item in items:
        if isinstance(item, dict):
            some = _from_dict(item, labels, trusted)
        elif isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item):
            some = _from_dict({item[0]: item[1]}, labels, trusted)
        else:
            some = [_candidate(item, "?")] if trusted and isinstance(item, (str, int, float)) else None
        if some is None:
            return None
        found += some
    return found


def _from_dict(item: dict[Any, Any], labels: LabelSet, trusted: bool = False) -> list[Candidate] | None:
    text, label = _keyed(item, _TEXT), _keyed(item, _LABEL)
    if text is not None and (label is not None or trusted) and not isinstance(item[text], (dict, list)):
        given = item[label] if label is not None else "?"
        reason = item.get(_keyed(item, _REASON), "")
        return [_candidate(item[text], given, reason if isinstance(reason, str) else "")]
    if all(
        isinstance(mention, str) and isinstance(given, (str, type(None))) for mention, given in item.items()
    ):
        known = any(isinstance(given, str) and given in labels for given in item.values())
        if item and not known and all(mention in labels for mention in item):
            return [_candidate(given, key) for key, given in item.items() if not _is_none(given)]
        return [_candidate(*pair) for pair in item.items()] if known or trusted or not item else None
    if all(isinstance(mentions, list) for mentions in item.values()) and any(
        str(key) in labels for key in item
    ):
        return [_candidate(mention, key) for key, mentions in item.items() for mention in mentions]
    return None


def _candidate(text: Any, label: Any, reason: str = "") -> Candidate:
    """A mention that the answer calls by a word for "no entity" is rejected; one without a label is not."""
    if isinstance(label, list):
        label = "/".join(map(str, label))
    name = "" if label is None else str(label)
    return Candidate("" if text is None else str(text), name, label is not None, reason)


def _is_none(given: Any) -> bool:
    return given is None or str(given).strip().casefold() in NOT_AN_ENTITY


def _keyed(value: Any, names: tuple[str, ...]) -> Any:
    """The key of a dict that is one of some names, in any case."""
    if not isinstance(value, dict):
        return None
    return next(
        (key for name in names for key in value if isinstance(key, str) and key.casefold() == name), None
    )


AnswerFormat = Literal["json", "lines"]
_PARSERS: dict[str, Callable[[str, LabelSet], Parsed | None]] = {"json": parse_json, "lines": parse_lines}
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_answer(answer: str, answer_format: AnswerFormat, labels: LabelSet) -> Parsed | None:
    """Read the candidates of an answer, in the format asked for or, failing that, in the other one.

    answer: Any text; nothing makes this raise.
    answer_format: "json" or "lines".
    labels: The labels of the task.
    RETURNS: The candidates, or None if the answer is in neither format.
    """
    other = "lines" if answer_format == "json" else "json"
    parsed = _PARSERS[answer_format](answer, labels) or _PARSERS[other](answer, labels)
    if parsed is None or not any(
        map(_SURROGATE.search, (part for c in parsed.candidates for part in c[::3]))
    ):
        return parsed
    return parsed._replace(
        candidates=tuple(c._replace(text=valid(c.text), reason=valid(c.reason)) for c in parsed.candidates)
    )


def valid(text: str) -> str:
    """A text without lone surrogates, which cannot be stored in UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
