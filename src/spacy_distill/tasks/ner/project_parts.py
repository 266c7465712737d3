"""What a new project says of entities."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...errors import DistillError
from ..labels import LabelSet
from ..project_parts import SHOTS, ProjectParts
from .annotation import NER
from .fewshot import parse_shots

SHOT_TOKENS = range(4, 50)  # Tokens of a text that is shown as an example.


def find_examples(docs: Sequence[Doc], labels: LabelSet) -> list[dict[str, Any]]:
    """A few short texts that show every label, and one without an entity."""
    fit = [entry for doc in docs if (entry := _entry(doc, labels))]
    chosen: list[dict[str, Any]] = []
    shown: Counter[str] = Counter()
    empty = next((entry for entry in fit if not entry["entities"]), None)
    while len(chosen) < SHOTS - (empty is not None):
        left = [entry for entry in fit if entry["entities"] and entry not in chosen]
        if not left:
            break
        # The one whose labels were shown least; of equals the first.
        best = max(left, key=lambda entry: sum(1 / (1 + shown[label]) for label in _labels_of(entry)))
        chosen.append(best)
        shown.update(_labels_of(best))
    return [*chosen, *([empty] if empty else [])]


def _entry(doc: Doc, labels: LabelSet) -> dict[str, Any] | None:
    """A document as an example, if it can be one."""
    said = NER.read(doc)
    if len(doc) not in SHOT_TOKENS or said.missing:
        return None
    entities = [{"text": " ".join(NER.text(doc, item).split()), "label": item.label} for item in said.items]
    entry = {"text": " ".join(doc.text.split()), "entities": entities}
    try:
        parse_shots([entry], labels, "gold")
    except DistillError:
        return None
    return entry


def _labels_of(entry: Mapping[str, Any]) -> set[str]:
    return {entity["label"] for entity in entry["entities"]}


PARTS = ProjectParts(
    Path(__file__).parent / "project_templates",
    find_examples,
    nothing='A text without entities needs an empty list ("spans": []) or all O.',
)
