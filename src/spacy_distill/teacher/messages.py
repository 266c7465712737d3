"""What is sent to a model: prompts, their messages, requests and the keys of their answers."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..corpus.files import repair_text

Message = dict[str, str]


def user_message(prompt: str) -> list[Message]:
    """The messages of a first request: the prompt, as one message of the user."""
    return [{"role": "user", "content": repair_text(prompt)}]


def repeated_request(messages: Sequence[Message], answer: str, complaint: str) -> list[Message]:
    """The messages of a repeated request: those so far, the answer, and what is wrong with it."""
    said = [{"role": "assistant", "content": repair_text(answer)}]
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

    endpoint: base URL of the server, without a slash at its end.
    model: name of the model.
    messages: the full messages.
    request: sampling parameters and all else that is merged into the request's body.
    sample: number of the sample, from 0.
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


@dataclass(frozen=True, slots=True)
class PromptJob:
    """A prompt that needs an answer.

    prompt: the prompt; an empty one asks nothing.
    text: text of the document it asks about.
    view, prompt_hash: name and hash of its template.
    """

    prompt: str
    text: str | None = None
    view: str | None = None
    prompt_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a job's messages and sample number under the ledger's key.

    reask_of: key of the answer that is asked again since it could not be used.
    """

    job: PromptJob
    key: str
    messages: list[Message]
    sample: int
    reask_of: str | None = None


Complaint = Callable[[str], str | None]
