"""Import a file, and read what was written as anybody would."""

from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc, DocBin

from spacy_distill import Columns, ImportOptions, import_corpus, parse_range
from spacy_distill.corpus.importing import ImportReport

VOCAB = spacy.blank("en").vocab


def import_docs(
    src: Path, *, token: int | None = None, label: int | None = None, documents: str = "0:1", **options: Any
) -> tuple[list[Doc], ImportReport]:
    """Import a file beside itself, and read the corpus back."""
    out = src.with_name("imported.spacy")
    chosen = ImportOptions(columns=Columns(token, label), documents=parse_range(documents), **options)
    report = import_corpus(src, out, chosen)
    return list(DocBin(store_user_data=True).from_disk(out).get_docs(VOCAB)), report


def record(doc: Doc) -> dict[str, Any]:
    """A document's record, as docs/formats.md describes it."""
    found: dict[str, Any] = doc.user_data["distill"]
    return found


def ents(doc: Doc) -> list[tuple[str, str]]:
    """Text and label of each entity."""
    return [(ent.text, ent.label_) for ent in doc.ents]
