"""The records of a piece: id and text of each, or why it has none."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, BinaryIO

from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.provenance import doc_id
from ..errors import DistillError
from .files import Kind, Piece, damaged, import_pyarrow, opened

# A longer line or text file is set aside without being held in memory, in bytes.
LONGEST = 1 << 26
# Rows of Parquet that are held at a time.
ROWS = 1024
# Characters of a bad record that are kept beside its reason.
SHOWN = 200


@dataclass(frozen=True)
class Fields:
    """Where JSON and Parquet have what is read."""

    text: str = "text"
    id: str = "id"


@dataclass(frozen=True)
class Record:
    """A document to predict.

    number: Its line, row or place in its source, from 1.
    id: Its own id, or the source's name and its number.
    text: Its text.
    """

    number: int
    id: str
    text: str


@dataclass(frozen=True)
class Reject:
    """A record that cannot be predicted, and why.

    excerpt: How it begins.
    """

    number: int
    reason: str
    excerpt: str = ""


def read_records(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    """Read a piece, holding little of it at a time.

    piece: The piece.
    fields: Where its text and ids are.
    YIELDS: Its records in order; empty lines are none.
    RAISES DistillError: If the source is damaged.
    """
    readers = {Kind.jsonl: _jsonl, Kind.lines: _lines, Kind.texts: _texts, Kind.parquet: _parquet}
    yield from readers.get(piece.source.kind, _spacy)(piece, fields)


def _jsonl(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    for number, raw in _numbered(piece):
        if isinstance(raw, Reject):
            yield raw
        elif raw.strip():
            try:
                row = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
                yield _record(piece, number, *_of_row(row, fields))
            except RecursionError:
                yield Reject(number, "The JSON is nested too deeply", _excerpt(raw))
            except ValueError as error:
                yield Reject(number, _reason(error), _excerpt(raw))


def _of_row(row: Any, fields: Fields) -> tuple[Any, Any]:
    if not isinstance(row, dict):
        raise DistillError(f"Expected a JSON object, found {type(row).__name__}")
    if fields.text not in row:
        raise DistillError(f"The object has no {fields.text!r}")
    return row[fields.text], row.get(fields.id)


def _lines(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    for number, raw in _numbered(piece):
        if isinstance(raw, Reject):
            yield raw
        elif raw.strip():
            yield _of_bytes(piece, number, raw)


def _texts(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    for number, name in enumerate(piece.source.files, start=piece.start + 1):
        path = piece.source.path / name
        try:
            with opened(path) as stream:
                raw = stream.read(LONGEST + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            yield Reject(number, f"{name}: {damaged(path, error)}")
            continue
        yield _of_bytes(piece, number, raw, name) if len(raw) <= LONGEST else _too_long(number, raw)


def _of_bytes(piece: Piece, number: int, raw: bytes, name: str | None = None) -> Record | Reject:
    try:
        return _record(piece, number, raw.decode("utf-8-sig").strip(), name and printable(name))
    except ValueError as error:
        return Reject(number, f"{name}: {_reason(error)}" if name else _reason(error), _excerpt(raw))


def _parquet(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    pyarrow = import_pyarrow()
    try:
        with pyarrow.parquet.ParquetFile(piece.source.path) as file:
            columns = [name for name in (fields.text, fields.id) if name in file.schema_arrow.names]
            groups, skipped = _row_groups(file.metadata, piece)
            rows = islice(_rows(file.iter_batches(ROWS, groups, columns), fields), skipped, None)
            for number, (text, id) in zip(range(piece.start + 1, piece.end + 1), rows, strict=False):
                try:
                    yield _record(piece, number, _text(text), _text(id))
                except ValueError as error:
                    yield Reject(number, _reason(error))
    except pyarrow.lib.ArrowException as error:
        raise damaged(piece.source.path, error) from error


def _row_groups(metadata: Any, piece: Piece) -> tuple[list[int], int]:
    """The row groups that hold a piece, and how many rows of them come before it."""
    counts = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    ends = list(accumulate(counts))
    groups = [i for i, end in enumerate(ends) if end > piece.start and end - counts[i] < piece.end]
    return groups, piece.start - (ends[groups[0]] - counts[groups[0]])


def _rows(batches: Iterator[Any], fields: Fields) -> Iterator[tuple[Any, Any]]:
    for batch in batches:
        found = {name: _values(batch.column(name)) for name in batch.schema.names}
        yield from zip(found[fields.text], found.get(fields.id, [None] * len(batch)), strict=True)


def _values(column: Any) -> list[Any]:
    """The values of a column; strings as bytes, since a file may hold what is not UTF-8."""
    pyarrow = import_pyarrow()
    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
        column = column.cast(pyarrow.large_binary())
    values: list[Any] = column.to_pylist()
    return values


def _text(value: Any) -> Any:
    return value.decode("utf-8") if isinstance(value, bytes) else value


def _spacy(piece: Piece, fields: Fields) -> Iterator[Record | Reject]:
    docs = islice(read_docs(piece.source.path, Vocab()), piece.start, piece.end)
    for number, doc in enumerate(docs, start=piece.start + 1):
        yield _record(piece, number, doc.text, doc_id(doc))


def _record(piece: Piece, number: int, text: Any, id: Any) -> Record:
    """A record whose text can be stored as UTF-8.

    RAISES DistillError: If there is no such text.
    """
    if not isinstance(text, str):
        raise DistillError(f"Expected a string as text, found {type(text).__name__}")
    text.encode()
    name = f"{printable(piece.source.name)}:{number}" if id is None else str(id)
    name.encode()
    return Record(number, name, text)


def printable(name: str) -> str:
    """The name of a file, with what is not UTF-8 in it written out."""
    return name.encode(errors="backslashreplace").decode()


def _numbered(piece: Piece) -> Iterator[tuple[int, bytes | Reject]]:
    """The lines of a piece with their numbers, from 1 in the file."""
    with opened(piece.source.path) as stream:
        try:
            if piece.source.path.suffix == ".gz":
                for _ in range(piece.start):
                    _line(stream)
            else:
                stream.seek(piece.offset)
            for number in range(piece.start + 1, piece.end + 1):
                raw = _line(stream)
                yield number, raw if len(raw) <= LONGEST else _too_long(number, raw)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise damaged(piece.source.path, error) from error


def _line(stream: BinaryIO) -> bytes:
    """The next line; of one that is too long the beginning."""
    raw = rest = stream.readline(LONGEST + 1)
    while len(rest) > LONGEST and not rest.endswith(b"\n"):
        rest = stream.readline(LONGEST + 1)
    return raw


def _too_long(number: int, raw: bytes) -> Reject:
    return Reject(number, f"Longer than {LONGEST >> 20} MiB", _excerpt(raw))


def _excerpt(raw: bytes) -> str:
    return raw[: 4 * SHOWN].decode("utf-8", "backslashreplace")[:SHOWN]


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"Expected UTF-8, found the byte {error.object[error.start]:#04x} at position {error.start}"
    if isinstance(error, UnicodeEncodeError):
        return "The text holds half of a surrogate pair, which is no character"
    if isinstance(error, json.JSONDecodeError):
        return f"Not JSON: {error.msg} at character {error.pos + 1}"
    return str(error).rstrip(".")
