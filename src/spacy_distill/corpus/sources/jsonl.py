"""JSON Lines: `text` with character spans, Prodigy's rows, articles, or `tokens` with tags."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from ..provenance import record, set_origin
from .found import Found
from .iob import spans_of_tags
from .lines import bad_line, read_lines, source_name
from .spans import CharSpan, char_span, set_char_spans

Row = dict[str, Any]
LEFT_OUT = ("reject", "ignore")


def read_jsonl(path: Path, nlp: Language, found: Found) -> Iterator[Doc]:
    """Read one document a line; docs/formats.md describes the fields.

    path (Path): The file, gzip or not.
    nlp (Language): Its tokenizer is used for rows without tokens.
    found (Found): Counts the rows left out and lists the spans that fit no token borders.
    YIELDS (Doc): Documents with the source's exact text; without entity annotation where the row has none.
    RAISES (ValueError): If a row cannot be used; names file and line.
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
        raise ValueError(f"expected a JSON object, but {error.msg} at character {error.pos + 1}") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, found {type(row).__name__}")
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
        raise ValueError(f'expected a string as "text", found {type(text).__name__}')
    if text is None and words is None:
        raise ValueError('expected "text" (a string) or "tokens" (a list of strings), found neither')
    if words is None:
        return nlp.make_doc(str(text))
    if text is None:
        return Doc(nlp.vocab, words=words, spaces=[i < len(words) - 1 for i in range(len(words))])
    try:
        words, spaces = get_words_and_spaces(words, text)
    except ValueError:
        raise ValueError('expected "tokens" that make up "text", but they differ') from None
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _words(row: Row) -> list[str] | None:
    """The tokens: strings, or Prodigy's objects with a "text" each."""
    tokens = row.get("tokens")
    if tokens is None:
        return None
    if not isinstance(tokens, list):
        raise ValueError(f'expected a list as "tokens", found {type(tokens).__name__}')
    words: list[Any] = [token.get("text") if isinstance(token, dict) else token for token in tokens]
    for word in words:
        if not isinstance(word, str) or not word:
            raise ValueError(f'expected strings that are not empty in "tokens", found {word!r}')
    return words


def _annotate(doc: Doc, row: Row) -> list[str]:
    """Set the row's entities, if it has annotation at all. RETURNS (list[str]): Spans that fit no borders."""
    given = [name for name in ("spans", "entities", "ner_tags", "tags") if row.get(name) is not None]
    if len(given) > 1:
        raise ValueError(f"expected entities in one field, found {' and '.join(given)}")
    if not given:
        return []
    values = row[given[0]]
    if not isinstance(values, list):
        raise ValueError(f'expected a list as "{given[0]}", found {type(values).__name__}')
    tagged = given[0] in ("ner_tags", "tags")
    spans = _tag_spans(doc, row, values) if tagged else [char_span(value) for value in values]
    return set_char_spans(doc, spans)


def _tag_spans(doc: Doc, row: Row, tags: list[Any]) -> list[CharSpan]:
    if row.get("tokens") is None:
        raise ValueError('expected "tokens" beside tags')
    if not all(isinstance(tag, str) for tag in tags):
        raise ValueError("expected tags as strings such as B-LOC; numbers need their names first")
    # Between the row's tokens there may be tokens of mere space, which bear no tag.
    tokens = [token for token in doc if not token.is_space]
    if len(tags) != len(tokens):
        raise ValueError(f"expected a tag for each token, found {len(tags)} tags for {len(tokens)} tokens")
    return [
        CharSpan(tokens[start].idx, tokens[end - 1].idx + len(tokens[end - 1]), label)
        for start, end, label in spans_of_tags(tags)
    ]


def _with_origin(doc: Doc, row: Row, path: Path, number: int, lines: dict[str, int]) -> Doc:
    id = str(row["id"]) if row.get("id") is not None else f"{source_name(path)}:{number}"
    if id in lines:
        raise ValueError(f"the id {id!r} stands on line {lines[id]} already; ids must be unique")
    lines[id] = number
    document = str(row["document"]) if row.get("document") is not None else id
    set_origin(doc, id=id, document=document, source=path.name)
    if isinstance(row.get("meta"), dict):
        record(doc)["meta"] = row["meta"]
    return doc
