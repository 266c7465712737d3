"""The rows of the ledger: answers and batches, and their form as a line of JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard, get_args

from ...corpus.files import repair_text
from ...errors import DistillError
from ...tasks.answer import Logprobs, State
from ..messages import Message, messages_hash

# SQLite's whole numbers end here.
LARGEST = 2**63
STATES: tuple[str, ...] = tuple(state for state in get_args(State) if state != "unanswered")


@dataclass(frozen=True)
class BatchJob:
    """A batch of requests at a provider.

    id: our own name for it.
    state: "filling" (its requests are being written down), "ready" (they are complete; it may have been
        sent) or "sent".
    file: the provider's name for the file of requests.
    batch: the provider's name for the batch.
    created: when it was made, seconds since the epoch.
    """

    id: str
    state: str
    file: str | None
    batch: str | None
    created: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer, with everything that is known of it.

    key: the ledger's key (`answer_key`).
    model: name of the model as it was asked for.
    host: host of the endpoint; "recorded" for answers that did not come from a live run.
    messages: the full messages that were sent.
    answer: text of the answer; empty where there is none.
    state: what became of it.
    sample: number of the sample, from 0.
    body: hash of the request's body.
    finish_reason: as the server gave it.
    prompt_tokens, completion_tokens: as the server counted them.
    cost: in US dollars, if prices were configured.
    latency: seconds from sending to the answer, of the try that succeeded.
    time: when it was stored, seconds since the epoch.
    tries: how many requests it took.
    error: what went wrong, for a failed one.
    source: None for a live answer; for a recorded one, where it was imported from.
    reask_of: key of the answer that was asked again since it could not be used.
    text: text of the document that was asked about, where it is known.
    view, prompt_hash: name and hash of the prompt's template, where they are known.
    logprobs: the answer's tokens with their log-probabilities, if the server gave them.
    """

    key: str
    model: str
    host: str
    messages: tuple[Message, ...]
    answer: str
    state: State
    sample: int = 0
    body: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    latency: float | None = None
    time: float | None = None
    tries: int = 1
    error: str | None = None
    source: str | None = None
    reask_of: str | None = None
    text: str | None = None
    view: str | None = None
    prompt_hash: str | None = None
    logprobs: Logprobs = ()

    @property
    def messages_hash(self) -> str:
        """Names the prompt whatever the model."""
        return messages_hash(self.messages)


@dataclass(frozen=True)
class SummaryLine:
    """Answers of one model to one prompt's template in one state.

    model, host: who answered; the host is "recorded" for answers that were imported.
    view, prompt_hash: name and hash of the template, where they are known.
    state: what became of them.
    source: where recorded ones came from.
    answers: how many there are.
    prompt_tokens, completion_tokens: their tokens, as far as they were counted.
    cost: their price in US dollars, as far as prices were configured.
    priced: how many of them have a price.
    seconds: mean time from sending to the answer.
    retries: requests beyond the first one each.
    first, last: when the first and the last came in, seconds since the epoch.
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
    priced: int
    seconds: float | None
    retries: int
    first: float | None
    last: float | None


TEXTS = ("key", "model", "host", "answer")
OPTIONAL_TEXTS = ("body", "finish_reason", "error", "source", "reask_of", "text", "view", "prompt_hash")
NUMBERS = ("sample", "tries", "prompt_tokens", "completion_tokens", "cost", "latency", "time")


def to_line(entry: Entry) -> dict[str, Any]:
    """An entry as a line of an export, without what is not known.

    Such a line has all that a line of recorded answers needs (`text` and `answer`).
    """
    return {name: value for name, value in asdict(entry).items() if value not in (None, ())}


def from_line(line: object) -> Entry:
    """Read a line of an export.

    line: the parsed JSON of the line.
    RETURNS: the entry.
    RAISES DistillError: if the line is not one of an export; says what is wrong with it.
    """
    if not isinstance(line, Mapping):
        raise DistillError(f"expected an object with key, model, messages and answer, got {line!r:.60}")
    unknown = sorted(set(line) - set(Entry.__dataclass_fields__))
    if unknown:
        raise DistillError(f"unknown fields: {', '.join(map(str, unknown))}")
    for name in TEXTS:
        if not isinstance(line.get(name), str):
            raise DistillError(f'"{name}" has to be a string, got {line.get(name)!r:.60}')
    for name in OPTIONAL_TEXTS:
        if not isinstance(line.get(name, ""), str):
            raise DistillError(f'"{name}" has to be a string, got {line.get(name)!r:.60}')
    for name in NUMBERS:
        _check_number(name, line.get(name, 0))
    if line.get("state") not in STATES:
        raise DistillError(f'"state" has to be one of {", ".join(STATES)}, got {line.get("state")!r:.60}')
    values: dict[str, Any] = {
        name: repair_text(value) if isinstance(value, str) else value for name, value in line.items()
    }
    values["messages"] = _read_messages(line.get("messages"))
    values["logprobs"] = _read_logprobs(line.get("logprobs", []))
    return Entry(**values)


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value is a count, and one that SQLite can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST


def is_logprob(value: object) -> TypeGuard[float]:
    """Whether a value is a number that a log-probability can be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _read_logprobs(given: object) -> Logprobs:
    pairs: list[Any] = given if isinstance(given, list) else [given]
    if not all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and is_logprob(pair[1])
        for pair in pairs
    ):
        raise DistillError(f'"logprobs" has to be a list of [token, number], got {given!r:.60}')
    return tuple((token, float(logprob)) for token, logprob in pairs)


def _check_number(name: str, value: object) -> None:
    whole = name not in ("cost", "latency", "time")
    right = is_count(value) or (not whole and isinstance(value, float) and abs(value) < LARGEST)
    if not right:
        raise DistillError(f'"{name}" has to be a {"whole " if whole else ""}number, got {value!r:.60}')


def _read_messages(messages: object) -> tuple[Message, ...]:
    right = isinstance(messages, list) and all(
        isinstance(m, Mapping)
        and set(m) == {"role", "content"}
        and all(isinstance(v, str) for v in m.values())
        for m in messages
    )
    if not right or not isinstance(messages, list):
        raise DistillError(f'"messages" has to be a list of {{"role", "content"}}, got {messages!r:.60}')
    return tuple({"role": m["role"], "content": repair_text(m["content"])} for m in messages)
