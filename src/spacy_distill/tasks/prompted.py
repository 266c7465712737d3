"""What all tasks of spacy-llm's `llm` component share here: prompts out, answers in, provenance."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, Iterable, Literal, Protocol, TypeVar, runtime_checkable  # noqa: UP035

from spacy.tokens import Doc

from ..errors import DistillError
from .annotation import Annotation
from .answer import Answer
from .fewshot import Choice, Chooser, Example, is_corpus, make_chooser
from .labels import LabelSet, read_definitions
from .prompt import PromptTemplate
from .votes import VoteRule

# spacy-llm accepts a task only if it is annotated with typing's own Iterable.

# Characters of an answer that cannot be used that a document keeps.
LONGEST_KEPT = 4000
ShotType = TypeVar("ShotType", bound=Example)


@runtime_checkable
class PromptedTask(Protocol):
    """A task as a teacher's config sets it up: what a factory of `llm_tasks` returns.

    task: name of the `Task` whose annotation it makes.
    labels: labels that its documents can get.
    view: name under which a document keeps what an answer says.
    prompt_hash: identifies the template and all that goes into each prompt.
    """

    task: str
    view: str
    prompt_hash: str

    @property
    def labels(self) -> tuple[str, ...]: ...

    def render(self, doc: Doc) -> str:
        """The prompt for a document: one user message. An empty one asks nothing."""
        ...

    def complaint(self, answer: str) -> str | None:
        """What to say to the model about an answer that cannot be used; None if it can."""
        ...

    def annotate(self, doc: Doc, answer: str) -> Doc:
        """Read an answer, keep it as a view, make it the document's annotation, and note the task."""
        ...


class TeacherTask(ABC, Generic[ShotType]):
    """A task by prompt: a document's prompt, and what its answer makes of it.

    labels: the labels that its documents can get.
    template: the prompt that awaits a text.
    chooser: chooses few-shot examples.
    prompt_hash: identifies template, labels, definitions, examples and format.
    view: name under which a document keeps what the answer says.
    rule: how several samples of an answer are combined.
    """

    task: str

    def __init__(
        self,
        labels: LabelSet,
        template: PromptTemplate,
        chooser: Chooser[ShotType],
        prompt_hash: str,
        *,
        view: str,
        rule: VoteRule | None = None,
    ) -> None:
        self._labels, self._template, self._chooser = labels, template, chooser
        self._rule = rule or VoteRule()
        self.view, self.prompt_hash = view, prompt_hash

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels.labels

    @abstractmethod
    def render(self, doc: Doc) -> str:
        """The prompt for a document: one user message. An empty one asks nothing."""

    @abstractmethod
    def annotate(self, doc: Doc, answer: str) -> Doc:
        """Label a document by an answer, and return it. A plain string counts as an answer that is ok."""

    def generate_prompts(self, docs: Iterable[Doc]) -> Iterable[str]:
        """One prompt a document.

        docs: the documents.
        YIELDS: the prompts.
        """
        for doc in docs:
            yield self.render(doc)

    def parse_responses(self, docs: Iterable[Doc], responses: Iterable[Any]) -> Iterable[Doc]:
        """Label documents by their answers.

        docs: the documents.
        responses: for each one its answers, of which there is one: spacy-llm nests them.
        YIELDS: the same documents.
        """
        for doc, response in zip(docs, responses, strict=False):
            answer = response if isinstance(response, str) else next(iter(response), "")
            yield self.annotate(doc, answer)

    def shots_for(self, doc: Doc) -> list[ShotType]:
        """The few-shot examples that a document is shown."""
        return [self._chooser.pool[number] for number in self._chooser.choose(doc)]

    def provenance(self, answer: Answer, state: str) -> dict[str, Any]:
        """What a view keeps of the answer that it was read from."""
        return {
            "model": answer.model,
            "prompt": self.prompt_hash,
            "key": answer.key,
            "state": state,
            "source": answer.source,
            "template": self._template.name,
            # What cannot be used is shown by an audit: nobody could correct it otherwise.
            **({"answer": str(answer)[:LONGEST_KEPT]} if answer and state != "ok" else {}),
        }


def samples_of(answer: str) -> list[Answer]:
    """All samples of an answer, the first one first."""
    given = answer if isinstance(answer, Answer) else Answer(answer)
    return [given, *given.others]


def state_of(answer: Answer, finding: Literal["ok", "truncated", "unparsable"]) -> str:
    """The state of an answer: its own, and if that is ok, what was found when it was read."""
    return finding if answer.state == "ok" else answer.state


def state_of_vote(voted: Annotation, states: Iterable[str]) -> str:
    """The state of several samples' vote: "ok", or the commonest failure where none of them can be used.

    voted: what they say together.
    states: the state of each.
    """
    failures = Counter(state for state in states if state != "ok")
    return failures.most_common(1)[0][0] if failures and not voted.usable else "ok"


def make_rule(vote: Mapping[str, Any]) -> VoteRule:
    """The rule that the section [components.llm.task.vote] describes.

    RAISES DistillError: if a key is unknown, or the values contradict each other.
    """
    allowed = [field.name for field in fields(VoteRule)]
    if strange := sorted(set(vote).difference(allowed)):
        raise DistillError(f"[components.llm.task.vote] has {strange}. Allowed are {allowed}.")
    return VoteRule(**vote)


def check_max_words(max_words: int | None) -> None:
    """Refuse a limit of words below 1."""
    if max_words is not None and max_words < 1:
        raise DistillError(f"`max_words` is {max_words}. Give 1 or more, or null for no limit.")


def make_template(
    prompt: str,
    folder: Path,
    labels: LabelSet,
    definitions: Path | None,
    answer_format: str,
    facts: Mapping[str, Any] = {},
) -> PromptTemplate:
    """The prompt that a section [components.llm.task] describes.

    prompt: name of a template in the folder, or the path of another one.
    folder: the task's own templates.
    labels: the labels to ask for.
    definitions: YAML or JSON file that maps labels to their definitions.
    answer_format: the form of answer to ask for.
    facts: what else the template is given.
    RAISES DistillError: if a file cannot be read.
    """
    defined = read_definitions(definitions, labels) if definitions else {}
    return PromptTemplate(prompt, folder, labels.labels, defined, answer_format, facts)


def make_shots(
    pool: Sequence[ShotType],
    template: PromptTemplate,
    examples: Path | None,
    choose: Choice,
    shots: int | None,
    seed: int,
) -> tuple[Chooser[ShotType], str]:
    """What chooses a document's few-shot examples, and the hash of the prompt with them.

    pool: the examples to choose from.
    template: the prompt that they are shown in.
    examples: the file that they are from.
    choose, shots, seed: as in the section: how many of them are shown, and which.
    """
    if shots is None and choose == "fixed" and examples and not is_corpus(examples):
        shots = len(pool)
    return make_chooser(pool, choose, shots, seed), template.digest([pool, choose, shots, seed])
