"""The sliding window of requests: which answers are asked for, and what ends the run."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .batch import JobBook
from .budget import Budget, Tally
from .errors import FIRST_WAIT
from .ledger.claims import Claims
from .ledger.keys import request_body
from .ledger.store import Ledger
from .requests import Complaint, Job, Request, make_entry, request_to_mend, requests_of
from .retries import Attempts, Brake, Stopped
from .settings import ChatSettings

if TYPE_CHECKING:
    from .client import ChatClient

CLAIM_POLL = 0.2
YIELD_EVERY = 100


class Asker:
    """Gets the missing answers to a stream of prompts into the ledger.

    settings: What to ask, and how.
    ledger: Where answers are kept.
    connect: Makes the client when the first request is to be sent.
    budget: What may be spent.
    complaint: What is wrong with an answer; None if nothing is.
    tally: Is kept up to date.
    first_wait: Seconds to wait after a first failed try.
    """

    def __init__(
        self,
        settings: ChatSettings,
        ledger: Ledger,
        connect: Callable[[], "ChatClient"],
        *,
        budget: Budget,
        complaint: Complaint,
        tally: Tally,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self.tally = tally
        self._settings, self._ledger = settings, ledger
        self._claims = Claims(ledger, lease=settings.longest_wait)
        self._book = JobBook(ledger, settings)
        self._budget, self._complaint, self._brake = budget, complaint, Brake(tally)
        self._attempts = Attempts(
            settings, connect, budget=budget, tally=tally, brake=self._brake, first_wait=first_wait
        )
        self._busy: set[str] = set()

    def stop(self, reason: str) -> None:
        """Send nothing more. What is in flight is waited for.

        reason: Why; the first reason counts.
        """
        self._brake.stop(reason)

    async def run(self, jobs: Iterable[Job]) -> None:
        """Ask for all answers that the ledger lacks.

        jobs: The prompts; they are taken one by one, as there is room.
        RAISES ValueError: If there is no API key, or answers cannot be stored any more.
        """
        requests = requests_of(self._settings, jobs)
        workers = [self._work(requests) for _ in range(self._settings.concurrency)]
        results = await asyncio.gather(*workers, return_exceptions=True)
        await self._attempts.close()
        for result in results:
            if result is not None:
                raise result

    async def _work(self, requests: Iterator[Request]) -> None:
        try:
            for number, request in enumerate(requests, 1):
                self._brake.check()
                await self._settle(request)
                self.tally.done += 1
                if number % YIELD_EVERY == 0:
                    # Looking up kept answers never waits: let others have their turn.
                    await asyncio.sleep(0)
        except Stopped:
            return
        except BaseException:
            self.stop("an error")
            raise

    async def _settle(self, request: Request) -> None:
        """See to it that a request has an answer, once if several documents make the same one."""
        if not request.job.prompt or request.key in self._busy:
            return
        self._busy.add(request.key)
        try:
            if self._ledger.has_answer(request.key):
                self.tally.kept += 1
            else:
                await self._ask(request)
            await self._mend(request)
        finally:
            self._busy.discard(request.key)

    async def _mend(self, request: Request) -> None:
        """Ask again, with the parser's complaint, as long as the answer does not parse."""
        while wanted := request_to_mend(self._settings, self._ledger, self._complaint, request):
            self.tally.reasked += 1
            await self._ask(wanted)
            if not self._ledger.has_answer(wanted.key):
                return

    async def _ask(self, request: Request) -> None:
        while not self._claims.take(request.key):
            # Another process is asking just this.
            await self._brake.pause(CLAIM_POLL)
        try:
            # In this order: who fills a batch leaves out what is claimed.
            if self._book.holds(request.key):
                self.tally.awaited += 1
            elif not self._ledger.has_answer(request.key):
                body = request_body(self._settings.name, request.messages, self._settings.request)
                outcome = await self._attempts.insist(body)
                # Before anything else happens with it.
                entry = make_entry(self._settings, request, outcome, prices=self._budget.prices)
                self._ledger.put(entry)
                self.tally.count(entry)
        finally:
            self._claims.give_up(request.key)
