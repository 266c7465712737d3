"""Asking for many answers at once: the sliding window, retries, and what ends a run."""

import asyncio
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from .budget import Budget, Usage
from .ledger.claims import RENEWAL, Claims
from .ledger.file import LedgerError
from .ledger.store import Ledger
from .limits import Limiter, backoff
from .messages import Complaint, PromptJob, Request, request_body
from .request_errors import Reply, RequestError
from .request_outcomes import RequestOutcome, make_entry, next_reask
from .run_statistics import RunStatistics, Waiting
from .settings import ChatSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .client import ChatClient

# After so many documents that failed in the same way, and none that did not, the request must be wrong.
ALL_THE_SAME = 10
CLAIM_POLL = 0.2
YIELD_EVERY = 100
# Requests that wait to be sent: where more do, there is no idle time to spread them over.
MOST_QUEUED = 24
# A server that says "too many" is not failing: it is asked this many times as often as one that is.
PATIENCE = 10


class RunStopped(Exception):
    """The run is to end: nothing more is sent."""


class Runner:
    """Gets the missing answers to a stream of prompts into the ledger.

    settings: what to ask, and how.
    ledger: where answers are kept.
    connect: makes the client when the first request is to be sent.
    budget: what may be spent.
    complaint: what is wrong with an answer; None if nothing is.
    statistics: are kept up to date.
    """

    def __init__(
        self,
        settings: ChatSettings,
        ledger: Ledger,
        connect: Callable[[], "ChatClient"],
        budget: Budget,
        complaint: Complaint,
        statistics: RunStatistics,
    ) -> None:
        self._settings, self._ledger, self._connect = settings, ledger, connect
        self._budget, self._complaint, self._statistics = budget, complaint, statistics
        self._claims = Claims(ledger)
        self._limiter = Limiter(
            settings.concurrency,
            requests_per_minute=settings.requests_per_minute,
            tokens_per_minute=settings.tokens_per_minute,
            sleep=self._pause,
        )
        self._client: ChatClient | None = None
        self._random = random.Random(0)
        # Replies that come together must not make requests that leave together: each would wait for all.
        self._sending, self._queued = asyncio.Lock(), 0
        self._stopping, self._settled = asyncio.Event(), asyncio.Condition()
        self._in_progress: set[str] = set()
        self._last_reply = 0.0
        self._last_error, self._same_errors = "", 0

    def stop(self, reason: str) -> None:
        """Send nothing more. What is in flight is waited for.

        reason: why; the first reason counts.
        """
        self._statistics.stopped = self._statistics.stopped or reason
        self._stopping.set()

    async def run(self, jobs: Iterable[PromptJob]) -> None:
        """Ask for all answers that the ledger lacks.

        jobs: the prompts; they are taken one by one, as there is room.
        RAISES DistillError: if there is no API key, or answers cannot be stored any more.
        """
        requests = self._settings.requests(jobs)
        renewal = asyncio.create_task(self._renew_claims())
        workers = []
        try:
            for _ in range(self._settings.concurrency):
                workers.append(asyncio.create_task(self._work(requests)))
                # What is sent at once is answered at once, and would then wait for its turn on one core.
                await asyncio.sleep(0)
            results = await asyncio.gather(*workers, return_exceptions=True)
        finally:
            renewal.cancel()
            if self._client is not None:
                await self._client.close()
        for result in results:
            if result is not None:
                raise result

    async def _work(self, requests: Iterator[Request]) -> None:
        """Take requests one after another, each once if several documents make the same one."""
        try:
            for number, request in enumerate(requests, 1):
                self._check()
                if request.job.prompt and request.key not in self._in_progress:
                    self._in_progress.add(request.key)
                    try:
                        await self._settle(request)
                    finally:
                        self._in_progress.discard(request.key)
                self._statistics.done += 1
                if number % YIELD_EVERY == 0:
                    # Looking up kept answers never waits: let others have their turn.
                    await asyncio.sleep(0)
        except RunStopped:
            return
        except BaseException:
            self.stop("an error")
            raise

    async def _settle(self, request: Request) -> None:
        """See to it that a request has an answer, and one that parses as far as `reask` goes."""
        wanted: Request | None = request
        if self._ledger.has_answer(request.key):
            self._statistics.kept += 1
            wanted = next_reask(self._settings, self._ledger, self._complaint, request)
        while wanted is not None:
            self._statistics.reasked += wanted.reask_of is not None
            async with self._claimed(wanted) as is_missing:
                if is_missing:
                    outcome = await self._get_reply(wanted)
                    # Before anything else happens with it.
                    entry = make_entry(self._settings, wanted, outcome, prices=self._budget.prices)
                    self._claims.store(entry)
                    self._statistics.count(entry)
            if not self._settings.reask or not self._ledger.has_answer(wanted.key):
                return
            wanted = next_reask(self._settings, self._ledger, self._complaint, request)

    @asynccontextmanager
    async def _claimed(self, request: Request) -> "AsyncIterator[bool]":
        """Claim a request, after any other process that is asking just this.

        YIELDS: whether its answer is neither in the ledger nor to come from a batch.
        """
        waiting: Waiting | None = None
        try:
            while not self._claims.take(request.key):
                waiting = self._statistics.wait_for(self._claims.holder(request.key), waiting)
                await self._pause(CLAIM_POLL)
        finally:
            self._statistics.waiting.discard(waiting)
        try:
            # In this order: who fills a batch leaves out what is claimed.
            awaited = self._ledger.in_batch(request.key)
            self._statistics.awaited += awaited
            yield not awaited and not self._ledger.has_answer(request.key)
        finally:
            self._claims.release(request.key)

    async def _get_reply(self, request: Request) -> RequestOutcome:
        """Send a request until it is answered, or there is no hope of that.

        RAISES RunStopped: if the run is to end.
        """
        body = request_body(self._settings.name, request.messages, self._settings.request)
        prompt = "".join(message["content"] for message in request.messages)
        first_sent, failures, throttles = time.monotonic(), 0, 0
        while True:
            try:
                async with self._turn(prompt, is_retry=failures + throttles > 0) as turn:
                    await self._spread()
                    turn.reply = await turn.client.complete(body)
                return RequestOutcome(turn.reply, failures + throttles + 1, turn.seconds)
            except RequestError as error:
                throttles += error.throttled
                failures += not error.throttled
                last = failures >= self._settings.max_tries
                if last or throttles >= self._settings.max_tries * PATIENCE or error.scope != "try":
                    self._stop_if_useless(error, first_sent)
                    return RequestOutcome(error.reply or error, failures + throttles, turn.seconds)
                # "At once" is no advice of a server that is failing: its clock may be wrong.
                await self._pause(error.wait or backoff(failures + throttles, self._random))

    @asynccontextmanager
    async def _turn(self, prompt: str, *, is_retry: bool) -> "AsyncIterator[Turn]":
        """Wait until limits and budget allow one more request; settle what it cost when it has ended.

        RAISES RunStopped: if the run is to end.
        """
        most = await self._reserve(prompt)
        used: Usage | None = None
        try:
            async with self._limiter.slot(most.total):
                self._check()
                if self._client is None:
                    self._client = self._connect()
                turn = Turn(self._client)
                self._statistics.send(is_retry=is_retry)
                try:
                    yield turn
                except RequestError as error:
                    if error.charged:
                        used = error.reply.usage(most) if error.reply else most
                    if error.throttled:
                        self._limiter.throttled(turn.sent, error.wait)
                    raise
                finally:
                    turn.seconds = time.monotonic() - turn.sent
                    self._statistics.in_flight -= 1
                if turn.reply is not None:
                    self._last_reply = time.monotonic()
                    used = turn.reply.usage(most)
                    self._budget.learn(prompt, used)
                    self._limiter.settle(most.total, used.total)
                    self._limiter.answered()
        finally:
            self._statistics.spend(self._budget.settle(most, used))
            async with self._settled:
                self._settled.notify_all()

    async def _spread(self) -> None:
        """Let a request leave after the one before it, unless many wait: then the processor is the limit."""
        if self._queued < MOST_QUEUED:
            self._queued += 1
            try:
                await self._sending.acquire()
            finally:
                self._queued -= 1
            # The request is built at once, and written before this is called: then the next one is built.
            asyncio.get_running_loop().call_soon(self._sending.release)

    async def _reserve(self, prompt: str) -> Usage:
        """Wait until the budget has room for a request."""
        self._check()
        most = self._budget.expect(prompt)
        while not self._budget.reserve(most):
            if self._budget.idle:
                self.stop(self._budget.explain())
            self._check()
            async with self._settled:
                await self._settled.wait()
        return most

    def _stop_if_useless(self, error: RequestError, first_sent: float) -> None:
        """Stop the run where no other document can fare better."""
        gone = error.unreachable and self._last_reply < first_sent
        where = f"{self._settings.endpoint}: {error.message}".rstrip(".")
        if error.scope == "run" or gone:
            self.stop(f"{where}. {error.hint}".strip(". "))
        elif not self._last_reply and error.reply is None and error.is_about_request:
            # Servers number their requests: only words count.
            said = re.sub(r"\S*\d\S*", "", error.message)
            self._same_errors = self._same_errors + 1 if said == self._last_error else 1
            self._last_error = said
            if self._same_errors >= ALL_THE_SAME:
                self.stop(
                    f"{where}. The first {ALL_THE_SAME} documents all failed so: look at name, endpoint and "
                    "request of components.llm.model (a model that takes no temperature needs request = {})"
                )

    async def _renew_claims(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            # Who asks finds out himself that the ledger cannot be written.
            with suppress(LedgerError):
                self._claims.renew()

    def _check(self) -> None:
        """RAISES RunStopped: If the run is to end."""
        if self._stopping.is_set():
            raise RunStopped

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped meanwhile.

        RAISES RunStopped: if the run is to end.
        """
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise RunStopped


class Turn:
    """One try of a request.

    client: sends it.
    sent: when it is sent, by the monotonic clock.
    reply: what was answered; to be set by who sends it.
    seconds: how long it took.
    """

    def __init__(self, client: "ChatClient") -> None:
        self.client = client
        self.sent = time.monotonic()
        self.reply: Reply | None = None
        self.seconds = 0.0
