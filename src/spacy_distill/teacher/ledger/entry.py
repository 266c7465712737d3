"""One row of the ledger, and its form as a line of JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard, get_args

from ...errors import DistillError
from ...tasks.answer import State
from .keys import Message, clean_text, messages_hash

# SQLite's whole numbers end here.
LARGEST = 2**63
STATES: tuple[str, ...] = tuple(state for state in get_args(State) if state != "unanswered")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer, with everything that is known of it.

    key: The ledger's key (`keys.answer_key`).
    model: Name of the model as it was asked for.
    host: Host of the endpoint; "recorded" for answers that did not come from a live run.
    messages: The full messages that were sent.
    answer: Text of the answer; empty where there is none.
    state: What became of it.
    sample: Number of the sample, from 0.
    body: Hash of the request's body.
    finish_reason: As the server gave it.
    prompt_tokens, completion_tokens (int | None): As the server counted them.
    cost: In US dollars, if prices were configured.
    latency: Seconds from sending to the answer, of the try that succeeded.
    time: When it was stored, seconds since the epoch.
    tries: How many requests it took.
    error: What went wrong, for a failed one.
    source: None for a live answer; for a recorded one, where it was imported from.
    reask_of: Key of the answer that this one was asked to mend.
    text: Text of the document that was asked about, where it is known.
    view, prompt_hash (str | None): Name and hash of the prompt's template, where they are known.
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

    @property
    def messages_hash(self) -> str:
        """Names the prompt whatever the model."""
        return messages_hash(self.messages)


TEXTS = ("key", "model", "host", "answer")
OPTIONAL_TEXTS = ("body", "finish_reason", "error", "source", "reask_of", "text", "view", "prompt_hash")
NUMBERS = ("sample", "tries", "prompt_tokens", "completion_tokens", "cost", "latency", "time")


def to_line(entry: Entry) -> dict[str, Any]:
    """An entry as a line of an export, without what is not known.

    Such a line has all that a line of recorded answers needs (`text` and `answer`).
    """
    return {name: value for name, value in asdict(entry).items() if value is not None}


def from_line(line: object) -> Entry:
    """Read a line of an export.

    line: The parsed JSON of the line.
    RETURNS: The entry.
    RAISES DistillError: If the line is not one of an export; says what is wrong with it.
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
        name: clean_text(value) if isinstance(value, str) else value for name, value in line.items()
    }
    values["messages"] = _read_messages(line.get("messages"))
    return Entry(**values)


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value is a count, and one that SQLite can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST


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
    return tuple({"role": m["role"], "content": clean_text(m["content"])} for m in messages)
