"""What went wrong with a request, and whether it is worth another try."""

import email.utils
import random
import time
from collections.abc import Mapping
from typing import Literal

from .endpoints import NO_KEY, hide_key
from .responses import shorten

Scope = Literal["try", "document", "run"]

RETRIED = frozenset({408, 409, 429})
# Wrong key and wrong address or model: true of every other request too.
HOPELESS = frozenset({401, 404})
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 300.0


class Fault(Exception):
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


def status_fault(status: int, body: object, headers: Mapping[str, str], *, key: str = NO_KEY) -> Fault:
    """The fault that an HTTP status tells of.

    status: The status.
    body: The parsed JSON of the reply's body, or its text.
    headers: The reply's headers.
    key: The API key, which no message may hold.
    RETURNS: The fault.
    """
    error = body.get("error", body) if isinstance(body, Mapping) else body
    said = error.get("message", error) if isinstance(error, Mapping) else error
    code = error.get("code") if isinstance(error, Mapping) else None
    kind = error.get("type") if isinstance(error, Mapping) else None
    if 300 <= status < 400:
        said = f"redirected to {headers.get('location')}; set the endpoint to where the API is"
    message = f"HTTP {status}: {shorten(hide_key(str(said or ''), key))}"
    if "insufficient_quota" in (code, kind) or status in HOPELESS:
        return Fault(message, scope="run", status=status)
    if status in RETRIED or status >= 500:
        return Fault(message, wait=retry_after(headers), throttled=status == 429, status=status)
    return Fault(message, scope="document", status=status)


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


def backoff(tries: int, rng: random.Random, *, first: float = FIRST_WAIT) -> float:
    """Seconds to wait after a number of failed tries: doubled each time, capped, and jittered.

    tries: How many tries have failed, at least 1.
    rng: Source of the jitter, so that many clients do not come back at once.
    first: Seconds after the first try.
    RETURNS: Between half the wait and the whole.
    """
    wait = min(first * 2.0 ** min(tries - 1, 30), LONGEST_WAIT)
    return wait * rng.uniform(0.5, 1.0)
