"""The files that a prediction reads and writes."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

import numpy as np

from ..corpus.docbin import read_shard
from ..corpus.files import digest
from ..errors import DistillError


class Format(StrEnum):
    """The formats of the output; the suffix of a shard is its name."""

    jsonl = "jsonl"
    parquet = "parquet"
    spacy = "spacy"


class Kind(StrEnum):
    """What a source is, and so how it is read."""

    jsonl = "jsonl"
    lines = "lines"  # text, one document a line
    texts = "texts"  # a folder of text, one document a file
    parquet = "parquet"
    spacy = "spacy"


SUFFIXES = {
    ".jsonl": Kind.jsonl,
    ".jsonl.gz": Kind.jsonl,
    ".txt": Kind.lines,
    ".txt.gz": Kind.lines,
    ".parquet": Kind.parquet,
    ".spacy": Kind.spacy,
}


@dataclass(frozen=True)
class Source:
    """A file, or a folder of text files.

    path: Where it is.
    name: Its place within the corpus, for people and in ids: no `.gz`.
    kind: How it is read.
    files: The text files of a folder.
    """

    path: Path
    name: str
    kind: Kind
    files: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """How the names of its shards begin."""
        return "texts" if self.kind is Kind.texts else self.name.rpartition(".")[0]


def find_sources(path: Path, *, lines: bool | None = None) -> list[Source]:
    """The sources of a corpus, in the order of their names.

    path: A file, or a folder searched at any depth. Names that begin with "." or "_" are passed over,
        as readers of Parquet do: in an output of `predict` they hold what is not a prediction.
    lines: Text has one document a line, or one a file; None: a line of a file, a file of a
        folder.
    RETURNS: The sources, of one format.
    RAISES DistillError: If there is none, or more than one format.
    """
    path = Path(path)
    if path.is_file():
        kind = _kind(path)
        if kind is Kind.lines and lines is False:
            return [Source(path.parent, path.name, Kind.texts, (path.name,))]
        return [Source(path, path.name.removesuffix(".gz"), kind)]
    if not path.is_dir():
        raise DistillError(f"No such corpus: {path}. Expected a file or folder of {_allowed()}.")
    names = sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())
    files = [name for name in names if _suffix(name) and not any(part[0] in "._" for part in name.parts)]
    if not files:
        raise DistillError(f"The folder {path} holds no file of {_allowed()}.")
    kinds = {_kind(name): name for name in reversed(files)}
    if len(kinds) > 1:
        shown = ", ".join(map(str, kinds.values()))
        raise DistillError(f"{path} holds files of several formats ({shown}). Give each a folder of its own.")
    if Kind.lines in kinds and not lines:
        return [Source(path, path.name, Kind.texts, tuple(name.as_posix() for name in files))]
    sources = [Source(path / name, name.as_posix().removesuffix(".gz"), _kind(name)) for name in files]
    _refuse_twins(sources)
    return sources


def _refuse_twins(sources: list[Source]) -> None:
    known: dict[str, Source] = {}
    for source in sources:
        one = known.setdefault(source.name, source)
        if one is not source:
            raise DistillError(
                f"{one.path} and {source.path} would have shards and ids of the same names. Keep one of them."
            )


def _suffix(name: Path) -> str | None:
    return next((suffix for suffix in reversed(SUFFIXES) if name.name.endswith(suffix)), None)


def _kind(name: Path) -> Kind:
    suffix = _suffix(name)
    if suffix is None:
        raise DistillError(f"{name}: expected a file of {_allowed()}, or a folder of them.")
    return SUFFIXES[suffix]


def _allowed() -> str:
    return ", ".join(SUFFIXES)


BLOCK = 1 << 20
NEWLINE = 10


@dataclass(frozen=True)
class Piece:
    """Some records of a source.

    name: Name of its shard, without a suffix.
    source: Where the records are; of a folder of texts only the piece's own files.
    start: Number of its first record, from 0.
    end: Number after its last one.
    digest: SHA-256 of what it is made of.
    offset: Where it begins in an uncompressed file of lines, in bytes.
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

    source: The source.
    size: Records of a piece.
    text_field: The column of Parquet that must be there.
    YIELDS: The pieces, in order.
    RAISES DistillError: If the source is damaged, or has no such column.
    RAISES OSError: If it cannot be read.
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

    RAISES DistillError: If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.lib
        import pyarrow.parquet
    except ImportError as error:
        raise DistillError("Parquet needs pyarrow: pip install 'spacy-distill[ray]'.") from error
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
        raise DistillError(
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
