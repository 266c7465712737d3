"""Rejected candidates as spaCy's negative annotation: spans that are *not* an entity of some label."""

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc, Span

from ...corpus.provenance import NEGATIVE, REJECTED, VIEW_PREFIX


def set_negatives(doc: Doc, labels: Sequence[str]) -> int:
    """Make negative annotation of a document's rejected candidates, in `doc.spans["negative"]`.

    A training config uses it with `incorrect_spans_key = "negative"` in its `ner` component. A candidate
    becomes one negative span for the label that it was denied, or one for each label where the answer names
    none; only where all of its tokens are *missing* (over "O" or an entity it would add nothing, or
    contradict), and never if some view holds the very span for an entity.

    doc (Doc): The document, with its entities, views and rejected candidates.
    labels (Sequence[str]): The labels that a candidate without one is denied.
    RETURNS (int): How many negative spans there are.
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
