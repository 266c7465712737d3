"""Text files, plain or gzip, line by line, with errors that name file and line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 text file line by line.

    path (Path): The file; one that ends in `.gz` is unpacked.
    YIELDS (tuple[int, str]): The line's number, from 1, and its text without the line break.
    RAISES (ValueError): If the file does not exist, is damaged or is not UTF-8.
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


def bad_line(path: Path, number: int, problem: str) -> ValueError:
    """The error to raise for a line that cannot be used."""
    return ValueError(f"{path}, line {number}: {problem}.")


def source_name(path: Path) -> str:
    """The file's name as document ids begin with it: without `.gz`."""
    return path.name.removesuffix(".gz")


def _raw_lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        kind = "is a folder; expected one file" if path.is_dir() else "does not exist"
        raise ValueError(f"{path} {kind}.")
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a gzip file, or is damaged: {error}. Unpack it by hand.") from error
