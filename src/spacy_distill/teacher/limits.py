"""How fast requests may be sent: the limits of a config, and how long to wait after a failed try."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0


class Limiter:
    """Lets requests pass one after another, no faster than is allowed.

    The number in flight is halved when the server says that there are too many, and grows back by one for
    each round of answers.

    concurrency: how many may be in flight, at most.
    requests_per_minute, tokens_per_minute: limits, kept by even spacing; None for none.
    clock: gives the time in seconds.
    sleep: waits some seconds.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.concurrency = concurrency
        self.window = float(concurrency)
        self.in_flight = 0
        self._seconds_per_request = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._seconds_per_token = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._clock, self._sleep = clock, sleep
        self._next_request = self._next_token = self._pause = self._last_cut = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[float]:
        """Wait for one's turn, and hold a place among those in flight.

        tokens: how many tokens the request will use, as far as that is known.
        YIELDS: the time at which the turn came.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self.in_flight < max(1, int(self.window)))
            self.in_flight += 1
        try:
            await self._turn(tokens)
            yield self._clock()
        finally:
            self.in_flight -= 1
            async with self._changed:
                # One for the place that is free now, one for the place that an answer may have added.
                self._changed.notify(2)

    async def _turn(self, tokens: int) -> None:
        now = self._clock()
        start = max(now, self._next_request, self._next_token)
        self._next_request = start + self._seconds_per_request
        self._next_token = start + tokens * self._seconds_per_token
        # The pause may grow while one waits.
        while (wait := max(start, self._pause) - self._clock()) > 0:
            await self._sleep(wait)

    def settle(self, estimated: int, used: int) -> None:
        """Correct the count of tokens when it is known how many a request used."""
        self._next_token += (used - estimated) * self._seconds_per_token

    def answered(self) -> None:
        """A request was answered: a little more may be in flight."""
        self.window = min(self.window + 1.0 / self.window, float(self.concurrency))

    def throttled(self, sent: float, wait: float | None) -> None:
        """The server said that there were too many requests.

        sent: when that request was sent. What was sent before the last cut does not count again.
        wait: seconds in which no request may be sent.
        """
        now = self._clock()
        if sent >= self._last_cut:
            self.window = max(1.0, self.window / 2)
            self._last_cut = now
        if wait:
            self._pause = max(self._pause, now + wait)


def backoff(tries: int, rng: random.Random) -> float:
    """Seconds to wait after a number of failed tries: doubled each time, capped, and jittered.

    tries: how many tries have failed, at least 1.
    rng: source of the jitter, so that many clients do not come back at once.
    RETURNS: between half the wait and the whole.
    """
    wait = min(FIRST_WAIT * 2.0 ** min(tries - 1, 30), LONGEST_WAIT)
    return wait * rng.uniform(0.5, 1.0)
