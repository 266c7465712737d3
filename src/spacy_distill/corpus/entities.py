"""Entities of foreign files: tags and character spans, put on a Doc. The only module here that knows them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, Token

from ..errors import DistillError
from .categories import HALF
from .provenance import TASK, record

# The task whose annotation foreign files hold.
ENTITY_TASK = "ner"
STARTS, CONTINUES, ENDS = frozenset("BSU"), frozenset("IEL"), frozenset("ESUL")

# First token, token after the last, label.
TokenSpan = tuple[int, int, str]


class CharSpan(NamedTuple):
    """First character, character after the last, label."""

    start: int
    end: int
    label: str


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and label of one tag.

    tag: "O", or a label after B-, I- (IOB1 and IOB2 alike), E-, S- (IOBES), L- or U- (BILUO).
    RETURNS: Prefix and label; ("O", "") for "O".
    RAISES DistillError: If it is neither.
    """
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if not dash or not label or prefix not in STARTS | CONTINUES:
        raise DistillError(f"expected an entity tag such as O, B-LOC or I-LOC, found {tag!r}")
    return prefix, label


def is_tag(value: Any) -> bool:
    """Whether a value is "O" or an entity tag."""
    try:
        return isinstance(value, str) and bool(split_tag(value))
    except DistillError:
        return False


def spans_of_tags(tags: Iterable[str]) -> list[TokenSpan]:
    """The entities that a sentence's tags stand for.

    An entity starts at a B, and at an I that follows an O or another label: so IOB1, where a B stands only
    between two adjoining entities of one label, and IOB2 are both read rightly without knowing which it is.

    tags: One tag a token.
    RETURNS: The entities in text order.
    RAISES DistillError: If a tag cannot be read.
    """
    spans: list[TokenSpan] = []
    start, open_label, i = 0, "", -1
    for i, (prefix, label) in enumerate(map(split_tag, tags)):
        if open_label and (prefix in STARTS or label != open_label):
            spans.append((start, i, open_label))
            open_label = ""
        if label and not open_label:
            start, open_label = i, label
        if prefix in ENDS:
            spans.append((start, i + 1, open_label))
            open_label = ""
    if open_label:
        spans.append((start, i + 1, open_label))
    return spans


def set_token_spans(doc: Doc, spans: Iterable[TokenSpan]) -> Doc:
    """Set a document's entities by tokens; what no span covers is "O"."""
    doc.set_ents([Span(doc, *span) for span in spans])
    record(doc)[TASK] = ENTITY_TASK
    return doc


def set_char_spans(doc: Doc, spans: Sequence[CharSpan]) -> list[str]:
    """Set a document's entities by characters; what no span covers is "O".

    Outer space of a span is cut off. The tokens that a span covers in part become missing, together with the
    others it touches.

    spans: The spans, in any order; each once.
    RETURNS: The spans that do not fit token borders, in words.
    RAISES DistillError: If a span lies outside the text or two overlap.
    """
    ents: list[Span] = []
    missing: set[int] = set()
    misfits = []
    before: CharSpan | None = None
    for span in sorted(_inside(doc, span) for span in spans):
        if before is not None and span.start < before.end:
            raise DistillError(
                f"the spans {tuple(before)} and {tuple(span)} overlap; a token has at most one entity"
            )
        before = span
        exact = doc.char_span(span.start, span.end, label=span.label)
        touched = doc.char_span(span.start, span.end, label=span.label, alignment_mode="expand")
        if exact is not None:
            ents.append(exact)
        elif touched is not None:
            missing.update(token.i for token in touched)
            text = doc.text[span.start : span.end]
            misfits.append(f"{text!r} ({span.label}) does not end with a token of {touched.text!r}")
    # The tokens of a misfit hold no exact entity: the two would overlap.
    doc.set_ents(ents, missing=[doc[i : i + 1] for i in sorted(missing)])
    record(doc)[TASK] = ENTITY_TASK
    return misfits


def _inside(doc: Doc, span: CharSpan) -> CharSpan:
    text = doc.text
    if not 0 <= span.start < span.end <= len(text):
        raise DistillError(
            f"the span {tuple(span)} does not lie within the {len(text)} characters of the text"
        )
    inner = text[span.start : span.end]
    start = span.start + len(inner) - len(inner.lstrip())
    if not inner.strip():
        raise DistillError(f"the span {tuple(span)} covers nothing but space")
    return CharSpan(start, start + len(inner.strip()), span.label)


def copy_entities(span: Span, doc: Doc) -> None:
    """Give a document of a span's words the span's entities and missing tokens, if its document has any."""
    if span.doc.has_annotation("ENT_IOB"):
        offset = span.start
        ents = [Span(doc, ent.start - offset, ent.end - offset, ent.label) for ent in span.ents]
        doc.set_ents(ents, missing=[doc[t.i - offset : t.i - offset + 1] for t in span if not t.ent_iob])


def is_inside_entity(token: Token) -> bool:
    """Whether an entity began before a token and goes on with it."""
    return bool(token.ent_iob_ == "I")


def is_labelled(doc: Doc) -> bool:
    """Whether anything is known of a document's entities or classes."""
    return bool(doc.cats) or bool(doc.has_annotation("ENT_IOB"))


def count_labels(docs: Iterable[Doc]) -> dict[str, int]:
    """How many entities and classes there are of each label, by label."""
    return dict(sorted(Counter(label for doc in docs for label in labels_in(doc)).items()))


def labels_in(doc: Doc) -> list[str]:
    """The labels of a document's entities, and its classes."""
    return [ent.label_ for ent in doc.ents] + [label for label, score in doc.cats.items() if score >= HALF]
