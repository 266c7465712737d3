"""What went wrong with a request, and whether it is worth another try."""

import email.utils
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import SHOWN, shorten
from ..tasks.answer import Logprobs, State
from .budget import Usage

Scope = Literal["try", "document", "run"]

LONGEST_RETRY_AFTER = 300.0
RETRIED = frozenset({408, 409, 429})
# True of every other request too, and what to do about it.
HINTS = {
    401: "Look at the key, in the environment variable that api_key_env or headers name",
    402: "Look at the account's balance",
    404: "Look at endpoint (its path often ends in /v1) and at the model's name",
}
NOT_REACHED = "Look whether the server runs, at endpoint, and at the environment's proxies (HTTPS_PROXY …)"
NOT_TRUSTED = "Name a file with the certificate that vouches for it in SSL_CERT_FILE"
# Statuses that servers name by a word or two, in a code, a type or a message.
WORDS = (
    (402, r"insufficient[ _](quota|credit|fund|balance)|payment required|out of credit|billing hard limit"),
    (401, r"(in|not )valid[ _].{0,12}api[ _]?key|incorrect api key|api[ _]?key.{0,20}(in|not )valid"),
    (401, r"api[ _]?key.{0,20}(missing|required|expired|not found|incorrect)|authentication_error"),
    (404, r"unexpected endpoint|(model|endpoint|url).{0,40}(not[ _]found|does not exist)|not_found_error"),
    (429, r"rate[ _]limit|too many requests|resource_exhausted"),
    (503, r"overloaded|unavailable|loading"),
)
# Codes by which a provider says that its filter stopped a prompt.
FILTERED = frozenset({"contentfilter", "contentfiltered", "contentpolicyviolation", "moderationblocked"})
FILTERED |= {"responsibleaipolicyviolation", "datainspectionfailed", "safety"}
FILTERING = re.compile(r"content management policy|input was flagged", re.IGNORECASE)
NAMES = frozenset({"code", "type", "status", "reason"})
DEPTH = 6


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion.

    answer: its text; empty if there is none.
    state: what became of it.
    finish_reason: as the server gave it.
    prompt_tokens, completion_tokens: as the server counted them.
    error: why it is no usable answer, where the state does not say all.
    logprobs: its tokens with their log-probabilities, if the server gave them.
    """

    answer: str
    state: State
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error: str | None = None
    logprobs: Logprobs = ()

    def usage(self, most: Usage) -> Usage:
        """The tokens of the request; where the server did not count, the most that it may have used."""
        return Usage(
            most.prompt if self.prompt_tokens is None else self.prompt_tokens,
            most.completion if self.completion_tokens is None else self.completion_tokens,
        )


class RequestError(Exception):
    """A request that got no answer.

    message: what went wrong, fit to be shown.
    scope: "try": another try may succeed. "document": no other try will, for this document.
        "run": nor for any other.
    wait: seconds that the server asked to wait.
    throttled: whether the server said that there were too many requests.
    unreachable: whether no connection was made.
    charged: whether the server may have worked for it, and may charge for it.
    status: the HTTP status, if there was one.
    reply: what is kept if no other try succeeds.
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
        reply: Reply | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.scope = scope
        self.wait = wait
        self.throttled = throttled
        self.unreachable = unreachable
        self.charged = charged
        self.status = status
        self.reply = reply

    @property
    def is_about_request(self) -> bool:
        """Whether the server may refuse any request like this one."""
        return self.scope == "document" or (400 <= (self.status or 0) < 500 and not self.throttled)

    @property
    def hint(self) -> str:
        """What to do about it, where that is known; empty elsewhere."""
        if self.unreachable:
            return NOT_TRUSTED if "certificate" in self.message else NOT_REACHED
        return HINTS.get(self.status or 0, "")


def status_error(
    status: int, body: object, headers: Mapping[str, str] = {}, *, what: str = "HTTP"
) -> RequestError:
    """The error that an HTTP status stands for.

    status: the status.
    body: the parsed JSON of the reply's body, or its text.
    headers: the reply's headers.
    what: what has the status.
    RETURNS: the error.
    """
    error = _inner_error(body)
    said, names = str(error), [name.casefold() for name in _names(error)]
    if isinstance(error, Mapping):
        said = str(error.get("message") or error.get("detail") or error)
    if 300 <= status < 400:
        said = f"redirected to {headers.get('location')}; set the endpoint to where the API is"
    message = f"{what} {status}: {shorten(said)}"
    if 400 <= status < 500 and _is_filtered(names, said):
        kept = Reply("", "refused", "content_filter", error=message)
        return RequestError(message, scope="document", status=status, reply=kept)
    if status in (400, 403, 429):
        # Some servers say so of a bad key, and of an empty account.
        named = _named_status(names, said)
        status = named if named in (401, 402) else status
    if status in HINTS:
        return RequestError(message, scope="run", status=status)
    if status in RETRIED or status >= 500:
        return RequestError(message, wait=retry_after(headers), throttled=status == 429, status=status)
    return RequestError(message, scope="document", status=status)


def _inner_error(body: object) -> object:
    """What a body says of an error: an object, or text."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") or body if isinstance(body, Mapping) else body
    return error or ""


def _names(error: object, depth: int = 0) -> Iterator[str]:
    """The names that an error has, or what it holds."""
    if depth < DEPTH and isinstance(error, Mapping):
        yield from (str(error[name]) for name in NAMES & error.keys() if isinstance(error[name], str | int))
        for inner in error.values():
            yield from _names(inner, depth + 1)
    elif depth < DEPTH and isinstance(error, list):
        for inner in error[:10]:
            yield from _names(inner, depth + 1)


def _is_filtered(names: Iterable[str], said: str) -> bool:
    """Whether an error says that the provider's filter stopped the prompt."""
    known = any(re.sub(r"[\W_]", "", name.casefold()) in FILTERED for name in names)
    return known or FILTERING.search(said) is not None


def error_in(body: object) -> object:
    """What a body of status 200 says of an error; None if it says nothing of one."""
    if isinstance(body, list) and body and isinstance(body[0], Mapping):
        body = body[0]
    if not isinstance(body, Mapping):
        return None
    if body.get("error") or "choices" in body:
        return body.get("error")
    named = "error" in (body.get("object"), body.get("type"))
    return body if named or _status_in(body) else None


def _status_in(error: Mapping[str, object]) -> int | None:
    """The HTTP status that an error names."""
    given = (str(error.get(name)) for name in ("code", "status", "status_code"))
    return next((int(code) for code in given if re.fullmatch("[45][0-9][0-9]", code)), None)


def _named_status(names: list[str], said: str) -> int | None:
    """The status that an error's names, or else its words, stand for."""
    for text in (" ".join(names), said[:SHOWN].casefold()):
        for status, words in WORDS:
            if re.search(words, text):
                return status
    return None


def body_error(error: object) -> RequestError:
    """The error that a body of status 200 holds.

    error: what stands there as the error.
    RETURNS: the error of the status that it names. It is not charged.
    """
    error = _inner_error(error)
    names: list[str] = []
    said, status = str(error), None
    if isinstance(error, Mapping):
        said = str(error.get("message") or error)
        names, status = [name.casefold() for name in _names(error)], _status_in(error)
    if status is None:
        filtered = _is_filtered(names, said)
        bad_request = filtered or "invalid_request_error" in names
        status = _named_status(names, said) or (400 if bad_request else 500)
    return status_error(status, error, what="error")


def says_too_large(error: str) -> bool:
    """Whether an error says that a batch is too large for what may wait to be worked on."""
    return bool(re.search(r"enqueued|token_limit_exceeded|too many (enqueued )?tokens", error, re.IGNORECASE))


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds that a server asks to wait, at most five minutes.

    headers: the reply's headers: `retry-after-ms`, or `retry-after` (seconds or a date).
    now: the time, in seconds since the epoch; None for now.
    RETURNS: the seconds, or None if it does not say.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            # Dates of the year 99999, and those that only begin like one, have no time.
            try:
                date = email.utils.parsedate_tz(value)
                seconds = email.utils.mktime_tz(date) if date else math.nan
            except (ValueError, OverflowError, TypeError, IndexError):
                continue
            seconds -= time.time() if now is None else now
        if seconds == seconds:
            return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
    return None


def malformed(said: str) -> RequestError:
    """The error of a reply that is no chat completion."""
    return RequestError(f"malformed reply: {said}", charged=True)
