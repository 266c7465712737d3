"""Answers that are exactly in a form that was asked for, read at once; any other is for `parsing` to read."""

import re
from functools import lru_cache

from ..labels import LabelSet, tag_of
from ..loose_json import Read, read_json
from .candidates import Candidate, Parsed
from .entity_lines import label_in

# Plain words, and nothing that a tag, a bracket, a quotation mark or another form could begin with.
_WORDS = r"[^\W_](?:[\w ,.'/%$:;+!?-]{0,200}(?:[^\W_]|[%$.!?]))?"
_LINE = re.compile(
    rf"(\d{{1,4}})\. ({_WORDS}) \| (True|False) \| (?:({_WORDS})(?: (\([A-Za-z]+\)))?|(\([A-Za-z]+\)))"
)
_JSON = re.compile(
    r"(?:```(?:json)?\n)?(\{\s*\"entities\"\s*:\s*\[[\w\s.,:;'’\"{}/%$+!?()=@-]*\]\s*\})(?:\n```)?\s*"
)


def read_asked_form(answer: str, labels: LabelSet) -> Parsed | None:
    """Read an answer of numbered lines, or of JSON, as the prompts show it, with known labels alone.

    RETURNS: None if it is, in any part, something else.
    """
    if answer[:1] == "1":
        return _read_lines(answer, labels)
    found = _JSON.fullmatch(answer) if answer[:1] in ("{", "`") else None
    return _read_entities(read_json(found[1], 0), labels) if found else None


def _read_lines(answer: str, labels: LabelSet) -> Parsed | None:
    found = []
    for number, line in enumerate(answer.rstrip("\n").split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None or int(match[1]) != number:
            return None
        text, verdict, reason, last, alone = match.group(2, 3, 4, 5, 6)
        label = (last or alone or "")[1:-1]
        if label and label not in labels:
            return None
        if not label and reason != "None":
            label = _label_in(reason, labels)
        if (verdict == "True" and not label) or tag_of(label):
            return None
        found.append(Candidate(text, label, verdict == "True", "" if reason in (None, "None") else reason))
    return Parsed(tuple(found))


@lru_cache(maxsize=4096)
def _label_in(reason: str, labels: LabelSet) -> str:
    """The label that a reason without brackets names; reasons repeat."""
    return label_in([reason], labels)


def _read_entities(read: Read, labels: LabelSet) -> Parsed | None:
    if read.loose or labels.resolve("entities") or labels.resolve("text"):
        return None
    found = []
    for item in read.value["entities"]:
        if not isinstance(item, dict) or not {"text", "label"} <= item.keys() <= {"text", "label", "reason"}:
            return None
        text, label, reason = item["text"], item["label"], item.get("reason", "")
        if not all(isinstance(part, str) for part in item.values()):
            return None
        if not text or text.lstrip()[:1] in ("", "{", "[") or label not in labels or tag_of(label):
            return None
        found.append(Candidate(text, label, True, reason))
    return Parsed(tuple(found))
