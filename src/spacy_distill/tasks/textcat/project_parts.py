"""What a new project says of classes of documents."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..labels import LabelSet
from ..project_parts import SHOTS, ProjectParts
from .annotation import TEXTCAT_MULTILABEL, CategoryTask

SHOT_TOKENS = range(4, 300)  # Tokens of a text that is shown as an example.


def make_parts(task: CategoryTask) -> ProjectParts:
    """What a project says of exclusive classes, or of any number."""
    templates, examples = Path(__file__).parent / "project_templates", partial(find_examples, task)
    if task.exclusive:
        # Where one text has several classes or none, any number may apply to all.
        return ProjectParts(templates, examples, wider=TEXTCAT_MULTILABEL.name)
    nothing = 'A text to which no class applies needs each of them with 0 ("cats": {"news": 0, …}).'
    return ProjectParts(templates, examples, import_options="--multilabel", nothing=nothing)


def find_examples(task: CategoryTask, docs: Sequence[Doc], labels: LabelSet) -> list[dict[str, Any]]:
    """The first short text of each class."""
    shown: dict[str, Doc] = {}
    for doc in docs:
        for item in task.read(doc).items if len(doc) in SHOT_TOKENS else ():
            shown.setdefault(item.label, doc)
    chosen = {id(doc): doc for doc in shown.values()}.values()
    return [
        {"text": " ".join(doc.text.split()), "labels": [item.label for item in task.read(doc).items]}
        for doc in list(chosen)[:SHOTS]
    ]
