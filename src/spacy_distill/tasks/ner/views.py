"""A teacher's view of a document: what one answer says, kept beside the document's entities."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ...corpus.provenance import REJECTED, VIEW_PREFIX, views
from ..annotation import Annotation
from ..votes import SAMPLE, VoteRule
from .alignment import REASONS, Alignment, PlacedCandidate
from .annotation import NER


class Reading(NamedTuple):
    """What was read from one answer.

    alignment: what it says; empty if it cannot be used.
    facts: provenance: model, prompt, key, state, source and template. The state is that of
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
    and dropped (counters), unknown_labels (how often each), unknown (tokens) and reasons (first token, end,
    the answer's words). Sequences in it are tuples, which is what a DocBin gives back.

    doc: the document.
    name: name of the view.
    reading: what was read.
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
        "unknown_labels": dict(alignment.unknown_labels),
        "unknown": tuple(sorted(alignment.missing)),
        "reasons": tuple((item.start, item.end, item.reason) for item in found if item.reason),
    }


def label_document(doc: Doc, alignment: Alignment) -> None:
    """Make an answer the document's annotation: its entities, *missing* where it is unknown, else "O"."""
    missing = [doc[i : i + 1] for i in sorted(alignment.missing)]
    doc.set_ents([_span(doc, item) for item in alignment.entities], missing=missing, default="outside")


def _span(doc: Doc, item: PlacedCandidate) -> Span:
    return Span(doc, item.start, item.end, label=item.label)


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_


def label_by_samples(doc: Doc, view: str, readings: Sequence[Reading], rule: VoteRule) -> None:
    """Label a document by a vote of the samples of a prompt.

    The samples are kept as the views "cot/1", "cot/2", …, their vote as "cot", for which candidates and drops
    are summed. A sample without a usable answer votes for nothing.

    view: name of the view.
    readings: what was read from each sample.
    rule: how they are combined.
    """
    names = [f"{view}{SAMPLE}{number}" for number in range(1, len(readings) + 1)]
    for name, reading in zip(names, readings, strict=True):
        keep_view(doc, name, reading)
    annotations = {name: NER.read_view(doc, name) for name in names}
    result = NER.combine(list(annotations.values()), rule)
    keep_view(doc, view, _together(readings, result.annotation))
    NER.write_vote(doc, result, rule, annotations)


def _together(readings: Sequence[Reading], voted: Annotation) -> Reading:
    together = Alignment(
        entities=[PlacedCandidate(start, end, label, "") for start, end, label in voted.items],
        missing=set(voted.missing),
        candidates=sum(reading.alignment.candidates for reading in readings),
        dropped={name: sum(reading.alignment.dropped[name] for reading in readings) for name in REASONS},
        unknown_labels=sum((reading.alignment.unknown_labels for reading in readings), Counter()),
    )
    failures = Counter(reading.facts["state"] for reading in readings if not reading.ok)
    state = "ok" if voted.usable or not failures else failures.most_common(1)[0][0]
    return Reading(together, {**readings[0].facts, "state": state, "samples": len(readings)})
