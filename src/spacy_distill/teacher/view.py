"""A teacher's view of a document: what one answer says, kept beside the document's entities."""

from typing import Any

from spacy.tokens import Doc, Span

from ..corpus.provenance import REJECTED, VIEW_PREFIX, views
from .alignment import Alignment, Found

State = str  # One of answer.State, or "unparsable" or "unanswered".


def keep_view(doc: Doc, name: str, alignment: Alignment, facts: dict[str, Any]) -> None:
    """Keep what an answer says of a document: spans, rejected candidates, counters and provenance.

    The document's entities are not touched.

    doc (Doc): The document.
    name (str): Name of the view.
    alignment (Alignment): What the answer says; empty if it cannot be used.
    facts (dict[str, Any]): Provenance: model, prompt, key, state, source and template. To these the record
        adds candidates and dropped (counters), unknown (tokens) and reasons (first token, end, the answer's
        words). Sequences are tuples, which is what a DocBin gives back.
    """
    doc.spans[VIEW_PREFIX + name] = [_span(doc, item) for item in alignment.entities]
    known = {_place(span): span for span in doc.spans.get(REJECTED, [])}
    for item in alignment.rejected:
        known.setdefault((item.start, item.end, item.label), _span(doc, item))
    doc.spans[REJECTED] = [known[place] for place in sorted(known)]
    found = [*alignment.entities, *alignment.rejected]
    views(doc)[name] = {
        **facts,
        "candidates": alignment.candidates,
        "dropped": dict(alignment.dropped),
        "unknown": tuple(sorted(alignment.unknown)),
        "reasons": tuple((item.start, item.end, item.reason) for item in found if item.reason),
    }


def label_document(doc: Doc, alignment: Alignment) -> None:
    """Make an answer the document's annotation: its entities, *missing* where it is unknown, else "O"."""
    missing = [doc[i : i + 1] for i in sorted(alignment.unknown)]
    doc.set_ents([_span(doc, item) for item in alignment.entities], missing=missing, default="outside")


def _span(doc: Doc, item: Found) -> Span:
    return Span(doc, item.start, item.end, label=item.label)


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_
