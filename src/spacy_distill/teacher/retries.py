"""Getting one request answered: as often as it takes, as fast as is allowed, within the budget."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .budget import Budget, Tally, Usage
from .errors import FIRST_WAIT, Fault, backoff
from .limits import Limiter
from .requests import Outcome
from .responses import Reply
from .settings import ChatSettings

if TYPE_CHECKING:
    from .client import ChatClient


class Stopped(Exception):
    """The run is to end: nothing more is sent."""


class Brake:
    """Stops all parts of a run.

    tally: Gets the reason.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._event = asyncio.Event()

    def stop(self, reason: str) -> None:
        """Send nothing more. What is in flight is waited for.

        reason: Why; the first reason counts.
        """
        self._tally.stopped = self._tally.stopped or reason
        self._event.set()

    def check(self) -> None:
        """RAISES (Stopped): If the run is to end."""
        if self._event.is_set():
            raise Stopped

    async def pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped meanwhile.

        RAISES Stopped: If the run is to end.
        """
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        raise Stopped


# A server that says "too many" is not failing: it is asked this many times as often as one that is.
PATIENCE = 10


class Attempts:
    """Sends requests and sends them again.

    settings: What to ask, and how.
    connect: Makes the client when the first request is to be sent.
    budget: What may be spent.
    tally: Is kept up to date.
    brake: Ends the run.
    first_wait: Seconds to wait after a first failed try, doubled after each further one.
    seed: Seed of the waits' jitter.
    """

    def __init__(
        self,
        settings: ChatSettings,
        connect: Callable[[], "ChatClient"],
        *,
        budget: Budget,
        tally: Tally,
        brake: Brake,
        first_wait: float = FIRST_WAIT,
        seed: int = 0,
    ) -> None:
        self._settings, self._connect = settings, connect
        self._budget, self._tally, self._brake = budget, tally, brake
        self._limiter = Limiter(
            settings.concurrency,
            requests_per_minute=settings.requests_per_minute,
            tokens_per_minute=settings.tokens_per_minute,
            sleep=brake.pause,
        )
        self._first_wait, self._rng = first_wait, random.Random(seed)
        self._settled = asyncio.Condition()
        self._client: ChatClient | None = None
        self._last_reply = 0.0

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()

    async def insist(self, body: dict[str, Any]) -> Outcome:
        """Send a request until it is answered, or there is no hope of that.

        body: The request's body.
        RETURNS: What became of it.
        RAISES Stopped: If the run is to end.
        """
        first_sent, failures, throttles = time.monotonic(), 0, 0
        while True:
            sent = time.monotonic()
            try:
                reply = await self._try(body, tries=failures + throttles)
                self._last_reply = time.monotonic()
                return Outcome(reply, failures + throttles + 1, self._last_reply - sent)
            except Fault as fault:
                throttles += fault.throttled
                failures += not fault.throttled
                last = failures >= self._settings.max_tries
                if last or throttles >= self._settings.max_tries * PATIENCE or fault.scope != "try":
                    self._stop_if_hopeless(fault, first_sent)
                    return Outcome(fault, failures + throttles, time.monotonic() - sent)
                wait = backoff(failures + throttles, self._rng, first=self._first_wait)
                # "At once" is no advice of a server that is failing: its clock may be wrong.
                await self._brake.pause(fault.wait or wait)

    async def _try(self, body: dict[str, Any], *, tries: int) -> Reply:
        prompt = "".join(message["content"] for message in body["messages"])
        most = await self._reserve(prompt)
        used: Usage | None = None
        try:
            async with self._limiter.slot(most.total) as sent:
                self._brake.check()
                try:
                    reply = await self._send(body, tries)
                except Fault as fault:
                    used = most if fault.charged else None
                    if fault.throttled:
                        self._limiter.throttled(sent, fault.wait)
                    raise
                used = _usage(reply, most)
                self._budget.learn(prompt, used)
                self._limiter.settle(most.total, used.total)
                self._limiter.answered()
                return reply
        finally:
            self._tally.cost += self._budget.settle(most, used)
            async with self._settled:
                self._settled.notify_all()

    async def _send(self, body: dict[str, Any], tries: int) -> Reply:
        if self._client is None:
            self._client = self._connect()
        self._tally.requests += 1
        self._tally.retries += tries > 0
        self._tally.in_flight += 1
        try:
            return await self._client.complete(body)
        finally:
            self._tally.in_flight -= 1

    async def _reserve(self, prompt: str) -> Usage:
        """Wait until the budget has room for a request."""
        self._brake.check()
        most = self._budget.expect(prompt)
        while not self._budget.reserve(most):
            if self._budget.idle:
                self._brake.stop(self._budget.explain())
            self._brake.check()
            async with self._settled:
                await self._settled.wait()
        return most

    def _stop_if_hopeless(self, fault: Fault, first_sent: float) -> None:
        """Stop the run where no other document can fare better."""
        gone = fault.unreachable and self._last_reply < first_sent
        if fault.scope == "run" or gone:
            self._brake.stop(f"{self._settings.endpoint}: {fault.message}")


def _usage(reply: Reply, most: Usage) -> Usage:
    """What a reply used; where the server did not count, the most it may have used."""
    return Usage(
        most.prompt if reply.prompt_tokens is None else reply.prompt_tokens,
        most.completion if reply.completion_tokens is None else reply.completion_tokens,
    )
