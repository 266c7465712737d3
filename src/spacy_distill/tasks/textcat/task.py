"""The task of spacy-llm's `llm` component: asks for a document's classes, reads the answer, labels it."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from spacy.tokens import Doc

from ...corpus.provenance import CONFIDENCE, LABELS, record
from ...corpus.text import beginning
from ..annotation import Annotation, Item
from ..answer import Answer
from ..base import set_task
from ..fewshot import Chooser
from ..labels import LabelSet, shown_label
from ..prompt import PromptTemplate
from ..prompted import (
    TeacherTask,
    check_max_words,
    make_rule,
    make_shots,
    make_template,
    samples_of,
    state_of,
    state_of_vote,
)
from ..votes import SAMPLE, VoteRule
from .annotation import TEXTCAT, TEXTCAT_MULTILABEL, CategoryTask
from .answers import AnswerFormat, Named, find_label, parse_answer
from .fewshot import ClassifiedText, read_pool, show

TEMPLATES = Path(__file__).parent / "templates"


def make_textcat_task(
    labels: list[str],
    exclusive: bool = True,
    prompt: str = "standard",
    definitions: Path | None = None,
    examples: Path | None = None,
    choose: Literal["fixed", "random", "nearest"] = "fixed",
    shots: int | None = None,
    seed: int = 0,
    answer_format: Literal["json", "plain"] = "json",
    aliases: dict[str, str] | None = None,
    view: str | None = None,
    max_words: int | None = None,
    vote: dict[str, Any] | None = None,
) -> "TextCatTask":
    """Make the task `spacy_distill.TextCat.v1`.

    labels: the labels to ask for.
    exclusive: whether each document has exactly one of them (for spaCy's `textcat`), or any number
        (`textcat_multilabel`).
    prompt: "standard", "cot", or the path of a Jinja template.
    definitions: YAML or JSON file that maps labels to their definitions.
    examples: YAML or JSON file of few-shot examples, or a gold corpus (`.spacy`) to draw
        them from.
    choose: which examples a document is shown: "fixed" ones, a "random" draw for each document, or the
        "nearest" to it (by vectors if the pipeline has them, else by words); never its own text.
    shots: how many. None: all of a file, 5 of a corpus or where they are chosen for each
        document.
    seed: for drawing.
    answer_format: "json", or "plain" for the label alone.
    aliases: a label as it may be in an answer, and the label that it means; "O" for none.
    view: name of the view. None: the prompt's name.
    max_words: tokens of a text that are shown: a longer one is cut at the last end of a sentence before
        that. None: all.
    vote: how several samples of an answer are combined: `rule` ["majority"],
        `threshold` and `disputed` ["missing"], as in `distill vote`.
    RETURNS: the task.
    RAISES DistillError: if a file cannot be read, or an argument contradicts another.
    """
    check_max_words(max_words)
    known = LabelSet(labels, aliases)
    task = TEXTCAT if exclusive else TEXTCAT_MULTILABEL
    facts = {"exclusive": exclusive, "max_words": max_words}
    template = make_template(prompt, TEMPLATES, known, definitions, answer_format, facts)
    pool = read_pool(examples, known, task, seed) if examples else []
    return TextCatTask(
        task,
        known,
        template,
        *make_shots(pool, template, examples, choose, shots, seed),
        answer_format=answer_format,
        view=view or template.name,
        max_words=max_words,
        rule=make_rule(vote or {}),
    )


class _Reading(NamedTuple):
    """What was read from one answer: what it says of the document, and what the view keeps of it."""

    annotation: Annotation
    facts: dict[str, Any]


class TextCatTask(TeacherTask[ClassifiedText]):
    """Classes by prompt. Made by `make_textcat_task`, which see for what its arguments mean."""

    def __init__(
        self,
        kind: CategoryTask,
        labels: LabelSet,
        template: PromptTemplate,
        chooser: Chooser[ClassifiedText],
        prompt_hash: str,
        *,
        answer_format: AnswerFormat,
        view: str,
        max_words: int | None,
        rule: VoteRule,
    ) -> None:
        super().__init__(labels, template, chooser, prompt_hash, view=view, rule=rule)
        self.task = kind.name
        self._kind, self._max_words = kind, max_words
        self._answer_format: AnswerFormat = answer_format

    def render(self, doc: Doc) -> str:
        """The prompt for a document: one user message; an empty one for a document without words."""
        if not doc.text.strip():
            return ""
        shown = beginning(doc, self._max_words)
        shots = [show(shot, self._answer_format, self._kind.exclusive) for shot in self.shots_for(doc)]
        return self._template.render(shown.text, shots, cut=len(shown) < len(doc))

    def complaint(self, answer: str) -> str | None:
        """What to say to the model about an answer that cannot be used: one sentence; None if it can."""
        named = parse_answer(answer, self._labels)
        wanted = f"{'one' if self._kind.exclusive else 'some'} of {', '.join(self.labels)}"
        if named is None:
            return f"Your answer could not be read: give {wanted}, exactly in the form asked for."
        if not named.complete:
            return "Your answer breaks off before its end: give the whole result again, and be brief."
        if named.unknown:
            return f"{', '.join(map(repr, named.unknown))} is no label: give {wanted}."
        return None

    def annotate(self, doc: Doc, answer: str) -> Doc:
        """Label a document by an answer.

        Only an answer that is ok, parses and is complete says anything. Where it names a label that there is
        not, or several of which not all are meant, what it leaves open is missing.

        doc: the document.
        answer: the answer; a plain string counts as ok.
        RETURNS: the same document.
        """
        record(doc)[LABELS] = self.labels
        readings = [self._read(doc, sample) for sample in samples_of(answer)]
        if len(readings) > 1:
            self._label_by_samples(doc, readings)
        else:
            annotation, facts = readings[0]
            self._kind.write_view(doc, self.view, annotation, facts)
            self._kind.write(doc, annotation)
            sure = {item: facts["scores"].get(item.label) for item in annotation.items}
            if sure and None not in sure.values():
                self._kind.keep_items(doc, CONFIDENCE, sure)
        return set_task(doc, self.task)

    def _label_by_samples(self, doc: Doc, readings: list[_Reading]) -> None:
        annotations = {}
        for number, reading in enumerate(readings, 1):
            name = f"{self.view}{SAMPLE}{number}"
            self._kind.write_view(doc, name, *reading)
            annotations[name] = self._kind.read_view(doc, name)
        result = self._kind.combine(list(annotations.values()), self._rule)
        state = state_of_vote(result.annotation, [reading.facts["state"] for reading in readings])
        facts = {"state": state, "samples": len(readings)}
        self._kind.write_view(doc, self.view, result.annotation, {**readings[0].facts, **facts})
        self._kind.write_vote(doc, result, self._rule, annotations)

    def _read(self, doc: Doc, answer: Answer) -> _Reading:
        named = parse_answer(answer, self._labels) if answer.state == "ok" else None
        if not doc.text.strip():
            state = "unanswered"
        elif named is None:
            state = state_of(answer, "unparsable")
        else:
            state = state_of(answer, "ok" if named.complete else "truncated")
        usable = named if named is not None and state == "ok" else Named()
        annotation, open_ones = self._annotation(usable)
        facts = {
            **self.provenance(answer, state),
            "candidates": usable.candidates,
            "dropped": {"several": len(open_ones), "unknown_label": len(usable.unknown)},
            "unknown_labels": dict.fromkeys(map(shown_label, usable.unknown), 1),
            "named": (*open_ones, *usable.unknown),
            "cut": len(doc) - len(beginning(doc, self._max_words)),
            "scores": {
                label: p for label in usable.labels if (p := self._probability(answer, label)) is not None
            },
        }
        return _Reading(annotation if state == "ok" else Annotation.unknown(self._kind.size(doc)), facts)

    def _probability(self, answer: Answer, label: str) -> float | None:
        """The probability that the model gave to a label where it named it; None where that is not known."""
        place = find_label(answer, label, self._labels) if answer.logprobs else None
        return answer.probability(*place) if place else None

    def _annotation(self, named: Named) -> tuple[Annotation, tuple[str, ...]]:
        """What the classes that an answer names say of a document, and those of which that stays open."""
        if self._kind.exclusive:
            if len(named.labels) == 1 and not named.either and not named.unknown:
                return Annotation(1, (Item(0, 1, named.labels[0]),)), ()
            several = len(named.labels) > 1 or named.either
            return Annotation.unknown(1), (*named.labels, *named.either) if several else ()
        # A name that is no label may stand for any of those that are not named.
        places = list(enumerate(self.labels))
        items = [Item(i, i + 1, label) for i, label in places if label in named.labels]
        missing = {
            i for i, label in places if label not in named.labels and (named.unknown or label in named.either)
        }
        return Annotation(len(places), tuple(items), frozenset(missing)), named.either
