"""The records of a chunk: id and text of each, or why it has none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, islice
from typing import Any, BinaryIO

from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.files import GZIP_ERRORS, damaged, open_binary, parse_object, repair_text
from ..corpus.provenance import doc_id
from ..corpus.text import check_tokenizable
from ..errors import DistillError
from .sources import Chunk, SourceKind, import_pyarrow

# A longer line or text file is set aside without being in memory as a whole, in bytes.
LONGEST = 1 << 26
# Rows of Parquet that are in memory at a time.
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

    number: its line, row or place in its source, from 1.
    id: its own id, or the source's name and its number.
    text: its text.
    """

    number: int
    id: str
    text: str


@dataclass(frozen=True)
class Reject:
    """A record that cannot be predicted, and why.

    excerpt: how it begins.
    """

    number: int
    reason: str
    excerpt: str = ""


def read_records(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    """Read a chunk, with little of it in memory at a time.

    chunk: the chunk.
    fields: where its text and ids are.
    YIELDS: its records in order; empty lines are none.
    RAISES DistillError: if the source is damaged.
    """
    readers = {
        SourceKind.jsonl: _read_jsonl,
        SourceKind.lines: _read_lines,
        SourceKind.texts: _read_texts,
        SourceKind.parquet: _read_parquet,
        SourceKind.spacy: _read_spacy,
    }
    return readers[chunk.source.kind](chunk, fields)


def _read_jsonl(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    def parse(raw: bytes) -> tuple[Any, Any]:
        row = parse_object(raw.decode("utf-8-sig"))
        if fields.text not in row:
            raise DistillError(f"the object has no {fields.text!r}")
        return row[fields.text], row.get(fields.id)

    return _parsed_lines(chunk, parse)


def _read_lines(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    return _parsed_lines(chunk, _plain_text)


def _read_texts(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    for number, name in enumerate(chunk.source.files, start=chunk.start + 1):
        path = chunk.source.path / name
        try:
            with open_binary(path) as stream:
                raw = stream.read(LONGEST + 1)
        except GZIP_ERRORS as error:
            yield Reject(number, f"{name}: {damaged(path, error)}")
            continue
        found = _record(chunk, number, raw, partial(_plain_text, id=name))
        yield found if isinstance(found, Record) else Reject(number, f"{name}: {found.reason}", found.excerpt)


def _read_parquet(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    pyarrow = import_pyarrow()
    try:
        with pyarrow.parquet.ParquetFile(chunk.source.path) as file:
            columns = [name for name in (fields.text, fields.id) if name in file.schema_arrow.names]
            groups, skipped = _row_groups(file.metadata, chunk)
            rows = islice(_rows(file.iter_batches(ROWS, groups, columns), fields), skipped, None)
            for number, row in zip(range(chunk.start + 1, chunk.end + 1), rows, strict=False):
                yield _record(chunk, number, row, _decoded)
    except pyarrow.lib.ArrowException as error:
        raise damaged(chunk.source.path, error) from error


def _row_groups(metadata: Any, chunk: Chunk) -> tuple[list[int], int]:
    """The row groups that hold a chunk, and how many rows of them come before it."""
    counts = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    ends = list(accumulate(counts))
    groups = [i for i, end in enumerate(ends) if end > chunk.start and end - counts[i] < chunk.end]
    return groups, chunk.start - (ends[groups[0]] - counts[groups[0]])


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


def _plain_text(raw: bytes, id: str | None = None) -> tuple[Any, Any]:
    return raw.decode("utf-8-sig").strip(), id


def _decoded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.decode() if isinstance(value, bytes) else value for value in row)


def _read_spacy(chunk: Chunk, fields: Fields) -> Iterator[Record | Reject]:
    docs = islice(read_docs(chunk.source.path, Vocab()), chunk.start, chunk.end)
    for number, doc in enumerate(docs, start=chunk.start + 1):
        yield _record(chunk, number, doc, lambda doc: (doc.text, doc_id(doc)))


def _parsed_lines(chunk: Chunk, parse: Callable[[bytes], tuple[Any, Any]]) -> Iterator[Record | Reject]:
    """The lines of a chunk, numbered from 1 in the file."""
    with open_binary(chunk.source.path) as stream:
        try:
            if chunk.source.path.suffix == ".gz":
                for _ in range(chunk.start):
                    _line(stream)
            else:
                stream.seek(chunk.offset)
            for number in range(chunk.start + 1, chunk.end + 1):
                raw = _line(stream)
                if raw.strip():
                    yield _record(chunk, number, raw, parse)
        except GZIP_ERRORS as error:
            raise damaged(chunk.source.path, error) from error


def _line(stream: BinaryIO) -> bytes:
    """The next line; of one that is too long the beginning."""
    raw = rest = stream.readline(LONGEST + 1)
    while len(rest) > LONGEST and not rest.endswith(b"\n"):
        rest = stream.readline(LONGEST + 1)
    return raw


def _record(chunk: Chunk, number: int, raw: Any, parse: Callable[[Any], tuple[Any, ...]]) -> Record | Reject:
    """A record whose text can be stored as UTF-8, or why there is none.

    parse: gives its text and id.
    """
    try:
        if isinstance(raw, bytes) and len(raw) > LONGEST:
            raise DistillError(f"longer than {LONGEST >> 20} MiB")
        text, id = parse(raw)
        if not isinstance(text, str):
            raise DistillError(f"expected a string as text, found {type(text).__name__}")
        check_tokenizable(text)
    except UnicodeDecodeError as error:
        reason = f"expected UTF-8, found the byte {error.object[error.start]:#04x} at position {error.start}"
        return _reject(number, reason, raw)
    except DistillError as error:
        return _reject(number, str(error), raw)
    name = f"{chunk.source.name}:{number}" if id is None else str(id)
    # The name of a file may hold bytes that are not UTF-8: they are written out.
    return Record(number, name.encode(errors="backslashreplace").decode(), repair_text(text))


def _reject(number: int, reason: str, raw: Any) -> Reject:
    start = raw[: 4 * SHOWN].decode("utf-8", "backslashreplace")[:SHOWN] if isinstance(raw, bytes) else ""
    return Reject(number, reason, start)
