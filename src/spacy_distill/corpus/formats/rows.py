"""Rows: a document as JSON has it, and as tables and data sets do; made a Doc, and made of one."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from ...errors import DistillError
from ..categories import CATEGORY_FIELDS, CategoryFields, set_categories
from ..entities import (
    CharSpan,
    char_spans_of,
    is_tag,
    missing_of,
    missing_words,
    set_char_spans,
    set_tags,
    words_of,
)
from ..files import parse_object, read_json, read_lines
from ..provenance import REVIEW, article_id, doc_id, record, set_origin
from ..text import ReadIssues, check_tokenizable
from .base import Head, stem

Row = dict[str, Any]
# Rows that an annotator rejected or passed over, in Prodigy's words.
LEFT_OUT = ("reject", "ignore")
ACCEPTED = "accept"
# Fields that hold entities, as annotation tools and data sets call them.
ENTITY_FIELDS = (
    *("spans", "entities", "ner_tags", "tags", "label", "labels", "annotation", "annotations"),
    *("ents", "ner", "ner_labels", "span_label", "span_labels", "named_entities"),
)
# Numbers of class labels that say nothing: of the data sets themselves, and of PyTorch's losses.
NOTHING = (-1, -100)
OTHER_FIELDS = ("text", "tokens", "id", "document", "answer", "meta", "missing", "pos_tags", "chunk_tags")
# How deep in a value spans are looked for, and how many parts of a list are looked at.
DEPTH, WIDTH = 4, 100
STARTS = ("start", "start_offset", "start_char", "begin")
ENDS = ("end", "end_offset", "end_char")
LABELS = ("label", "labels", "type", "entity", "entity_type", "tag")


def json_rows(path: Path) -> Iterator[tuple[int, str | Row]]:
    """The rows of JSON Lines, or of a JSON list, numbered from 1.

    path: the file, gzip or not.
    RAISES DistillError: if it cannot be read.
    """
    if next(iter(Head(path).lines), "").lstrip().startswith("["):
        found = read_json(path)
        for number, row in enumerate(found, start=1):
            yield number, row if isinstance(row, dict) else _paired(row)
        return
    yield from ((number, line) for number, line in read_lines(path) if line.strip())


def _paired(item: Any) -> str | Row:
    """An item of a list as a row: spaCy 2 paired a text with its annotation."""
    match item:
        case [str(text), dict(said)]:
            return {"text": text, **said}
    return json.dumps(item)


def read_rows(
    rows: Iterable[tuple[int, str | Row]],
    path: Path,
    name: str,
    nlp: Language,
    issues: ReadIssues,
    fields: CategoryFields,
    adapt: Callable[[Row], Row] = dict,
) -> Iterator[Doc]:
    """Read one document a row; docs/formats.md describes the fields.

    rows: the rows with their numbers, parsed or not.
    path: the file they are of.
    name: the file's name in ids.
    nlp: its tokenizer is used for rows without tokens.
    issues: what cannot be used.
    fields: where text and classes are.
    adapt: makes the fields of a tool's row those that are read here.
    YIELDS: documents with the source's exact text; without annotation where the row has none.
    RAISES DistillError: if a row cannot be used; names file and row.
    """
    for number, given in rows:
        unit = "line" if isinstance(given, str) else "item"
        try:
            row = adapt(parse_object(given) if isinstance(given, str) else given)
            if row.get("answer") in LEFT_OUT:
                issues.rejected += 1
                continue
            doc = _make_doc(_with_text(row, fields.text), nlp)
            if not doc.text.strip():
                issues.empty += 1
                continue
            classes = set_categories(doc, row, fields)
            other = [name for name in ENTITY_FIELDS if row.get(name) and name != classes]
            if classes and other:
                raise DistillError(
                    f'there are classes in "{classes}" and entities in "{other[0]}"; keep one of them'
                )
            misfits = [] if classes else _annotate(doc, row, issues, fields.names)
            if not classes and not any(row.get(name) is not None for name in ENTITY_FIELDS):
                issues.unread.update(name for name in row if name not in (*OTHER_FIELDS, *fields.text))
            doc = _with_origin(doc, row, name, number, f"{unit} {number} of {path}", issues)
        except DistillError as error:
            issues.refuse(path, number, str(error), unit)
            continue
        issues.misfits += [f"{path}, {unit} {number}: {misfit}" for misfit in misfits]
        yield doc


def answered(row: Row) -> Row:
    """A row without the suggestion of a review that nobody has answered; other rows as they are.

    RAISES DistillError: if the answer is none that there is.
    """
    meta = row.get("meta")
    if not isinstance(meta, dict) or REVIEW not in meta:
        return row
    answer = row.get("answer")
    if answer is None:
        return {name: value for name, value in row.items() if name not in CATEGORY_FIELDS + ENTITY_FIELDS}
    if answer not in (ACCEPTED, *LEFT_OUT):
        allowed = ", ".join((ACCEPTED, *LEFT_OUT))
        raise DistillError(f"the answer to a review is {answer!r}; allowed are {allowed}")
    return row


def row_of(doc: Doc) -> Row:
    """A document as a row: id, document, text, tokens, meta, and what it is labelled with."""
    row: Row = {"id": doc_id(doc), "document": article_id(doc), "text": doc.text}
    row["tokens"] = [word.text for word in words_of(doc)]
    if doc.cats:
        row["cats"] = {label: int(score) for label, score in doc.cats.items()}
    elif is_known(doc):
        row["spans"] = [span._asdict() for span in char_spans_of(doc)]
        row["missing"] = [list(run) for run in missing_of(doc)]
    row["meta"] = record(doc).get("meta")
    if REVIEW in (row["meta"] or {}) and (doc.cats or is_known(doc)):
        row["answer"] = ACCEPTED
    return {key: value for key, value in row.items() if value is not None and (key, value) != ("missing", [])}


def is_known(doc: Doc) -> bool:
    """Whether something is known of a document's words."""
    return len(missing_words(doc)) < len(words_of(doc))


def _make_doc(row: Row, nlp: Language) -> Doc:
    """Text and tokens as the row gives them: both, the one or the other."""
    text, words = row.get("text"), _words(row)
    if text is not None and not isinstance(text, str):
        raise DistillError(f'expected a string as "text", found {type(text).__name__}')
    if text is None and words is None:
        alone = {*STARTS} & set(row) and {*ENDS} & set(row)
        hint = "; it is a span alone, and belongs into the row of its text" if alone else ""
        raise DistillError(f'expected "text" (a string) or "tokens" (a list of strings), found neither{hint}')
    if words is None:
        check_tokenizable(str(text))
        return nlp.make_doc(str(text))
    if text is None:
        return Doc(nlp.vocab, words=words, spaces=[i < len(words) - 1 for i in range(len(words))])
    try:
        words, spaces = get_words_and_spaces(words, text)
    except ValueError:
        raise DistillError('expected "tokens" that make up "text", but they differ') from None
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _with_text(row: Row, fields: Sequence[str]) -> Row:
    """A row whose text is put together from some of its fields, as paragraphs."""
    if not fields:
        return row
    if absent := [field for field in fields if not isinstance(row.get(field, ""), str) or field not in row]:
        raise DistillError(f'expected a string in "{absent[0]}", which is to be a part of the text')
    return {**row, "text": "\n\n".join(row[field].strip() for field in fields)}


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


def _annotate(doc: Doc, row: Row, issues: ReadIssues, names: Sequence[str]) -> list[str]:
    """Set the row's entities, if it has annotation at all.

    names: of tags that are numbers.
    RETURNS: spans that fit no token borders, in words.
    """
    given = [name for name in ENTITY_FIELDS if row.get(name) is not None]
    other = [
        n for n, v in row.items() if n not in (*ENTITY_FIELDS, *OTHER_FIELDS) and _looks_like_entities(v, doc)
    ]
    if other:
        raise DistillError(
            f'the field "{other[0]}" looks like entities; call it "spans" (characters) or "tags" (tokens)'
        )
    if len(given) > 1:
        raise DistillError(f"expected entities in one field, found {' and '.join(given)}")
    if not given:
        return []
    name, values = given[0], row[given[0]]
    if isinstance(values, dict) and "entities" in values:
        name, values = f"{name}.entities", values["entities"]
    if not isinstance(values, list):
        raise DistillError(f'expected a list as "{name}", found {type(values).__name__}')
    if name in ("ner_tags", "tags") or (values and not isinstance(values[0], dict | list)):
        _set_row_tags(doc, row, name, [_named_tag(value, names) for value in values])
        return []
    spans = [read_char_span(value) for value in values]
    issues.duplicates += len(spans) - len(set(spans))
    return set_char_spans(doc, list(dict.fromkeys(spans)), _missing(row))


def _missing(row: Row) -> list[tuple[int, int]]:
    runs = row.get("missing") or []
    pairs = isinstance(runs, list) and all(
        isinstance(run, list) and len(run) == 2 and all(map(_is_offset, run)) for run in runs
    )
    if not pairs:
        raise DistillError(f'expected "missing" as pairs of characters such as [[0, 6]], found {runs!r}')
    return [(run[0], run[1]) for run in runs]


def _looks_like_entities(value: Any, doc: Doc, depth: int = DEPTH) -> bool:
    """Whether a value is, or has in it, spans or tags of which some are not "O"."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not value or not depth:
        return False
    if all(map(is_tag, value)):
        return any(item != "O" for item in value)
    some = value[:WIDTH]
    return all(_looks_like_span(item, doc) for item in some) or any(
        _looks_like_entities(item, doc, depth - 1) for item in some
    )


def _looks_like_span(item: Any, doc: Doc) -> bool:
    """Whether a value has two places of the text and a name, or a part of the text beside a label."""
    if isinstance(item, dict) and any(isinstance(item.get(name), str) for name in LABELS):
        said = [part for name, part in item.items() if isinstance(part, str) and name not in LABELS]
        if any(part and part in doc.text for part in said):
            return True
    parts = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
    places = [part for part in parts if _is_offset(part) and 0 <= part <= len(doc.text)]
    return len(places) > 1 and any(isinstance(part, str | list) for part in parts)


def read_char_span(value: Any) -> CharSpan:
    """Read one span: an object with start, end and label, or a list of these three.

    RAISES DistillError: if it is neither.
    """
    parts: list[Any] = list(value) if isinstance(value, list) else []
    if isinstance(value, dict):
        parts = [next((value[key] for key in keys if key in value), None) for keys in (STARTS, ENDS, LABELS)]
    if parts and isinstance(parts[-1], list) and len(parts[-1]) == 1:
        parts[-1] = parts[-1][0]  # Label Studio's list of labels.
    if len(parts) != 3 or not (_is_offset(parts[0]) and _is_offset(parts[1]) and isinstance(parts[2], str)):
        raise DistillError(
            f'expected a span such as {{"start": 0, "end": 6, "label": "LOC"}}, found {value!r}'
        )
    if not parts[2]:
        raise DistillError(f"expected a label that is not empty in the span {value!r}")
    return CharSpan(*parts)


def _is_offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _named_tag(tag: Any, names: Sequence[str]) -> Any:
    """A tag that is a number by its name; None for one that says nothing."""
    if not names or not _is_offset(tag):
        return tag
    if tag in NOTHING:
        return None
    if not 0 <= tag < len(names):
        raise DistillError(f"the tag {tag} has no name: there are {len(names)}")
    return names[tag]


def _set_row_tags(doc: Doc, row: Row, name: str, tags: list[Any]) -> None:
    if not all(tag is None or isinstance(tag, str) for tag in tags):
        raise DistillError(
            f'expected tags as strings such as B-LOC in "{name}"; name numbers in their order with '
            "--label-names O,B-LOC,…"
        )
    if row.get("tokens") is None:
        raise DistillError(f'expected "tokens" beside tags in "{name}", or spans in characters')
    set_tags(doc, tags)


def _with_origin(doc: Doc, row: Row, name: str, number: int, place: str, issues: ReadIssues) -> Doc:
    id = str(row["id"]) if row.get("id") is not None else f"{stem(name)}:{number}"
    if (met := issues.ids.setdefault(id, place)) != place:
        files = "" if met.endswith(place.partition(" of ")[2]) else "; import such files one by one"
        raise DistillError(f"the id {id!r} stands on {met} already; ids must be unique{files}")
    document = str(row["document"]) if row.get("document") is not None else id
    set_origin(doc, id=id, document=document, source=name)
    if isinstance(row.get("meta"), dict):
        record(doc)["meta"] = row["meta"]
    return doc
