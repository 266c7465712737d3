"""The model that answers from a ledger alone."""

from pathlib import Path
from typing import Iterable  # noqa: UP035

from ..errors import DistillError
from ..tasks.answer import Answer, AnswerPlace
from .batch import PendingBatches
from .ledger.entry import Entry
from .ledger.store import Ledger
from .messages import PromptJob, messages_hash, user_message
from .model import Asking, KeptAnswers, with_samples
from .run_statistics import Forecast

# spacy-llm compares a model's types with a task's and knows only those of `typing`.

# How many repeated requests a replay follows, at most.
MOST_REASKS = 100


class Replay:
    """Answers prompts from a ledger and never from the network.

    ledger: the ledger's file.
    name: name of the model whose answers are wanted. None: the only one that answered.
    samples: how many samples of each answer to give, at least 1.
    """

    def __init__(self, ledger: Path, *, name: str | None = None, samples: int = 1) -> None:
        self.path, self.destination = ledger, ""
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
                    f"Replay: no such ledger: {self.path}. Import recorded answers: `spacy-distill ledger "
                    f"{self.path} import FILE --config CONFIG --corpus IN.spacy`, or ask a model: "
                    '@llm_models = "spacy_distill.ChatModel.v1".'
                )
            self._ledger = Ledger(self.path, create=False)
        return self._ledger

    def look_up(self, prompt: str) -> Answer | None:
        """The kept answer to a prompt, with its further samples.

        prompt: the prompt.
        RETURNS: the answer, or None if the ledger lacks one of the samples.
        RAISES DistillError: if several models answered and none of them was named.
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
        return with_samples([self.ledger.answer(key, reasks=MOST_REASKS) if key else None for key in keys])

    def entry(self, key: str) -> Entry | None:
        """All that the ledger knows of an answer, or None."""
        return self.ledger.get(key)

    def peek(self, prompt: str) -> list[tuple[str, AnswerPlace]]:
        """For an answer: its prompt's hash, and where the answer is."""
        found: AnswerPlace = "not_asked" if self.look_up(prompt) is None else "kept"
        return [(messages_hash(user_message(prompt)), found)]

    def forecast(self, requests: int, characters: int, prompt_hash: str) -> Forecast | None:
        """None: a replay sends nothing."""
        return None

    def get_answers(self, jobs: Iterable[PromptJob], how: Asking | None = None) -> PendingBatches | None:
        """See whether the ledger has all answers; nothing is spent."""
        how, kept = how or Asking(), KeptAnswers(self.look_up)
        if how.batch:
            raise DistillError("--batch asks a model, but the config's model is a Replay. Leave --batch out.")
        for job in jobs:
            kept.answer(job.prompt)
            how.statistics.done += 1
        if kept.missing and not how.allow_missing:
            raise DistillError(self.explain_missing(kept.missing, kept.asked))
        how.statistics.kept = kept.asked - kept.missing
        return None

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
            f"or import recorded ones: `spacy-distill ledger {self.path} import FILE --config CONFIG "
            "--corpus IN.spacy`. Answers belong to one exact prompt: if the prompt, labels or examples "
            "changed, import them again."
        )


def make_replay(ledger: str, name: str | None = None, samples: int = 1) -> Replay:
    """Factory of `spacy_distill.Replay.v1`: answers from a ledger, never from the network.

    ledger: the ledger's file.
    name: name of the model whose answers are wanted. None: the only one that answered.
    samples: how many samples of each answer to give, at least 1.
    RETURNS: the model.
    """
    if samples < 1:
        raise DistillError(f"Replay: samples is {samples}. It has to be 1 or more.")
    return Replay(Path(ledger), name=name, samples=samples)
