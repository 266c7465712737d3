"""Documents as tests make, write and read them: with spaCy and the registered task alone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import spacy
import spacy_llm  # noqa: F401  (makes the registry of tasks)
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_distill import Answer

VOCAB = Vocab()


def make_doc(
    text: str,
    items: Iterable[tuple[int, int, str]] = (),
    missing: Iterable[int] = (),
    id: str = "a:1",
    teachers: Mapping[str, str | Sequence[tuple[int, int, str]]] | None = None,
    labelled: bool = True,
    **facts: Any,
) -> Doc:
    """A document of words between spaces, with its entities, missing tokens and record.

    teachers: the views by name: their entities, or the state of an answer that could not be used.
    facts: what is known of each view.
    """
    words = text.split(" ")
    doc = Doc(VOCAB, words=words, spaces=[True] * (len(words) - 1) + [False])
    record: dict[str, Any] = {"id": id, "document": id.split(":")[0], "source": "made", "views": {}}
    doc.user_data["distill"] = record
    if labelled:
        doc.set_ents([Span(doc, *item) for item in items], missing=[doc[i : i + 1] for i in missing])
    for name, said in (teachers or {}).items():
        state, spans = (said, []) if isinstance(said, str) else ("ok", said)
        doc.spans[f"teacher:{name}"] = [Span(doc, *span) for span in spans]
        record["views"][name] = {"model": "m", "state": state, "source": None, "candidates": 3, **facts}
    return doc


def write_docs(path: Path, *docs: Doc) -> Path:
    """Write documents to a `.spacy` file, and return its path."""
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def read_docs(path: Path) -> list[Doc]:
    """The documents of a `.spacy` file."""
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(VOCAB))


def record_of(doc: Doc) -> dict[str, Any]:
    """What is known of a document and its views."""
    found: dict[str, Any] = doc.user_data["distill"]
    return found


def missing_tokens(doc: Doc) -> list[str]:
    """The tokens of which nothing is known."""
    return [token.text for token in doc if token.ent_iob == 0]


def make_ner_task(labels: list[str], **settings: Any) -> Any:
    """The registered task for entities."""
    return spacy.registry.get("llm_tasks", "spacy_distill.NER.v1")(labels, **settings)  # type: ignore[attr-defined]


def make_answer(text: str, **known: Any) -> Any:
    """An answer as a model gives it, with its state and the further samples."""
    return Answer(text, **known)
