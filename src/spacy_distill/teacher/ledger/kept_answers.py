"""Kept answers in the form in which they cross spacy-llm."""

from collections.abc import Callable

# spacy-llm compares a model's types with a task's and knows only those of `typing`.
from typing import Iterable  # noqa: UP035

from .answer import Answer


class KeptAnswers:
    """The model of the second pass: it looks answers up and leaves the rest unanswered.

    look_up (Callable[[str], Answer | None]): Gives the kept answer to a prompt.
    asked (int): How many prompts there were so far; an empty prompt asks nothing.
    missing (int): How many of them had no answer.
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
    """The first sample with the others hung to it, or None if one is missing."""
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
    )
