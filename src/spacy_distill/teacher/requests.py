"""Requests: made of prompts, and with their outcome made into rows of the ledger."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from .budget import Prices, Usage
from .errors import Fault
from .ledger.entry import Entry
from .ledger.keys import Message, again, digest, request_body
from .ledger.store import Ledger
from .responses import Reply
from .settings import ChatSettings

Complaint = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Job:
    """A prompt that needs an answer.

    prompt: The prompt; an empty one asks nothing.
    text: Text of the document it asks about.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    result: The reply, or what was wrong in the last try.
    tries: How many requests were sent.
    latency: Seconds that the last one took.
    """

    result: Reply | Fault
    tries: int = 1
    latency: float | None = None


def requests_of(settings: ChatSettings, jobs: Iterable[Job]) -> Iterator[Request]:
    """The requests that prompts need, one for each sample, whatever the ledger has.

    settings: What to ask, and how.
    jobs: The prompts.
    YIELDS: One request.
    """
    for job in jobs:
        messages = settings.messages(job.prompt)
        for sample in range(settings.samples):
            yield Request(job, settings.key(messages, sample), messages, sample)


def request_to_mend(
    settings: ChatSettings, ledger: Ledger, complaint: Complaint, request: Request
) -> Request | None:
    """The next request for an answer that does not parse, or None if there is nothing to be mended any more.

    settings: Says how often to ask again.
    ledger: Holds the answer, and what was asked again so far.
    complaint: What is wrong with an answer; None if nothing is.
    request: The first request.
    RETURNS: The conversation so far, with the complaint at its end.
    """
    entry = ledger.get(request.key) if settings.reask else None
    for _ in range(settings.reask):
        problem = complaint(entry.answer) if entry and entry.state == "ok" else None
        if entry is None or problem is None:
            return None
        mended = ledger.mend_of(entry.key)
        if mended is None:
            messages = again(entry.messages, entry.answer, problem)
            key = settings.key(messages, request.sample)
            return replace(request, key=key, messages=messages, reask_of=entry.key)
        entry = mended
    return None


def make_entry(settings: ChatSettings, request: Request, outcome: Outcome, *, prices: Prices | None) -> Entry:
    """The row of the ledger for what became of a request.

    settings: What was asked, and how.
    request: The request.
    outcome: What became of it.
    prices: What it cost.
    RETURNS: The row.
    """
    result = outcome.result
    known = Entry(
        key=request.key,
        model=settings.name,
        host=settings.host,
        messages=tuple(request.messages),
        answer="",
        state="failed",
        sample=request.sample,
        body=digest(request_body(settings.name, request.messages, settings.request)),
        latency=None if outcome.latency is None else round(outcome.latency, 4),
        time=float(int(time.time())),
        tries=outcome.tries,
        reask_of=request.reask_of,
        text=request.job.text,
        view=request.job.view,
        prompt_hash=request.job.prompt_hash,
    )
    if not isinstance(result, Reply):
        return replace(known, error=result.message)
    counted = result.prompt_tokens is not None
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
