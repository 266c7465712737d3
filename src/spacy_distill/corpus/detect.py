"""Which format a file or folder has, seen from its content."""

import re
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

from ..errors import DistillError
from .files import files_within, read_lines
from .formats.base import SHOWN, Format, Head, ending
from .formats.known import FORMATS, find_format

FEW_LINES = 5  # Lines a file on average, from which on a folder of them looks line-wise.
FINAL = re.compile(r"[.!?:;…。！？]['\"”’»)\]]*$")
TEXT = (".txt",)
STANDOFF = ".ann"


class Guess(NamedTuple):
    """What a file or folder looks like.

    format: its format.
    reason: by what it was recognised, in words.
    """

    format: Format
    reason: str


def guess_format(path: Path) -> Guess:
    """The format of a file, or of the files of a folder.

    path: the file, gzip or not, or the folder.
    RAISES DistillError: if there is no such file, or it is of no known format.
    """
    head = Head(path)
    if path.is_dir():
        for format in FORMATS:
            if format.whole_folder and (reason := format.recognise(head)):
                return Guess(format, reason)
        return guess_format(_usual_files(path)[0])
    return next(Guess(format, reason) for format in FORMATS if (reason := format.recognise(head)))


def files_of(src: Path, format: Format) -> dict[Path, str]:
    """The files of a source, with their names in ids.

    src: a file, or a folder whose files are found at any depth.
    RAISES DistillError: if a folder holds none of the format.
    """
    if not src.is_dir() or (format.whole_folder and format.recognise(Head(src))):
        return {src: src.name}
    files = files_within(src)
    # Columns are often called .txt too.
    for endings in (format.endings, TEXT if format.by_sentence else ()):
        if found := [file for file in files if ending(file) in endings]:
            return {file: file.relative_to(src).as_posix() for file in found}
    raise DistillError(f"The folder {src} holds no {' or '.join(format.endings)} file (.gz too).")


def is_linewise(path: Path) -> bool:
    """Whether a path is a folder of text files that look as if each line were a document of its own.

    They do if they have several lines without blank ones between, and lines do not run on into the next.
    """
    text = find_format("text")
    if not path.is_dir() or guess_format(path).format is not text:
        return False
    files = list(files_of(path, text))[:SHOWN]
    lines: list[str] = []
    for file in files:
        own = [line.strip() for _, line in islice(read_lines(file), SHOWN)]
        if "" in own[:-1]:
            return False
        lines += [*filter(None, own), ""]
    running = sum(
        bool(line) and not FINAL.search(line) and after[:1].islower() for line, after in pairwise(lines)
    )
    return len(lines) - len(files) >= FEW_LINES * len(files) and running < 0.1 * len(lines)


def _usual_files(folder: Path) -> list[Path]:
    """The files of the endings of the format that is the most frequent one by endings."""
    known = dict.fromkeys(format.endings for format in FORMATS)
    files = files_within(folder)
    if any(ending(path) == STANDOFF for path in files):
        raise DistillError(
            f"The folder {folder} holds {STANDOFF} files of brat, which are not read. Write JSON Lines or "
            "CoNLL; --format text reads the texts alone."
        )
    counts = Counter(ending(path) for path in files)
    endings = max(known, key=lambda some: sum(counts[one] for one in some))
    found = [path for path in files if ending(path) in endings]
    if not found:
        every = ", ".join(dict.fromkeys(one for some in known for one in some))
        raise DistillError(f"The folder {folder} holds no file that can be read: {every} (.gz too).")
    return found
