"""What the keys of an answer's objects, columns and headings mean: closed lists, by the words of a key."""

import re
from functools import lru_cache
from typing import Literal

Role = Literal["text", "label", "entities", "rejected", "call", "other"]
# Keys count by their words: "entity_text", "entityText" and "Entity Text" are one.
_KEY_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+|#")


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TEXT = _words(
    "text entity entities name mention span word words phrase term value surface form content string token "
    "expression candidate substring original exact raw named ner the chunk match keyword"
)
_LABEL = _words(
    "label labels type types tag tags category categories class classes kind group classification"
)
_OF_LABEL = _LABEL | _words("entity ne ner named mention span token predicted final iob bio name semantic")
_LIST = _words(
    "entities mentions spans ents values results result output outputs answer answers annotations annotation "
    "list data items predictions prediction extractions extraction response sentences documents json entity"
)
_OF_LIST = _LIST | _words(
    "named extracted found recognized recognised identified detected final ner all accepted valid of the "
    "predicted tagged sentence document"
)
_REJECTED = _words("rejected excluded discarded non not entities entity candidates mentions items")
_CALL = _words("function functions arguments parameters input args kwargs tool tools call calls")
_REASON = _words("reason reasons reasoning explanation justification why rationale description note")

_VERDICT = _words("is an entity named accepted accept valid verdict decision keep kept include included")
_DRAFT = _words("draft drafts thought thoughts thinking think scratchpad brainstorm analysis plan reasoning")
_ENTITIES = _words("entity entities mentions spans ents annotations extractions")
_COUNTS = _words("count total number num n length size")
_MEASURES = _words("confidence score probability id index version start end time seconds")
_TRUE_IF_GOOD = _words("success successful ok valid complete completed done finished final empty no entities")
_FALSE_IF_GOOD = _words(
    "error errors truncated refused refusal incomplete failed partial has contains entities found any more"
)


@lru_cache(maxsize=4096)
def role_of(key: object) -> Role:
    """What stands under a key, as far as its words show."""
    words = (
        {word.casefold() for word in _KEY_WORD.findall(key)}
        if isinstance(key, str) and len(key) < 60
        else set()
    )
    if not words:
        return "other"
    if words <= _REJECTED and words & {"rejected", "excluded", "discarded", "non", "not"}:
        return "rejected"
    if words <= _CALL:
        return "call"
    if words <= _OF_LABEL and words & _LABEL:
        return "label"
    if words <= _OF_LIST and words & _LIST and words != {"entity"}:
        return "entities"
    return "text" if words <= _TEXT else "other"


def is_reason(key: object) -> bool:
    """Whether a reason stands under a key."""
    return isinstance(key, str) and key.casefold() in _REASON


def is_verdict(key: object) -> bool:
    """Whether it stands under a key whether a candidate is an entity."""
    return (
        isinstance(key, str)
        and 0 < len(words := set(map(str.casefold, _KEY_WORD.findall(key)))) < 4
        and words <= _VERDICT
    )


def is_draft(key: object) -> bool:
    """Whether thinking before the answer stands under a key."""
    return isinstance(key, str) and key.casefold() in _DRAFT


def names_entities(key: object) -> bool:
    """Whether a key says itself that entities are what stands under it, so that null means none."""
    return isinstance(key, str) and not _ENTITIES.isdisjoint(map(str.casefold, _KEY_WORD.findall(key)))


def is_measure(key: object, value: float) -> bool:
    """Whether a number or a boolean beside an empty list leaves no doubt about it."""
    words = set(map(str.casefold, _KEY_WORD.findall(key))) if isinstance(key, str) else set[str]()
    if isinstance(value, bool):
        return bool(words) and words <= (_TRUE_IF_GOOD if value else _FALSE_IF_GOOD)
    return bool(words & _COUNTS and value == 0) or bool(words & _MEASURES)
