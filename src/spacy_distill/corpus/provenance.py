"""Where a document and its labels come from: the record in `doc.user_data["distill"]`.

The record is a plain dict, so that it survives a DocBin and can be read without this package:

- "id" (str): identifies this Doc within its corpus, for instance "eng.train:17:3".
- "document" (str): the article that it belongs to, shared by its sentences. Statistics resample articles.
- "source" (str): name of the file it was imported from.
- "task" (str): name of the task that its annotation is of.
- "labels" (tuple[str, ...]): the labels that a document may get, where its annotation alone does not say.
- "views" (dict[str, dict]): what is known of each teacher's view, by the name after "teacher:" in its group.
"""

from collections.abc import Mapping
from typing import Any

from spacy.tokens import Doc

KEY = "distill"
TASK = "task"
LABELS = "labels"
VIEW_PREFIX = "teacher:"
REJECTED = "rejected"
# What the parts of a view's record are.
VIEW_PARTS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("model", "key", "state", "source", "answer"), str),
    **dict.fromkeys(("dropped", "unknown_labels"), Mapping),
    **dict.fromkeys(("items", "missing", "unknown", "reasons"), (list, tuple)),
    "candidates": int,
}
VOTES = "votes"  # All spans that any view holds, with the shares of votes as attrs["scores"].
RELABELLED = "relabel"  # What the record says of a relabelled document.
CONFIDENCE = "confidence"  # The chosen spans, with the chance that each is right as attrs["scores"].
REVIEW = "review"  # In the "meta" of a row: the review that it is from.
NEGATIVE = "negative"  # Negative annotation, for spaCy's `incorrect_spans_key`.


def record(doc: Doc) -> dict[str, Any]:
    """The document's record, made empty where there is none yet. Changing it changes the document."""
    found: dict[str, Any] = doc.user_data.setdefault(KEY, {})
    return found


def check_record(doc: Doc) -> None:
    """Raise a ValueError if a document's record, or a view's, is not what it is here: foreign or damaged."""
    found = doc.user_data.get(KEY, {})
    if not isinstance(found, Mapping):
        raise ValueError(f'the user data "{KEY}" is no mapping')
    for name in ("id", "document", "source", TASK):
        if not isinstance(found.get(name, ""), str | None):
            raise ValueError(f'"{name}" in the user data "{KEY}" is no text')
    if not isinstance(found.get("views", {}), Mapping):
        raise ValueError(f'"views" in the user data "{KEY}" is no mapping')
    for name, facts in found.get("views", {}).items():
        if not isinstance(name, str) or not isinstance(facts, Mapping):
            raise ValueError(f'a view in the user data "{KEY}" is no mapping')
        for part, kind in VIEW_PARTS.items():
            if facts.get(part) is not None and not isinstance(facts[part], kind):
                raise ValueError(f'"{part}" of a view in the user data "{KEY}" is of another type')
        if not all(isinstance(item, list | tuple) and len(item) == 3 for item in facts.get("items") or ()):
            raise ValueError(f'"items" of a view in the user data "{KEY}" are of another type')


def set_origin(doc: Doc, *, id: str, document: str, source: str) -> Doc:
    """Note where a document was imported from, and return it."""
    record(doc).update(id=id, document=document, source=source)
    return doc


def doc_id(doc: Doc) -> str | None:
    """The document's own id, or None for one that was not imported by `distill import`."""
    found: str | None = doc.user_data.get(KEY, {}).get("id")
    return found


def article_id(doc: Doc) -> str | None:
    """The id of the article the document belongs to, or None where it is unknown."""
    found: str | None = doc.user_data.get(KEY, {}).get("document")
    return found


def views(doc: Doc) -> dict[str, dict[str, Any]]:
    """Each teacher's view by name: model, prompt hash, answer key, state, source and counters."""
    found: dict[str, dict[str, Any]] = record(doc).setdefault("views", {})
    return found
