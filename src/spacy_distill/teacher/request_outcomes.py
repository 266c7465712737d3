"""What became of requests: which to ask again, and the row of the ledger for each."""

import time
from dataclasses import dataclass, replace

from .budget import TokenPrices, Usage
from .ledger.entry import Entry
from .ledger.store import Ledger
from .messages import Complaint, Request, digest, repeated_request, request_body
from .request_errors import Reply, RequestError
from .settings import ChatSettings


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What became of a request.

    result: the reply, or what was wrong in the last try.
    tries: how many requests were sent.
    latency: seconds that the last one took.
    """

    result: Reply | RequestError
    tries: int = 1
    latency: float | None = None


def next_reask(
    settings: ChatSettings, ledger: Ledger, complaint: Complaint, request: Request
) -> Request | None:
    """The next request for an answer that does not parse, or None if there is none to be asked again.

    settings: says how often to ask again.
    ledger: holds the answer, and what was asked again so far.
    complaint: what is wrong with an answer; None if nothing is.
    request: the first request.
    RETURNS: the conversation so far, with the complaint at its end.
    """
    entry = ledger.get(request.key) if settings.reask else None
    for _ in range(settings.reask):
        problem = complaint(entry.answer) if entry and entry.state == "ok" else None
        if entry is None or problem is None:
            return None
        repeated = ledger.reask(entry.key)
        if repeated is None:
            messages = repeated_request(entry.messages, entry.answer, problem)
            key = settings.key(messages, request.sample)
            return replace(request, key=key, messages=messages, reask_of=entry.key)
        entry = repeated
    return None


def make_entry(
    settings: ChatSettings, request: Request, outcome: RequestOutcome, *, prices: TokenPrices | None
) -> Entry:
    """The row of the ledger for what became of a request.

    settings: what was asked, and how.
    request: the request.
    outcome: what became of it.
    prices: what it cost.
    RETURNS: the row.
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
        error=result.error,
        finish_reason=result.finish_reason,
        prompt_tokens=result.prompt_tokens,
        completion_tokens=result.completion_tokens,
        logprobs=result.logprobs,
        cost=prices.cost(used) if prices and counted else None,
    )
