"""A teacher's view of a document: what one answer says, kept beside the document's entities."""

from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ...corpus.provenance import REJECTED, VIEW_PREFIX, views
from .alignment import Alignment, Found


class Reading(NamedTuple):
    """What was read from one answer.

    alignment (Alignment): What it says; empty if it cannot be used.
    facts (dict[str, Any]): Provenance: model, prompt, key, state, source and template. The state is that of
        the answer, or "unparsable", or "truncated" if it breaks off unannounced.
    """

    alignment: Alignment
    facts: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether it may label tokens, "O" included."""
        return bool(self.facts["state"] == "ok")


def keep_view(doc: Doc, name: str, reading: Reading) -> None:
    """Keep what an answer says of a document: spans, rejected candidates, counters and provenance.

    The document's entities are not touched. The record of the view gets the reading's facts, and candidates
    and
    dropped (counters), unknown (tokens) and reasons (first token, end, the answer's words). Sequences in it
    are tuples, which is what a DocBin gives back.

    doc (Doc): The document.
    name (str): Name of the view.
    reading (Reading): What was read.
    """
    alignment = reading.alignment
    doc.spans[VIEW_PREFIX + name] = [_span(doc, item) for item in alignment.entities]
    known = {_place(span): span for span in doc.spans.get(REJECTED, [])}
    for item in alignment.rejected:
        known.setdefault((item.start, item.end, item.label), _span(doc, item))
    doc.spans[REJECTED] = [known[place] for place in sorted(known)]
    found = [*alignment.entities, *alignment.rejected]
    views(doc)[name] = {
        **reading.facts,
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
