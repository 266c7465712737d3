"""A model that answers from the ledger alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Iterable  # noqa: UP035

from ...errors import DistillError
from ...tasks.answer import Answer, Whereabouts
from .keys import messages_hash, user_message
from .store import Ledger

# spacy-llm compares a model's types with a task's and knows only those of `typing`.


class KeptAnswers:
    """The model of the second pass: it looks answers up and leaves the rest unanswered.

    look_up: Gives the kept answer to a prompt.
    asked: How many prompts there were so far; an empty prompt asks nothing.
    missing: How many of them had no answer.
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


# spacy-llm compares a model's types with a task's and knows only those of `typing`.


MENDS = 100


class Replay:
    """Answers prompts from a ledger and never from the network.

    ledger: The ledger's file.
    name: Name of the model whose answers are wanted. None: the only one that answered.
    samples: How many samples of each answer to give, at least 1.
    """

    def __init__(self, ledger: Path, *, name: str | None = None, samples: int = 1) -> None:
        self.path = ledger
        self.name = name
        self.samples = samples
        self._ledger: Ledger | None = None
        self._others: set[str] = set()

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened for reading when it is first needed."""
        if self._ledger is None:
            if not self.path.exists():
                raise DistillError(
                    f"Replay: no such ledger: {self.path}. Import recorded answers: `spacy distill ledger "
                    f"{self.path} import FILE --config CONFIG --corpus IN.spacy`, or ask a model: "
                    '@llm_models = "spacy_distill.ChatModel.v1".'
                )
            self._ledger = Ledger(self.path, create=False)
        return self._ledger

    def look_up(self, prompt: str) -> Answer | None:
        """The kept answer to a prompt, with its further samples.

        prompt: The prompt.
        RETURNS: The answer, or None if the ledger lacks one of the samples.
        RAISES DistillError: If several models answered and none of them was named.
        """
        found: dict[tuple[str, int], str] = {}
        for model, sample, key in self.ledger.answers_to(messages_hash(user_message(prompt))):
            if self.name in (None, model):
                found.setdefault((model, sample), key)
            else:
                self._others.add(model)
        models = sorted({model for model, _ in found})
        if len(models) > 1:
            raise DistillError(
                f"Replay: several models answered the same prompt in {self.path}: {', '.join(models)}. Set "
                f'components.llm.model.name to one of them, for instance name = "{models[0]}".'
            )
        if not models:
            return None
        keys = [found.get((models[0], sample)) for sample in range(self.samples)]
        return with_samples([self.ledger.answer(key, mends=MENDS) if key else None for key in keys])

    def peek(self, prompt: str) -> list[tuple[str, Whereabouts]]:
        """For an answer: its prompt's hash, and where the answer is."""
        found: Whereabouts = "nowhere" if self.look_up(prompt) is None else "kept"
        return [(messages_hash(user_message(prompt)), found)]

    def __call__(self, prompts: Iterable[Iterable[str]]) -> Iterable[Iterable[str]]:
        kept = KeptAnswers(self.look_up)
        answers = [list(of_doc) for of_doc in kept(prompts)]
        if kept.missing:
            raise DistillError(self.explain_missing(kept.missing, kept.asked))
        return answers

    def explain_missing(self, missing: int, total: int) -> str:
        """What to say when answers are missing: how many of how many, and how to get them."""
        of_model = "" if self.name is None else f" of the model {self.name!r}"
        samples = "" if self.samples == 1 else f" ({self.samples} samples each)"
        others = ""
        if self._others:
            names = ", ".join(sorted(self._others))
            others = f"It has answers of {names} to them: set components.llm.model.name to replay those. "
        return (
            f"Replay: the ledger {self.path} lacks {missing} of {total} answers{of_model}{samples}. {others}"
            'Get missing ones by asking a model (@llm_models = "spacy_distill.ChatModel.v1", this ledger), '
            f"or import recorded ones: `spacy distill ledger {self.path} import FILE --config CONFIG "
            "--corpus IN.spacy`. Answers belong to one exact prompt: if the prompt, labels or examples "
            "changed, import them again."
        )
