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
    "expression candidate substring original exact raw named ner the"
)
_LABEL = _words(
    "label labels type types tag tags category categories class classes kind group classification"
)
_OF_LABEL = _LABEL | _words("entity ner named mention span token predicted final iob bio name semantic")
_LIST = _words(
    "entities mentions spans ents results result output outputs answer answers annotations annotation list "
    "data items predictions prediction extractions extraction response sentences documents json entity"
)
_OF_LIST = _LIST | _words(
    "named extracted found recognized recognised identified detected final ner all accepted valid of the "
    "predicted tagged sentence document"
)
_REJECTED = _words("rejected excluded discarded non not entities entity candidates mentions items")
_CALL = _words("function functions arguments parameters input args kwargs tool tools call calls")
_REASON = _words("reason reasons reasoning explanation justification why rationale description note")


@lru_cache(maxsize=4096)
def role_of(key: object) -> Role:
    """What stands under a key, as far as its words tell."""
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
