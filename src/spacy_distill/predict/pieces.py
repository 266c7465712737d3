"""Sources cut into pieces of so many records: each becomes one shard of the output."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

import numpy as np

from ..corpus.docbin import read_shard
from ..engines.digests import digest
from .sources import Kind, Source

BLOCK = 1 << 20
NEWLINE = 10


@dataclass(frozen=True)
class Piece:
    """Some records of a source.

    name (str): Name of its shard, without a suffix.
    source (Source): Where the records are; of a folder of texts only the piece's own files.
    start (int): Number of its first record, from 0.
    end (int): Number after its last one.
    digest (str): SHA-256 of what it is made of.
    offset (int): Where it begins in an uncompressed file of lines, in bytes.
    """

    name: str
    source: Source
    start: int
    end: int
    digest: str
    offset: int = 0

    @property
    def records(self) -> int:
        """How many records there are, good and bad."""
        return self.end - self.start


def cut(source: Source, size: int, text_field: str) -> Iterator[Piece]:
    """Cut a source into pieces.

    source (Source): The source.
    size (int): Records of a piece.
    text_field (str): The column of Parquet that must be there.
    YIELDS (Piece): The pieces, in order.
    RAISES (ValueError): If the source is damaged, or has no such column.
    RAISES (OSError): If it cannot be read.
    """
    if source.kind in (Kind.jsonl, Kind.lines):
        with opened(source.path) as stream:
            yield from _cut_lines(source, stream, size)
    elif source.kind is Kind.texts:
        for start in range(0, len(source.files), size):
            files = source.files[start : start + size]
            total = hashlib.sha256()
            for name in files:
                line = f"{name}\0{digest(source.path / name)}\n"
                total.update(line.encode(errors="surrogateescape"))
            yield _piece(replace(source, files=files), start, start + len(files), total.hexdigest(), size)
    else:
        count, content = _count(source, text_field), digest(source.path)
        for start in range(0, count, size):
            yield _piece(source, start, min(start + size, count), content, size)


def opened(path: Path) -> BinaryIO:
    """A file of lines, unpacked if it is a `.gz`."""
    return cast(BinaryIO, gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def damaged(path: Path, error: Exception) -> ValueError:
    """What to raise for a file that cannot be read as what it is called."""
    return ValueError(f"{path} is damaged, or not what its name says: {type(error).__name__}: {error}")


def import_pyarrow() -> ModuleType:
    """The library of Parquet files.

    RAISES (ValueError): If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.lib
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError("Parquet needs pyarrow: pip install 'spacy-distill[ray]'.") from error
    module: ModuleType = pyarrow
    return module


def _piece(source: Source, start: int, end: int, content: str, size: int, offset: int = 0) -> Piece:
    return Piece(f"{source.stem}-{start // size:05}", source, start, end, content, offset)


def _count(source: Source, text_field: str) -> int:
    if source.kind is Kind.spacy:
        return len(read_shard(source.path))
    pyarrow = import_pyarrow()
    try:
        metadata = pyarrow.parquet.read_metadata(source.path)
    except pyarrow.lib.ArrowException as error:
        raise damaged(source.path, error) from error
    names = metadata.schema.to_arrow_schema().names
    if text_field not in names:
        raise ValueError(
            f"{source.path} has no column {text_field!r}. Give one of its own with --text-field: "
            f"{', '.join(names)}."
        )
    return int(metadata.num_rows)


def _cut_lines(source: Source, stream: BinaryIO, size: int) -> Iterator[Piece]:
    content, start, lines, offset, position = hashlib.sha256(), 0, 0, 0, 0
    open_line = False
    try:
        while block := stream.read(BLOCK):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE) + 1
            begin, used = 0, 0
            while len(ends) - used >= size - lines:
                end, used = int(ends[used + size - lines - 1]), used + size - lines
                content.update(block[begin:end])
                yield _piece(source, start, start + size, content.hexdigest(), size, offset)
                content, start, lines, begin = hashlib.sha256(), start + size, 0, end
                offset = position + end
            content.update(block[begin:])
            lines += len(ends) - used
            position += len(block)
            open_line = block[-1] != NEWLINE
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged(source.path, error) from error
    if lines or open_line:
        yield _piece(source, start, start + lines + open_line, content.hexdigest(), size, offset)
