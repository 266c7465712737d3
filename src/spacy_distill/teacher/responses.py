"""What a server's reply says: the answer, what became of it, and what it cost in tokens."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DistillError
from ..tasks.answer import State
from .ledger.entry import is_count
from .ledger.keys import clean_text

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion.

    answer: Its text; empty if there is none.
    state: "ok", "truncated" or "refused".
    finish_reason: As the server gave it.
    prompt_tokens, completion_tokens (int | None): As the server counted them.
    """

    answer: str
    state: State
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def read_reply(body: object) -> Reply:
    """Read the body of a chat completion.

    body: The parsed JSON, or a string of JSON.
    RETURNS: What it says.
    RAISES DistillError: If it is no chat completion.
    """
    if isinstance(body, str | bytes):
        body = read_json(body)
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise DistillError(f"expected a chat completion with choices[0].message, got {shorten(str(body))}")
    answer, reason = clean_text(_text(message.get("content"))), choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    prompt_tokens, completion_tokens = read_usage(body)
    return Reply(
        answer, state_of(answer, reason, message.get("refusal")), reason, prompt_tokens, completion_tokens
    )


def read_json(text: str | bytes) -> object:
    """The value of a JSON text from outside.

    RAISES DistillError: If it is none, or one that is nested too deep to be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise DistillError(str(error)) from None


def _text(content: object) -> str:
    """The text of a message; some servers send it in parts, with others that are not for the reader."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def state_of(answer: str, finish_reason: str | None, refusal: object = None) -> State:
    """What became of an answer: an answer without a word is a refusal, not "no entities"."""
    if finish_reason == "length":
        return "truncated"
    if finish_reason == "content_filter" or refusal or not answer.strip():
        return "refused"
    return "ok"


def read_usage(body: Mapping[str, object]) -> tuple[int | None, int | None]:
    """Prompt and completion tokens of a reply, as far as the server counted them."""
    usage = body.get("usage")
    if not isinstance(usage, Mapping):
        return None, None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    first, second = (count if is_count(count) else None for count in counts)
    return first, second


def shorten(text: str, *, length: int = SHOWN) -> str:
    """Text from outside as it may stand in a message: one short line, control characters escaped."""
    words = " ".join(text[: 20 * length].split())
    shown = words if len(words) <= length else words[: length - 1] + "…"
    return "".join(
        char if unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode("ascii")
        for char in shown
    )
