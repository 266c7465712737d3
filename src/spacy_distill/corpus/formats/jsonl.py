"""Labelled text as JSON Lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import get_words_and_spaces

from ...errors import DistillError
from ..provenance import record, set_origin
from .conll import spans_of_tags
from .text import Found, bad_line, read_lines, source_name


class CharSpan(NamedTuple):
    """First character, character after the last, label."""

    start: int
    end: int
    label: str


def char_span(value: Any) -> CharSpan:
    """Read one span: an object with start, end and label, or a list of these three.

    RAISES DistillError: If it is neither.
    """
    parts: list[Any]
    if isinstance(value, dict):
        parts = [value.get(name) for name in CharSpan._fields]
    else:
        parts = list(value) if isinstance(value, list) else []
    if len(parts) != 3 or not (_is_offset(parts[0]) and _is_offset(parts[1]) and isinstance(parts[2], str)):
        raise DistillError(
            f'expected a span such as {{"start": 0, "end": 6, "label": "LOC"}}, found {value!r}'
        )
    if not parts[2]:
        raise DistillError(f"expected a label that is not empty in the span {value!r}")
    return CharSpan(*parts)


def set_char_spans(doc: Doc, spans: list[CharSpan]) -> list[str]:
    """Set a document's entities; what no span covers is "O".

    Outer space of a span is cut off. The tokens that a span covers in part become missing, together with the
    others it touches.

    RETURNS: The spans that do not fit token borders, in words.
    RAISES DistillError: If a span lies outside the text or two overlap.
    """
    ents: list[Span] = []
    missing: list[Span] = []
    misfits = []
    before: CharSpan | None = None
    for span in sorted(_inside(doc, span) for span in spans):
        if before is not None and span.start < before.end:
            raise DistillError(
                f"the spans {tuple(before)} and {tuple(span)} overlap; a token bears one entity"
            )
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
        raise DistillError(
            f"the span {tuple(span)} does not lie within the {len(text)} characters of the text"
        )
    inner = text[span.start : span.end]
    start = span.start + len(inner) - len(inner.lstrip())
    if not inner.strip():
        raise DistillError(f"the span {tuple(span)} covers nothing but space")
    return CharSpan(start, start + len(inner.strip()), span.label)


def _misfit(doc: Doc, span: CharSpan, touched: Span) -> str:
    return f"{doc.text[span.start : span.end]!r} ({span.label}) does not end with a token of {touched.text!r}"


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


Row = dict[str, Any]
LEFT_OUT = ("reject", "ignore")


def read_jsonl(path: Path, nlp: Language, found: Found) -> Iterator[Doc]:
    """Read one document a line; docs/formats.md describes the fields.

    path: The file, gzip or not.
    nlp: Its tokenizer is used for rows without tokens.
    found: Counts the rows left out and lists the spans that fit no token borders.
    YIELDS: Documents with the source's exact text; without entity annotation where the row has none.
    RAISES DistillError: If a row cannot be used; names file and line.
    """
    lines: dict[str, int] = {}
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            row = _parse(line)
            doc = None if row.get("answer") in LEFT_OUT else _make_doc(row, nlp)
            if doc is None:
                found.rejected += 1
            elif not doc.text.strip():
                found.empty += 1
            else:
                misfits = _annotate(doc, row)
                found.misfits += [f"{path}, line {number}: {misfit}" for misfit in misfits]
                yield _with_origin(doc, row, path, number, lines)
        except ValueError as error:
            raise bad_line(path, number, str(error).rstrip(".")) from None


def _parse(line: str) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DistillError(f"expected a JSON object, but {error.msg} at character {error.pos + 1}") from None
    if not isinstance(row, dict):
        raise DistillError(f"expected a JSON object, found {type(row).__name__}")
    return _whole(row) if "\\ud" in line.lower() else row


def _whole(row: Row) -> Row:
    """A row whose halves of characters (a lone surrogate, as a cut text may end in) became U+FFFD."""
    text = json.dumps(row, ensure_ascii=False)
    made: Row = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return made


def _make_doc(row: Row, nlp: Language) -> Doc:
    """Text and tokens as the row gives them: both, the one or the other."""
    text, words = row.get("text"), _words(row)
    if text is not None and not isinstance(text, str):
        raise DistillError(f'expected a string as "text", found {type(text).__name__}')
    if text is None and words is None:
        raise DistillError('expected "text" (a string) or "tokens" (a list of strings), found neither')
    if words is None:
        return nlp.make_doc(str(text))
    if text is None:
        return Doc(nlp.vocab, words=words, spaces=[i < len(words) - 1 for i in range(len(words))])
    try:
        words, spaces = get_words_and_spaces(words, text)
    except ValueError:
        raise DistillError('expected "tokens" that make up "text", but they differ') from None
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _words(row: Row) -> list[str] | None:
    """The tokens: strings, or Prodigy's objects with a "text" each."""
    tokens = row.get("tokens")
    if tokens is None:
        return None
    if not isinstance(tokens, list):
        raise DistillError(f'expected a list as "tokens", found {type(tokens).__name__}')
    words: list[Any] = [token.get("text") if isinstance(token, dict) else token for token in tokens]
    for word in words:
        if not isinstance(word, str) or not word:
            raise DistillError(f'expected strings that are not empty in "tokens", found {word!r}')
    return words


def _annotate(doc: Doc, row: Row) -> list[str]:
    """Set the row's entities, if it has annotation at all. RETURNS (list[str]): Spans that fit no borders."""
    given = [name for name in ("spans", "entities", "ner_tags", "tags") if row.get(name) is not None]
    if len(given) > 1:
        raise DistillError(f"expected entities in one field, found {' and '.join(given)}")
    if not given:
        return []
    values = row[given[0]]
    if not isinstance(values, list):
        raise DistillError(f'expected a list as "{given[0]}", found {type(values).__name__}')
    tagged = given[0] in ("ner_tags", "tags")
    spans = _tag_spans(doc, row, values) if tagged else [char_span(value) for value in values]
    return set_char_spans(doc, spans)


def _tag_spans(doc: Doc, row: Row, tags: list[Any]) -> list[CharSpan]:
    if row.get("tokens") is None:
        raise DistillError('expected "tokens" beside tags')
    if not all(isinstance(tag, str) for tag in tags):
        raise DistillError("expected tags as strings such as B-LOC; numbers need their names first")
    # Between the row's tokens there may be tokens of mere space, which bear no tag.
    tokens = [token for token in doc if not token.is_space]
    if len(tags) != len(tokens):
        raise DistillError(f"expected a tag for each token, found {len(tags)} tags for {len(tokens)} tokens")
    return [
        CharSpan(tokens[start].idx, tokens[end - 1].idx + len(tokens[end - 1]), label)
        for start, end, label in spans_of_tags(tags)
    ]


def _with_origin(doc: Doc, row: Row, path: Path, number: int, lines: dict[str, int]) -> Doc:
    id = str(row["id"]) if row.get("id") is not None else f"{source_name(path)}:{number}"
    if id in lines:
        raise DistillError(f"the id {id!r} stands on line {lines[id]} already; ids must be unique")
    lines[id] = number
    document = str(row["document"]) if row.get("document") is not None else id
    set_origin(doc, id=id, document=document, source=path.name)
    if isinstance(row.get("meta"), dict):
        record(doc)["meta"] = row["meta"]
    return doc
