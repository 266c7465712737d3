"""Plain text, and what any reader could not use."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ..provenance import set_origin


@dataclass
class Found:
    """Counters that a reader fills while it reads.

    empty: Rows, lines or files without text.
    rejected: Rows that an annotator rejected or passed over (`answer` is "reject" or "ignore").
    misfits: Spans that do not fit token borders, each with file and line; their tokens became
        missing, neither entity nor "O".
    """

    empty: int = 0
    rejected: int = 0
    misfits: list[str] = field(default_factory=list)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 text file line by line.

    path: The file; one that ends in `.gz` is unpacked.
    YIELDS: The line's number, from 1, and its text without the line break.
    RAISES DistillError: If the file does not exist, is damaged or is not UTF-8.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise bad_line(
                path, number, f"expected UTF-8 text, found the byte {raw[error.start]:#04x}"
            ) from None
        yield number, line.rstrip("\r\n")


def read_whole(path: Path) -> str:
    """The text of a whole file, see `read_lines`; line breaks become "\\n"."""
    return "\n".join(line for _, line in read_lines(path))


def bad_line(path: Path, number: int, problem: str) -> DistillError:
    """The error to raise for a line that cannot be used."""
    return DistillError(f"{path}, line {number}: {problem}.")


def source_name(path: Path) -> str:
    """The file's name as document ids begin with it: without `.gz`."""
    return path.name.removesuffix(".gz")


def _raw_lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        kind = "is a folder; expected one file" if path.is_dir() else "does not exist"
        raise DistillError(f"{path} {kind}.")
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DistillError(
            f"{path} is not a gzip file, or is damaged: {error}. Unpack it by hand."
        ) from error


SUFFIXES = (".txt", ".txt.gz")


def read_text(path: Path, nlp: Language, found: Found, *, lines: bool = False) -> Iterator[Doc]:
    """Read unlabelled text.

    path: A file with one document a line, or a folder whose `.txt` and `.txt.gz` files, at any depth,
        are one document each.
    nlp: Its tokenizer is used.
    found: Counts the lines and files without text.
    lines: Whether each line of a folder's files is a document.
    YIELDS: Documents without entity annotation; their text is that of the source, outer space stripped.
    RAISES DistillError: If there is nothing to read or a file is not UTF-8 text.
    """
    if path.is_dir():
        rows = _read_folder(path, lines)
    else:
        name = source_name(path)
        rows = ((f"{name}:{number}", path.name, line) for number, line in read_lines(path))
    for id, source, text in rows:
        text = text.strip()
        if text:
            yield set_origin(nlp.make_doc(text), id=id, document=id, source=source)
        else:
            found.empty += 1


def _read_folder(path: Path, lines: bool) -> Iterator[tuple[str, str, str]]:
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(SUFFIXES))
    if not files:
        raise DistillError(f"The folder {path} holds no .txt or .txt.gz file.")
    for file in files:
        id = file.relative_to(path).as_posix()
        if lines:
            yield from ((f"{id}:{number}", id, line) for number, line in read_lines(file))
        else:
            yield id, id, read_whole(file)
