"""What `annotate` needs of a model that answers prompts, and what such models share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Protocol, runtime_checkable  # noqa: UP035

from ..tasks.answer import Answer, AnswerPlace
from .batch import PendingBatches
from .ledger.entry import Entry
from .messages import Complaint, PromptJob
from .run_statistics import Forecast, RunStatistics

# spacy-llm compares a model's types with a task's and knows only those of `typing`.


@dataclass
class Asking:
    """What may be spent on answers, and in which way to ask.

    complaint: what is wrong with an answer; None if nothing is.
    statistics: are kept up to date meanwhile.
    max_cost, max_tokens: US dollars, and tokens of prompts and answers; None for no limit.
    batch: whether to ask by the provider's batch interface.
    allow_missing: whether a model that sends nothing may leave prompts unanswered.
    interruptible: whether Ctrl-C lets what is in flight come in, and then ends the run.
    """

    complaint: Complaint = lambda answer: None
    statistics: RunStatistics = field(default_factory=RunStatistics)
    max_cost: float | None = None
    max_tokens: int | None = None
    batch: bool = False
    allow_missing: bool = False
    interruptible: bool = False


@runtime_checkable
class TeacherModel(Protocol):
    """What `annotate` needs of a model: answers in a ledger, and a way to get those that it lacks.

    samples: how many answers it gives to each prompt.
    path: the ledger that has its answers.
    destination: who is asked, and with which key; empty if nothing is sent.
    """

    @property
    def samples(self) -> int: ...

    @property
    def path(self) -> Path: ...

    @property
    def destination(self) -> str: ...

    def entry(self, key: str) -> Entry | None:
        """All that the ledger knows of an answer, or None."""
        ...

    def look_up(self, prompt: str) -> Answer | None:
        """The kept answer to a prompt, with its further samples; None if one of them is missing."""
        ...

    def peek(self, prompt: str) -> list[tuple[str, AnswerPlace]]:
        """For each sample of an answer: its key, and where the answer is. Makes no ledger."""
        ...

    def forecast(self, requests: int, characters: int, prompt_hash: str) -> Forecast | None:
        """What requests of some length in all would take; None for a model that sends nothing."""
        ...

    def get_answers(self, jobs: Iterable[PromptJob], how: Asking | None = None) -> PendingBatches | None:
        """Get the answers that the ledger lacks.

        jobs: the prompts; they are taken one by one, as there is room.
        how: what may be spent, and in which way to ask; None for the defaults.
        RETURNS: batches whose answers are still to come.
        RAISES DistillError: if there is no API key, the ledger cannot be written, or answers are missing that
            the model cannot get.
        """
        ...


class KeptAnswers:
    """Gives kept answers to prompts, and leaves the rest unanswered.

    look_up: gives the kept answer to a prompt.
    asked: how many prompts there were so far; an empty prompt asks nothing.
    missing: how many of them had no answer.
    """

    def __init__(self, look_up: Callable[[str], Answer | None]) -> None:
        self.look_up = look_up
        self.asked = 0
        self.missing = 0

    def __call__(self, prompts: Iterable[Iterable[str]]) -> Iterable[Iterable[str]]:
        for of_doc in prompts:
            yield [self.answer(prompt) for prompt in of_doc]

    def answer(self, prompt: str) -> Answer:
        """The kept answer to one prompt, or one that says that there is none."""
        if not prompt:
            return Answer("", state="unanswered")
        found = self.look_up(prompt)
        self.asked += 1
        self.missing += found is None
        # An empty answer is false, so `or` will not do.
        return Answer("", state="unanswered") if found is None else found


def with_samples(answers: list[Answer | None]) -> Answer | None:
    """The first sample with the others attached to it, or None if one is missing."""
    first, *others = answers
    if first is None or None in others:
        return None
    return Answer(
        first,
        state=first.state,
        key=first.key,
        model=first.model,
        source=first.source,
        others=tuple(other for other in others if other is not None),
        logprobs=first.logprobs,
    )
