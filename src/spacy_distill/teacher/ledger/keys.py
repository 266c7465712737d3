"""Keys of the ledger: what makes two requests the same request."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, str]


def clean_text(text: str) -> str:
    """Text as it can be sent and stored: what UTF-8 cannot hold (a lone surrogate) becomes U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def user_message(prompt: str) -> list[Message]:
    """The messages of a first request: the prompt, as one message of the user."""
    return [{"role": "user", "content": clean_text(prompt)}]


def again(messages: Sequence[Message], answer: str, complaint: str) -> list[Message]:
    """The messages of a repeated request: what was said so far, the answer, and what is wrong with it."""
    said = [{"role": "assistant", "content": clean_text(answer)}]
    return [*messages, *said, *user_message(complaint)]


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, nothing between them, only ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON of a value, in hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def dump_messages(messages: Sequence[Message]) -> str:
    """Messages as the ledger stores them."""
    return json.dumps(list(messages), ensure_ascii=False)


def messages_hash(messages: Sequence[Message]) -> str:
    """Names a prompt whatever the model: the hash of its messages alone."""
    return digest(list(messages))


def request_body(model: str, messages: Sequence[Message], request: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body that is sent."""
    return {**request, "model": model, "messages": list(messages)}


def answer_key(
    endpoint: str, model: str, messages: Sequence[Message], request: Mapping[str, Any], sample: int
) -> str:
    """The ledger's key of one answer: everything that could change it.

    endpoint: Base URL of the server, without a slash at its end.
    model: Name of the model.
    messages: The full messages.
    request: Sampling parameters and all else that is merged into the request's body.
    sample: Number of the sample, from 0.
    RETURNS: 64 hexadecimal digits.
    """
    return digest(
        {
            "endpoint": endpoint,
            "model": model,
            "messages": list(messages),
            "request": dict(request),
            "sample": sample,
        }
    )
