"""What a server's reply says: the answer and what it cost in tokens, or what went wrong."""

import email.utils
import json
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..corpus.files import repair_text
from ..tasks.answer import State
from .budget import Usage
from .ledger.entry import is_count

Scope = Literal["try", "document", "run"]

NO_KEY = "none"
SHOWN = 200
RETRIED = frozenset({408, 409, 429})
# Wrong key and wrong address or model: true of every other request too.
HOPELESS = frozenset({401, 404})
LONGEST_RETRY_AFTER = 300.0


class RequestError(Exception):
    """A request that got no answer.

    message: What went wrong, fit to be shown.
    scope: "try": another try may succeed. "document": no other try will, for this document.
        "run": nor for any other.
    wait: Seconds that the server asked to wait.
    throttled: Whether the server said that there were too many requests.
    unreachable: Whether no connection was made.
    charged: Whether the server may have worked for it, and may charge for it.
    status: The HTTP status, if there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        scope: Scope = "try",
        wait: float | None = None,
        throttled: bool = False,
        unreachable: bool = False,
        charged: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.scope = scope
        self.wait = wait
        self.throttled = throttled
        self.unreachable = unreachable
        self.charged = charged
        self.status = status


def status_error(status: int, body: object, headers: Mapping[str, str], *, key: str = NO_KEY) -> RequestError:
    """The error that an HTTP status stands for.

    status: The status.
    body: The parsed JSON of the reply's body, or its text.
    headers: The reply's headers.
    key: The API key, which no message may hold.
    RETURNS: The error.
    """
    error = body.get("error", body) if isinstance(body, Mapping) else body
    said = error.get("message", error) if isinstance(error, Mapping) else error
    code = error.get("code") if isinstance(error, Mapping) else None
    kind = error.get("type") if isinstance(error, Mapping) else None
    if 300 <= status < 400:
        said = f"redirected to {headers.get('location')}; set the endpoint to where the API is"
    message = f"HTTP {status}: {shorten(hide_key(str(said or ''), key))}"
    if "insufficient_quota" in (code, kind) or status in HOPELESS:
        return RequestError(message, scope="run", status=status)
    if status in RETRIED or status >= 500:
        return RequestError(message, wait=retry_after(headers), throttled=status == 429, status=status)
    return RequestError(message, scope="document", status=status)


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds that a server asks to wait, at most five minutes.

    headers: The reply's headers: `retry-after-ms`, or `retry-after` (seconds or a date).
    now: The time, in seconds since the epoch; None for now.
    RETURNS: The seconds, or None if it does not say.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            date = email.utils.parsedate_tz(value)
            if date is None:
                continue
            seconds = email.utils.mktime_tz(date) - (time.time() if now is None else now)
        if seconds == seconds:
            return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
    return None


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion.

    answer: Its text; empty if there is none.
    state: "ok", "truncated" or "refused".
    finish_reason: As the server gave it.
    prompt_tokens, completion_tokens: As the server counted them.
    """

    answer: str
    state: State
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def usage(self, most: Usage) -> Usage:
        """The tokens of the request; where the server did not count, the most that it may have used."""
        return Usage(
            most.prompt if self.prompt_tokens is None else self.prompt_tokens,
            most.completion if self.completion_tokens is None else self.completion_tokens,
        )


def read_reply(body: object) -> Reply:
    """Read the body of a chat completion.

    body: The parsed JSON, or a string of JSON.
    RETURNS: What it says.
    RAISES ValueError: If it is no chat completion.
    """
    if isinstance(body, str | bytes):
        body = read_json(body)
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise ValueError(f"expected a chat completion with choices[0].message, got {shorten(str(body))}")
    answer, reason = repair_text(_text(message.get("content"))), choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    prompt_tokens, completion_tokens = read_usage(body)
    return Reply(
        answer, state_of(answer, reason, message.get("refusal")), reason, prompt_tokens, completion_tokens
    )


def read_json(text: str | bytes) -> object:
    """The value of a JSON text from outside.

    RAISES ValueError: If it is none, or one that is nested too deep to be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None


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


def hide_key(text: str, key: str) -> str:
    """What a server says, without the key, should it quote it."""
    return text if key == NO_KEY else text.replace(key, "[key]")
