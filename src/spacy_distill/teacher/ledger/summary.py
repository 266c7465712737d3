"""What a ledger holds, in numbers."""

from dataclasses import dataclass

from .store import Ledger


@dataclass(frozen=True)
class Line:
    """Answers of one model to one prompt's template in one state.

    model, host (str): Who answered; the host is "recorded" for answers that were imported.
    view, prompt_hash (str | None): Name and hash of the template, where they are known.
    state: What became of them.
    source: Where recorded ones came from.
    answers: How many there are.
    prompt_tokens, completion_tokens (int): Their tokens, as far as they were counted.
    cost: Their price in US dollars, as far as prices were configured.
    seconds: Mean time from sending to the answer.
    retries: Requests beyond the first one each.
    first, last (float | None): When the first and the last came in, seconds since the epoch.
    """

    model: str
    host: str
    view: str | None
    prompt_hash: str | None
    state: str
    source: str | None
    answers: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float | None
    retries: int
    first: float | None
    last: float | None


def summarise(ledger: Ledger) -> list[Line]:
    """Count a ledger's answers.

    ledger: The ledger.
    RETURNS: By model, host, template, source and state.
    """
    sql = """
        SELECT model, host, view, prompt_hash, state, source, count(*), coalesce(sum(prompt_tokens), 0),
            coalesce(sum(completion_tokens), 0), sum(cost), avg(latency), sum(tries - 1), min(time), max(time)
        FROM answers JOIN prompts ON prompts.hash = answers.prompt
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 6, 5
    """
    return [Line(*row) for row in ledger.rows(sql)]  # type: ignore[arg-type]


def awaited(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Batches that were not collected yet.

    RETURNS: The provider's name or else ours, the model, the number of requests.
    """
    sql = """
        SELECT coalesce(batch, id), model, count(key) FROM jobs LEFT JOIN job_requests ON job = id
        GROUP BY id ORDER BY created
    """
    return [(str(name), str(model), int(str(count))) for name, model, count in ledger.rows(sql)]


def pending_claims(ledger: Ledger) -> int:
    """How many answers are being asked for at this moment, or were when a process was killed."""
    count = ledger.rows("SELECT count(*) FROM claims")[0][0]
    return count if isinstance(count, int) else 0
