"""Character spans of a row, checked and set as the entities of its document."""

from typing import Any, NamedTuple

from spacy.tokens import Doc, Span


class CharSpan(NamedTuple):
    """First character, character after the last, label."""

    start: int
    end: int
    label: str


def char_span(value: Any) -> CharSpan:
    """Read one span: an object with start, end and label, or a list of these three.

    RAISES (ValueError): If it is neither.
    """
    parts: list[Any]
    if isinstance(value, dict):
        parts = [value.get(name) for name in CharSpan._fields]
    else:
        parts = list(value) if isinstance(value, list) else []
    if len(parts) != 3 or not (_is_offset(parts[0]) and _is_offset(parts[1]) and isinstance(parts[2], str)):
        raise ValueError(f'expected a span such as {{"start": 0, "end": 6, "label": "LOC"}}, found {value!r}')
    if not parts[2]:
        raise ValueError(f"expected a label that is not empty in the span {value!r}")
    return CharSpan(*parts)


def set_char_spans(doc: Doc, spans: list[CharSpan]) -> list[str]:
    """Set a document's entities; what no span covers is "O".

    Outer space of a span is cut off. The tokens that a span covers in part become missing, together with the
    others it touches.

    RETURNS (list[str]): The spans that do not fit token borders, in words.
    RAISES (ValueError): If a span lies outside the text or two overlap.
    """
    ents: list[Span] = []
    missing: list[Span] = []
    misfits = []
    before: CharSpan | None = None
    for span in sorted(_inside(doc, span) for span in spans):
        if before is not None and span.start < before.end:
            raise ValueError(f"the spans {tuple(before)} and {tuple(span)} overlap; a token bears one entity")
        before = span
        exact = doc.char_span(span.start, span.end, label=span.label)
        touched = doc.char_span(span.start, span.end, label=span.label, alignment_mode="expand")
        if exact is not None:
            ents.append(exact)
        elif touched is not None:
            missing.append(touched)
            misfits.append(_misfit(doc, span, touched))
    # A misfit's tokens hold no exact entity: the two would overlap.
    doc.set_ents(ents, missing=[doc[i : i + 1] for i in sorted({t.i for span in missing for t in span})])
    return misfits


def _inside(doc: Doc, span: CharSpan) -> CharSpan:
    text = doc.text
    if not 0 <= span.start < span.end <= len(text):
        raise ValueError(f"the span {tuple(span)} does not lie within the {len(text)} characters of the text")
    inner = text[span.start : span.end]
    start = span.start + len(inner) - len(inner.lstrip())
    if not inner.strip():
        raise ValueError(f"the span {tuple(span)} covers nothing but space")
    return CharSpan(start, start + len(inner.strip()), span.label)


def _misfit(doc: Doc, span: CharSpan, touched: Span) -> str:
    return f"{doc.text[span.start : span.end]!r} ({span.label}) does not end with a token of {touched.text!r}"


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
