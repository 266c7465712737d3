"""A teacher's view of a document: what one answer says, kept beside the document's entities."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ...corpus.provenance import NEGATIVE, REJECTED, VIEW_PREFIX, views
from ..votes import SAMPLE, Ballot, Election, Verdict, declare
from .alignment import REASONS, Alignment, Found


class Reading(NamedTuple):
    """What was read from one answer.

    alignment: What it says; empty if it cannot be used.
    facts: Provenance: model, prompt, key, state, source and template. The state is that of
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

    doc: The document.
    name: Name of the view.
    reading: What was read.
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


def set_negatives(doc: Doc, labels: Sequence[str]) -> int:
    """Make negative annotation of a document's rejected candidates, in `doc.spans["negative"]`.

    A training config uses it with `incorrect_spans_key = "negative"` in its `ner` component. A candidate
    becomes one negative span for the label that it was denied, or one for each label where the answer names
    none; only where all of its tokens are *missing* (over "O" or an entity it would add nothing, or
    contradict), and never if some view holds the very span for an entity.

    doc: The document, with its entities, views and rejected candidates.
    labels: The labels that a candidate without one is denied.
    RETURNS: How many negative spans there are.
    """
    accepted = _accepted(doc)
    found = {
        (span.start, span.end, label)
        for span in doc.spans.get(REJECTED, [])
        if (span.start, span.end) not in accepted and all(token.ent_iob == 0 for token in span)
        for label in ([span.label_] if span.label_ else labels)
    }
    doc.spans[NEGATIVE] = [Span(doc, *place) for place in sorted(found)]
    return len(found)


def keep_rejected(doc: Doc, spans: Iterable[Span]) -> None:
    """Keep candidates that some view rejects and no view accepts in `doc.spans["rejected"]`."""
    accepted = _accepted(doc)
    found = {(s.start, s.end, s.label_) for s in spans if (s.start, s.end) not in accepted}
    doc.spans[REJECTED] = [Span(doc, *place) for place in sorted(found)]


def _accepted(doc: Doc) -> set[tuple[int, int]]:
    groups = [group for name, group in doc.spans.items() if name.startswith(VIEW_PREFIX)]
    return {(span.start, span.end) for group in groups for span in group}


def label_by_samples(doc: Doc, view: str, readings: Sequence[Reading], election: Election) -> None:
    """Let the samples of a prompt vote on a document's entities.

    The samples are kept as the views "cot/1", "cot/2", …, their vote as "cot", for which candidates and
    drops are summed. A sample without a usable answer is silent.

    doc: The document.
    view: Name of the view.
    readings: What was read from each sample.
    election: How they are combined.
    """
    for number, reading in enumerate(readings, 1):
        keep_view(doc, f"{view}{SAMPLE}{number}", reading)
    ballots = {f"{view}{SAMPLE}{n}": _ballot(reading) for n, reading in enumerate(readings, 1)}
    verdict = election.hold(list(ballots.values()), len(doc))
    keep_view(doc, view, _together(readings, verdict, len(doc)))
    keep_rejected(doc, doc.spans[REJECTED])
    declare(doc, verdict, election, ballots)


def _ballot(reading: Reading) -> Ballot | None:
    if not reading.ok:
        return None
    spans = frozenset((entity.start, entity.end, entity.label) for entity in reading.alignment.entities)
    return Ballot(spans, frozenset(reading.alignment.unknown))


def _together(readings: Sequence[Reading], verdict: Verdict, length: int) -> Reading:
    together = Alignment(
        entities=[Found(start, end, label, "") for start, end, label in verdict.entities],
        unknown=set(verdict.missing),
        candidates=sum(reading.alignment.candidates for reading in readings),
        dropped={name: sum(reading.alignment.dropped[name] for reading in readings) for name in REASONS},
    )
    failures = Counter(reading.facts["state"] for reading in readings if not reading.ok)
    labelled = len(verdict.missing) < length
    state = "ok" if labelled or not failures else failures.most_common(1)[0][0]
    return Reading(together, {**readings[0].facts, "state": state, "samples": len(readings)})
