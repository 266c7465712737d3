"""A second task, as another package would bring it: one label a document, kept in `doc.cats`."""

from pathlib import Path
from typing import Any, ClassVar, Iterable  # noqa: UP035  (spacy-llm asks for typing's own)

import spacy
import spacy_llm  # noqa: F401  (makes the registry of tasks)
from spacy.tokens import Doc

from spacy_distill import Annotation, Item, Task, set_task

LABELS = ("BLAME", "PRAISE")
ENTRY_POINTS = """\
[spacy_distill_tasks]
tone = helpers.tone:TONE

[thinc_llm_tasks]
test.Tone.v1 = helpers.tone:make_tone_prompt
"""


class ToneTask(Task):
    """Whether a document praises or blames, as spaCy's `textcat` predicts it."""

    name: ClassVar[str] = "tone"
    factories: ClassVar[tuple[str, ...]] = ("textcat",)
    items: ClassVar[str] = "tones"
    places: ClassVar[str] = "documents"

    def size(self, doc: Doc) -> int:
        return 1

    def read(self, doc: Doc) -> Annotation:
        if not doc.cats:
            return Annotation.unknown(1)
        return Annotation(1, (Item(0, 1, max(sorted(doc.cats), key=doc.cats.__getitem__)),))

    def write(self, doc: Doc, annotation: Annotation) -> None:
        said = {item.label for item in annotation.items}
        doc.cats = {label: float(label in said) for label in LABELS} if said else {}

    def characters(self, doc: Doc, item: Item) -> tuple[int, int]:
        return 0, len(doc.text)

    def from_characters(self, doc: Doc, spans: Iterable[tuple[int, int, str]]) -> Annotation:
        return Annotation(1, tuple(sorted({Item(0, 1, label) for _, _, label in spans})))


TONE = ToneTask()


class TonePrompt:
    """Asks for the tone of a document."""

    task = TONE.name
    prompt_hash = "tone-1"
    labels = LABELS

    def __init__(self, view: str) -> None:
        self.view = view

    def render(self, doc: Doc) -> str:
        return f"View {self.view}. Is the tone PRAISE or BLAME? One word.\n\n{doc.text}"

    def complaint(self, answer: str) -> str | None:
        return None if answer.strip() in LABELS else "Say PRAISE or BLAME."

    def annotate(self, doc: Doc, answer: str) -> Doc:
        state = getattr(answer, "state", "ok")
        if state == "ok" and self.complaint(answer):
            state = "unparsable"
        said = Annotation(1, (Item(0, 1, answer.strip()),)) if state == "ok" else Annotation.unknown(1)
        TONE.write_view(doc, self.view, said, {"state": state, "model": getattr(answer, "model", "")})
        TONE.write(doc, said)
        return set_task(doc, self.task)

    def generate_prompts(self, docs: Iterable[Doc]) -> Iterable[str]:
        return map(self.render, docs)

    def parse_responses(self, docs: Iterable[Doc], responses: Iterable[Any]) -> Iterable[Doc]:
        for doc, answers in zip(docs, responses, strict=False):
            yield self.annotate(doc, answers if isinstance(answers, str) else next(iter(answers), ""))


def make_tone_prompt(view: str) -> TonePrompt:
    """Make the task "test.Tone.v1"."""
    return TonePrompt(view)


def install(folder: Path) -> str:
    """Make the metadata of an installed package, and give the PYTHONPATH that has it and the code."""
    metadata = folder / "tone-0.1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tone\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    # Registries read entry points once a process: this one has read them.
    spacy.registry.llm_tasks("test.Tone.v1", func=make_tone_prompt)
    return f"{folder}:{Path(__file__).parents[1]}"
