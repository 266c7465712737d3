"""Asking: one sliding window over all prompts, each answer in the ledger before anything else happens."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from .attempts import Attempts, Outcome
from .brake import Brake, Stopped
from .budget import Budget, Usage
from .claims import Claims
from .client import ChatClient
from .entry import Entry
from .faults import FIRST_WAIT
from .keys import Message, again, digest, request_body
from .ledger import Ledger
from .replies import Reply
from .settings import ChatSettings
from .tally import Tally

CLAIM_POLL = 0.2
YIELD_EVERY = 100


@dataclass(frozen=True, slots=True)
class Job:
    """A prompt that needs an answer.

    prompt (str): The prompt; an empty one asks nothing.
    text (str | None): Text of the document it asks about.
    view, prompt_hash (str | None): Name and hash of its template.
    """

    prompt: str
    text: str | None = None
    view: str | None = None
    prompt_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a job's messages and sample number under the ledger's key."""

    job: Job
    key: str
    messages: list[Message]
    sample: int
    reask_of: str | None = None


class Asker:
    """Gets the missing answers to a stream of prompts into the ledger.

    settings (ChatSettings): What to ask, and how.
    ledger (Ledger): Where answers are kept.
    connect (Callable[[], ChatClient]): Makes the client when the first request is to be sent.
    budget (Budget): What may be spent.
    complaint (Callable[[str], str | None]): What is wrong with an answer; None if nothing is.
    tally (Tally): Is kept up to date.
    first_wait (float): Seconds to wait after a first failed try.
    """

    def __init__(
        self,
        settings: ChatSettings,
        ledger: Ledger,
        connect: Callable[[], ChatClient],
        *,
        budget: Budget,
        complaint: Callable[[str], str | None],
        tally: Tally,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self.tally = tally
        self._settings, self._ledger, self._claims = settings, ledger, Claims(ledger)
        self._budget, self._complaint, self._brake = budget, complaint, Brake(tally)
        self._attempts = Attempts(
            settings, connect, budget=budget, tally=tally, brake=self._brake, first_wait=first_wait
        )
        self._busy: set[str] = set()

    def stop(self, reason: str) -> None:
        """Send nothing more. What is in flight is waited for.

        reason (str): Why; the first reason counts.
        """
        self._brake.stop(reason)

    async def run(self, jobs: Iterable[Job]) -> None:
        """Ask for all answers that the ledger lacks.

        jobs (Iterable[Job]): The prompts; they are taken one by one, as there is room.
        RAISES (ValueError): If there is no API key, or answers cannot be stored any more.
        """
        requests = self._requests(jobs)
        workers = [self._work(requests) for _ in range(self._settings.concurrency)]
        results = await asyncio.gather(*workers, return_exceptions=True)
        await self._attempts.close()
        for result in results:
            if result is not None:
                raise result

    def _requests(self, jobs: Iterable[Job]) -> Iterator[Request]:
        for job in jobs:
            for sample in range(self._settings.samples):
                messages = self._settings.messages(job.prompt)
                yield Request(job, self._settings.key(messages, sample), messages, sample)

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
            if self._settings.reask:
                await self._mend(request)
        finally:
            self._busy.discard(request.key)

    async def _mend(self, request: Request) -> None:
        """Ask again, with the parser's complaint, as long as the answer does not parse."""
        entry = self._ledger.get(request.key)
        for _ in range(self._settings.reask):
            complaint = self._complaint(entry.answer) if entry and entry.state == "ok" else None
            if entry is None or complaint is None:
                return
            mended = self._ledger.mend_of(entry.key)
            if mended is None:
                messages = again(entry.messages, entry.answer, complaint)
                key = self._settings.key(messages, request.sample)
                self.tally.reasked += 1
                await self._ask(replace(request, key=key, messages=messages, reask_of=entry.key))
                mended = self._ledger.get(key)
            entry = mended

    async def _ask(self, request: Request) -> None:
        while not self._claims.take(request.key):
            # Another process is asking just this.
            await self._brake.pause(CLAIM_POLL)
        try:
            if not self._ledger.has_answer(request.key):
                body = request_body(self._settings.name, request.messages, self._settings.request)
                self._keep(request, await self._attempts.insist(body))
        finally:
            self._claims.give_up(request.key)

    def _keep(self, request: Request, outcome: Outcome) -> None:
        """Store what became of a request, before anything else happens with it."""
        entry = self._entry(request, outcome)
        self._ledger.put(entry)
        self.tally.count(entry)

    def _entry(self, request: Request, outcome: Outcome) -> Entry:
        settings, job, result = self._settings, request.job, outcome.result
        known = Entry(
            key=request.key,
            model=settings.name,
            host=settings.host,
            messages=tuple(request.messages),
            answer="",
            state="failed",
            sample=request.sample,
            body=digest(request_body(settings.name, request.messages, settings.request)),
            latency=round(outcome.latency, 4),
            time=float(int(time.time())),
            tries=outcome.tries,
            reask_of=request.reask_of,
            text=job.text,
            view=job.view,
            prompt_hash=job.prompt_hash,
        )
        if not isinstance(result, Reply):
            return replace(known, error=result.message)
        prices, counted = self._budget.prices, result.prompt_tokens is not None
        used = Usage(result.prompt_tokens or 0, result.completion_tokens or 0)
        return replace(
            known,
            answer=result.answer,
            state=result.state,
            finish_reason=result.finish_reason,
            prompt_tokens=result.prompt_tokens,
            completion_tokens=result.completion_tokens,
            cost=prices.cost(used) if prices and counted else None,
        )
