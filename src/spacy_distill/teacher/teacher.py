"""The pipeline that a teacher's config describes, taken apart for annotating in two passes."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..configs import check_language, known_names, named_paths, read_config
from ..corpus.docbin import read_docs
from ..corpus.provenance import record
from ..errors import DistillError
from ..tasks.prompted import PromptedTask
from .messages import PromptJob
from .model import TeacherModel


@dataclass
class Teacher:
    """A pipeline with one `llm` component.

    nlp: the pipeline as spacy-llm assembles it.
    name: the component's name.
    task: its task.
    files: the files that its config names: the ledger, a template, examples.
    """

    nlp: Language
    name: str
    task: PromptedTask
    files: tuple[Path, ...] = ()

    @property
    def model(self) -> TeacherModel:
        """The component's model.

        RAISES DistillError: if it is one that keeps no answers.
        """
        component: Any = self.nlp.get_pipe(self.name)
        model: object = component._model
        if not isinstance(model, TeacherModel):
            raise DistillError(
                "Annotating needs @llm_models spacy_distill.ChatModel.v1 or spacy_distill.Replay.v1; "
                f"components.{self.name}.model is a {type(model).__name__}."
            )
        return model

    def prepared(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """Documents as the `llm` component will see them: after all components that come before it."""
        names = self.nlp.pipe_names
        return self.nlp.pipe(docs, disable=names[names.index(self.name) :])

    def read(self, path: Path) -> Iterator[Doc]:
        """Documents without any annotation: words, spaces and where they come from."""
        return (bare(doc) for doc in read_docs(path, self.nlp.vocab))

    def jobs(self, path: Path) -> Generator[PromptJob, None, None]:
        """The prompts of a corpus, with what the ledger should know of them."""
        for doc in self.prepared(self.read(path)):
            yield PromptJob(self.task.render(doc), doc.text, self.task.view, self.task.prompt_hash)

    def set_model(self, model: object) -> None:
        """Let another model answer the component's prompts."""
        component: Any = self.nlp.get_pipe(self.name)
        component._model = model


def load_teacher(config: Path, overrides: Mapping[str, Any]) -> Teacher:
    """Assemble a teacher's config.

    config: the config file.
    overrides: values to set in it, by dotted names.
    RETURNS: the pipeline and its parts.
    RAISES DistillError: if there is no such file, or it has not exactly one `llm` component with a task
        of ours.
    """
    from spacy_llm.pipeline.llm import LLMWrapper
    from spacy_llm.util import assemble_from_config

    if not Path(config).is_file():
        raise DistillError(
            f"No such config: {config}. Expected a teacher's config, as in configs/teacher_*.cfg."
        )
    given = read_config(config, overrides)
    _check_is_teacher(config, given)
    with known_names(config):
        nlp = assemble_from_config(given)
    names = [name for name, pipe in nlp.pipeline if isinstance(pipe, LLMWrapper)]
    if len(names) != 1:
        raise DistillError(
            f'{config} has {len(names)} components with factory = "llm"; annotating needs exactly one. Make '
            "a config for each teacher and bring their views together with `spacy-distill vote`."
        )
    component: Any = nlp.get_pipe(names[0])
    if not isinstance(component.task, PromptedTask):
        raise DistillError(
            f"{config}: annotating needs a task that has all of tasks.prompted.PromptedTask, as in "
            f"configs/teacher_*.cfg; components.{names[0]}.task is a {type(component.task).__name__}."
        )
    return Teacher(nlp, names[0], component.task, tuple(named_paths(nlp.config)))


def _check_is_teacher(config: Path, given: Mapping[str, Any]) -> None:
    """Refuse a student's config, or another, by what it is, and not by what fails when it is assembled."""
    components = given.get("components", {}).values()
    if not any(isinstance(one, dict) and one.get("factory") == "llm" for one in components):
        raise DistillError(
            f'{config} is no teacher\'s config: no component has factory = "llm". See configs/teacher_*.cfg.'
        )
    check_language(given.get("nlp", {}).get("lang", "en"))


def bare(doc: Doc) -> Doc:
    """A document's words, spaces, sentences and origin, and nothing else of it: no label can pass."""
    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    starts: list[bool | int | None] | None = None
    if doc.has_annotation("SENT_START"):
        starts = [token.is_sent_start for token in doc]
    made = Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts)
    record(made).update({name: value for name, value in record(doc).items() if name != "views"})
    return made
