"""Entities of foreign files: tags and character spans, put on a Doc and read from it.

The only module here that knows them. A file of tags or spans is one of entities whatever task it is for, and
is read where no task is known yet: so this is part of reading files, not of a task.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, Token

from ..errors import DistillError, counted
from .categories import classes_of
from .provenance import TASK, record

# The task whose annotation foreign files hold.
ENTITY_TASK = "ner"
STARTS, CONTINUES, ENDS = frozenset("BSUW"), frozenset("IMEL"), frozenset("ESULW")

# First token, token after the last, label.
TokenSpan = tuple[int, int, str]


class CharSpan(NamedTuple):
    """First character, character after the last, label."""

    start: int
    end: int
    label: str


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and label of one tag.

    tag: "O", or a label after B-, I- (IOB1 and IOB2 alike), E-, S- (IOBES), L-, U- (BILUO), M- or W- (BMES,
        BMEWO).
    RETURNS: prefix and label; ("O", "") for "O".
    RAISES DistillError: if it is neither.
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


def spans_of_tags(tags: Iterable[str | None]) -> list[TokenSpan]:
    """The entities that a sentence's tags stand for.

    An entity starts at a B, and at an I that follows an O or another label: so IOB1, where a B stands only
    between two adjoining entities of one label, and IOB2 are both read rightly without knowing which it is.

    tags: one tag a token; None where nothing is known, which ends an entity.
    RETURNS: the entities in text order.
    RAISES DistillError: if a tag cannot be read.
    """
    spans: list[TokenSpan] = []
    start, open_label, i = 0, "", -1
    for i, (prefix, label) in enumerate(split_tag(tag or "O") for tag in tags):
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


def set_tags(doc: Doc, tags: Sequence[str | None]) -> Doc:
    """Set a document's entities by the tags of its words, in order; without any tag it stays unlabelled.

    tags: one tag for each token that is not mere space; None where nothing is known.
    RAISES DistillError: if their number differs, or a tag cannot be read.
    """
    words = words_of(doc)
    if len(tags) != len(words):
        found = f"{counted(len(tags), 'tag')} for {counted(len(words), 'token')}"
        raise DistillError(f"expected a tag for each token, found {found}")
    spans = [(words[a].i, words[b - 1].i + 1, label) for a, b, label in spans_of_tags(tags)]
    missing = [word.i for word, tag in zip(words, tags, strict=True) if tag is None]
    if len(missing) < len(words):
        doc.set_ents([Span(doc, *span) for span in spans], missing=[doc[i : i + 1] for i in missing])
        record(doc)[TASK] = ENTITY_TASK
    return doc


def set_char_spans(doc: Doc, spans: Sequence[CharSpan], missing: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Set a document's entities by characters; what no span covers is "O".

    Outer space of a span is cut off. The tokens that a span covers in part become missing, together with the
    others it touches.

    spans: the spans, in any order; each once.
    missing: characters of which nothing is known: first, and the one after the last.
    RETURNS: the spans that do not fit token borders, in words.
    RAISES DistillError: if a span lies outside the text or two overlap.
    """
    ents: list[Span] = []
    open_tokens: set[int] = set()
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
            open_tokens.update(token.i for token in touched)
            text = doc.text[span.start : span.end]
            misfits.append(f"{text!r} ({span.label}) does not end with a token of {touched.text!r}")
    for start, end in missing:
        if not 0 <= start < end <= len(doc.text):
            raise DistillError(f"the missing characters [{start}, {end}] do not lie within the text")
        open_tokens.update(
            token.i
            for token in doc
            if token.idx < end and start < token.idx + len(token) and not token.text.isspace()
        )
    if taken := next((ent for ent in ents if not open_tokens.isdisjoint(range(ent.start, ent.end))), None):
        raise DistillError(f"the span {taken.text!r} ({taken.label_}) stands on characters that are missing")
    # The tokens of a misfit hold no exact entity: the two would overlap.
    doc.set_ents(ents, missing=[doc[i : i + 1] for i in sorted(open_tokens)])
    record(doc)[TASK] = ENTITY_TASK
    return misfits


def _inside(doc: Doc, span: CharSpan) -> CharSpan:
    text = doc.text
    if not 0 <= span.start < span.end <= len(text):
        raise DistillError(
            f"the span {tuple(span)} does not lie within the {len(text)} characters of the text"
        )
    # A token may begin with what counts as space.
    exact = doc.char_span(span.start, span.end)
    if exact is not None and not exact[0].text.isspace() and not exact[-1].text.isspace():
        return span
    inner = text[span.start : span.end]
    start = span.start + len(inner) - len(inner.lstrip())
    if not inner.strip():
        raise DistillError(f"the span {tuple(span)} covers nothing but space")
    return CharSpan(start, start + len(inner.strip()), span.label)


def words_of(doc: Doc | Span) -> list[Token]:
    """The tokens of a document, or of a part of it, that are not mere space."""
    # `is_space` is unknown to a vocabulary without a language.
    return [token for token in doc if not token.text.isspace()]


def char_spans_of(doc: Doc) -> list[CharSpan]:
    """A document's entities in characters, without the space at their ends."""
    found = ((words_of(ent), ent.label_) for ent in doc.ents)
    return [CharSpan(words[0].idx, words[-1].idx + len(words[-1]), label) for words, label in found if words]


def missing_words(doc: Doc) -> list[Token]:
    """The words of a document of which nothing is known."""
    return [token for token in words_of(doc) if not token.ent_iob]


def missing_of(doc: Doc) -> list[tuple[int, int]]:
    """The characters of a document's missing words: each run of them from its first to after its last."""
    runs: list[tuple[int, int]] = []
    before = -1
    for i, word in enumerate(words_of(doc)):
        if not word.ent_iob:
            start = runs.pop()[0] if before == i - 1 and runs else word.idx
            runs.append((start, word.idx + len(word)))
            before = i
    return runs


def tags_of(doc: Doc, scheme: str = "BIO") -> list[str | None]:
    """The tags of a document's words; None where nothing is known.

    scheme: "BIO"; "IO" where a B stands only between two adjoining entities of one label (IOB1); "BIOES" or
        "BILOU", which mark the last word of an entity and one that is alone.
    """
    words = words_of(doc)
    place = {word.i: n for n, word in enumerate(words)}
    tags: list[str | None] = ["O" if word.ent_iob else None for word in words]
    single, last = {"BIOES": ("S", "E"), "BILOU": ("U", "L")}.get(scheme, ("B", "I"))
    before: tuple[int, str] = (-1, "")
    for ent in doc.ents:
        inner = [place[token.i] for token in ent if token.i in place]
        for n in inner:
            prefix = "B" if n == inner[0] else last if n == inner[-1] else "I"
            if len(inner) == 1:
                prefix = single
            if scheme == "IO" and n == inner[0] and before != (n - 1, ent.label_):
                prefix = "I"
            tags[n] = f"{prefix}-{ent.label_}"
        before = (inner[-1], ent.label_) if inner else before
    return tags


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
    return [ent.label_ for ent in doc.ents] + classes_of(doc)
