"""The task of spacy-llm's `llm` component: asks by a prompt, reads the answer, keeps it as a view, labels."""

from pathlib import Path
from typing import Any, Literal

from spacy.tokens import Doc

from ..answer import Answer
from ..base import set_task
from ..fewshot import Chooser
from ..labels import LabelSet
from ..prompt import PromptTemplate
from ..prompted import (
    TeacherTask,
    check_max_words,
    make_rule,
    make_shots,
    make_template,
    samples_of,
    state_of,
)
from ..votes import VoteRule
from .alignment import Alignment, Repeats, align
from .annotation import NER, Reading, keep_view, label_by_samples
from .candidates import Parsed
from .fewshot import Shot, read_pool, show
from .mention_search import WordIndex
from .parsing import AnswerFormat, parse_answer

TEMPLATES = Path(__file__).parent / "templates"


def make_ner_task(
    labels: list[str],
    prompt: str = "standard",
    definitions: Path | None = None,
    examples: Path | None = None,
    choose: Literal["fixed", "random", "nearest"] = "fixed",
    shots: int | None = None,
    seed: int = 0,
    answer_format: Literal["json", "lines"] = "json",
    repeats: Literal["all", "listed"] = "all",
    aliases: dict[str, str] | None = None,
    view: str | None = None,
    max_words: int | None = None,
    vote: dict[str, Any] | None = None,
    negatives: bool = False,
) -> "NERTask":
    """Make the task `spacy_distill.NER.v1`.

    labels: the labels to ask for.
    prompt: "standard", "cot", or the path of a Jinja template.
    definitions: YAML or JSON file that maps labels to their definitions.
    examples: YAML or JSON file of few-shot examples, or a gold corpus (`.spacy`) to draw
        them from.
    choose: which examples a document is shown: "fixed" ones, a "random" draw for each document, or the
        "nearest" to it (by vectors if the pipeline has them, else by words); never its own text.
    shots: how many. None: all of a file, 5 of a corpus or where they are chosen for each
        document.
    seed: for drawing.
    answer_format: "json", or "lines" for `n. candidate | True or False | reason (TYPE)`.
    repeats: what a mention that is listed once and occurs several times labels: "all" occurrences, or
        only as many as are "listed".
    aliases: a label as it may be in an answer, and the label that it means;
        "O" for no entity.
    view: name of the view in `doc.spans`. None: the prompt's name.
    max_words: tokens above which a document is not asked about. None: no limit.
    vote: how several samples of an answer are combined: `rule` ["majority"],
        `threshold` and `disputed` ["missing"], as in `distill vote`.
    negatives: whether rejected candidates over missing tokens become negative annotation.
    RETURNS: the task.
    RAISES DistillError: if a file cannot be read, or an argument contradicts another.
    """
    check_max_words(max_words)
    known = LabelSet(labels, aliases)
    template = make_template(prompt, TEMPLATES, known, definitions, answer_format)
    pool = read_pool(examples, known, seed) if examples else []
    return NERTask(
        known,
        template,
        *make_shots(pool, template, examples, choose, shots, seed),
        answer_format=answer_format,
        repeats=repeats,
        view=view or template.name,
        max_words=max_words,
        rule=make_rule(vote or {}),
        negatives=negatives,
    )


class NERTask(TeacherTask[Shot]):
    """Named entities by prompt. Made by `make_ner_task`, which see for what its arguments mean."""

    task: str = NER.name

    def __init__(
        self,
        labels: LabelSet,
        template: PromptTemplate,
        chooser: Chooser[Shot],
        prompt_hash: str,
        *,
        answer_format: AnswerFormat = "json",
        repeats: Repeats = "all",
        view: str = "standard",
        max_words: int | None = None,
        rule: VoteRule | None = None,
        negatives: bool = False,
    ) -> None:
        super().__init__(labels, template, chooser, prompt_hash, view=view, rule=rule)
        self._answer_format: AnswerFormat = answer_format
        self._repeats, self._max_words, self._negatives = repeats, max_words, negatives

    def render(self, doc: Doc) -> str:
        """The prompt for a document: one user message.

        An empty prompt says that there is nothing to ask: the document has no words, or more than
        `max_words`.
        """
        if self._unasked(doc):
            return ""
        return self._template.render(
            doc.text, [show(shot, self._answer_format) for shot in self.shots_for(doc)]
        )

    def complaint(self, answer: str) -> str | None:
        """What to say to the model about an answer that cannot be used: one sentence; None if it can."""
        parsed = parse_answer(answer, self._labels)
        if parsed is None:
            wanted = (
                "JSON" if self._answer_format == "json" else "lines of `n. text | True or False | reason`"
            )
            return (
                f"Your answer could not be read: give the result as {wanted}, exactly in the form asked for."
            )
        if not parsed.complete:
            return "Your answer breaks off before its end: give the whole result again, and be brief."
        return None

    def annotate(self, doc: Doc, answer: str) -> Doc:
        """Label a document by an answer.

        Only an answer that is ok, parses and is complete sets the document's entities: no other knows an
        entity's absence from a failure.

        doc: the document.
        answer: the answer; a plain string counts as ok.
        RETURNS: the same document.
        """
        index = WordIndex([token.text for token in doc])
        readings = [self._read(doc, sample, index) for sample in samples_of(answer)]
        if len(readings) > 1:
            label_by_samples(doc, self.view, readings, self._rule)
        else:
            keep_view(doc, self.view, readings[0])
            if readings[0].ok:
                NER.write(doc, readings[0].alignment.annotation(len(doc)))
        if self._negatives:
            NER.set_negatives(doc, self.labels)
        return set_task(doc, self.task)

    def _read(self, doc: Doc, answer: Answer, index: WordIndex) -> Reading:
        parsed = None
        if answer.state == "ok":
            parsed = parse_answer(answer, self._labels, index)
        state = "unanswered" if self._unasked(doc) else self._state(answer, parsed)
        alignment = Alignment()
        if parsed and state in ("ok", "truncated"):
            alignment = align(index, parsed.candidates, self._labels, self._repeats)
            if alignment.of_another_text and state == "ok":
                state = "unparsable"
        return Reading(alignment, self.provenance(answer, state))

    def _unasked(self, doc: Doc) -> bool:
        too_long = self._max_words is not None and len(doc) > self._max_words
        return too_long or not doc.text.strip()

    def _state(self, answer: Answer, parsed: Parsed | None) -> str:
        if parsed is None:
            return state_of(answer, "unparsable")
        return state_of(answer, "ok" if parsed.complete else "truncated")
