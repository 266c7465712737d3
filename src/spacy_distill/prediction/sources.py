"""The files of a corpus to predict, found and cut into chunks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np

from ..corpus.docbin import read_shard
from ..corpus.files import GZIP_ERRORS, damaged, digest, digest_of, files_within, open_binary, source_name
from ..errors import DistillError

BLOCK = 1 << 20
NEWLINE = 10


class SourceKind(StrEnum):
    """What a source is, and so how it is read."""

    jsonl = "jsonl"
    lines = "lines"  # text, one document a line
    texts = "texts"  # a folder of text, one document a file
    parquet = "parquet"
    spacy = "spacy"


SUFFIXES = {
    ".jsonl": SourceKind.jsonl,
    ".jsonl.gz": SourceKind.jsonl,
    ".txt": SourceKind.lines,
    ".txt.gz": SourceKind.lines,
    ".parquet": SourceKind.parquet,
    ".spacy": SourceKind.spacy,
}


@dataclass(frozen=True)
class Source:
    """A file, or a folder of text files.

    path: where it is.
    name: its place within the corpus, for people and in ids: no `.gz`.
    kind: how it is read.
    files: the text files of a folder.
    """

    path: Path
    name: str
    kind: SourceKind
    files: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """How the names of its shards begin."""
        return "texts" if self.kind is SourceKind.texts else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Chunk:
    """Some records of a source.

    name: name of its shard, without a suffix.
    source: where the records are; of a folder of texts only the chunk's own files.
    start: number of its first record, from 0.
    end: number after its last one.
    digest: SHA-256 of what it is made of.
    offset: where it begins in an uncompressed file of lines, in bytes.
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


def find_sources(path: Path, *, lines: bool | None = None) -> list[Source]:
    """The sources of a corpus, in the order of their names.

    path: a file, or a folder searched at any depth. Names that begin with "." or "_" are passed over, as
        readers of Parquet do: in an output of `predict` they hold what is not a prediction.
    lines: text has one document a line, or one a file; None: a line of a file, a file of a folder.
    RETURNS: the sources, of one format.
    RAISES DistillError: if there is none, or more than one format, or two would have the same name.
    """
    path = Path(path)
    allowed = ", ".join(SUFFIXES)
    if path.is_file():
        kind = _kind(path)
        if kind is None:
            raise DistillError(f"{path}: expected a file of {allowed}, or a folder of them.")
        if kind is SourceKind.lines and lines is False:
            return [Source(path.parent, path.name, SourceKind.texts, (path.name,))]
        return [Source(path, source_name(path), kind)]
    if not path.is_dir():
        raise DistillError(f"No such corpus: {path}. Expected a file or folder of {allowed}.")
    names = [file.relative_to(path) for file in files_within(path)]
    files = {n: k for n in names if (k := _kind(n)) and not any(part[0] in "._" for part in n.parts)}
    if not files:
        raise DistillError(f"The folder {path} holds no file of {allowed}.")
    first = {kind: name for name, kind in reversed(files.items())}
    if len(first) > 1:
        shown = ", ".join(map(str, first.values()))
        raise DistillError(f"{path} holds files of several formats ({shown}). Give each a folder of its own.")
    if SourceKind.lines in first and not lines:
        return [Source(path, path.name, SourceKind.texts, tuple(name.as_posix() for name in files))]
    sources: dict[str, Source] = {}
    for name, kind in files.items():
        source = Source(path / name, name.as_posix().removesuffix(".gz"), kind)
        if (one := sources.setdefault(source.name, source)) is not source:
            both = f"{one.path} and {source.path}"
            raise DistillError(f"{both} would have shards and ids of the same names. Keep one of them.")
    return list(sources.values())


def _kind(name: Path) -> SourceKind | None:
    return next((kind for suffix, kind in reversed(SUFFIXES.items()) if name.name.endswith(suffix)), None)


def cut(source: Source, size: int, text_field: str) -> Iterator[Chunk]:
    """Cut a source into chunks.

    source: the source.
    size: records of a chunk, at least 1.
    text_field: the column of Parquet that must be there.
    YIELDS: the chunks, in order.
    RAISES DistillError: if the source is damaged, or has no such column.
    RAISES OSError: if it cannot be read.
    """
    if source.kind in (SourceKind.jsonl, SourceKind.lines):
        with open_binary(source.path) as stream:
            yield from _cut_lines(source, stream, size)
    elif source.kind is SourceKind.texts:
        for start in range(0, len(source.files), size):
            files = source.files[start : start + size]
            content = digest_of((name, source.path / name) for name in files)
            yield _chunk(replace(source, files=files), start, start + len(files), content, size)
    else:
        count, content = _count(source, text_field), digest(source.path)
        for start in range(0, count, size):
            yield _chunk(source, start, min(start + size, count), content, size)


def _chunk(source: Source, start: int, end: int, content: str, size: int, offset: int = 0) -> Chunk:
    return Chunk(f"{source.stem}-{start // size:05}", source, start, end, content, offset)


def _count(source: Source, text_field: str) -> int:
    if source.kind is SourceKind.spacy:
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


def _cut_lines(source: Source, stream: BinaryIO, size: int) -> Iterator[Chunk]:
    content, start, lines, offset, position = hashlib.sha256(), 0, 0, 0, 0
    open_line = False
    try:
        while block := stream.read(BLOCK):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE) + 1
            begin, used = 0, 0
            while len(ends) - used >= size - lines:
                end, used = int(ends[used + size - lines - 1]), used + size - lines
                content.update(block[begin:end])
                yield _chunk(source, start, start + size, content.hexdigest(), size, offset)
                content, start, lines, begin = hashlib.sha256(), start + size, 0, end
                offset = position + end
            content.update(block[begin:])
            lines += len(ends) - used
            position += len(block)
            open_line = block[-1] != NEWLINE
    except GZIP_ERRORS as error:
        raise damaged(source.path, error) from error
    if lines or open_line:
        yield _chunk(source, start, start + lines + open_line, content.hexdigest(), size, offset)


def import_pyarrow() -> ModuleType:
    """The library of Parquet files.

    RAISES DistillError: if it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.lib
        import pyarrow.parquet
    except ImportError as error:
        raise DistillError("Parquet needs pyarrow: pip install 'spacy-distill[ray]'.") from error
    module: ModuleType = pyarrow
    return module
