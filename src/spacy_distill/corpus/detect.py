"""Which format a file or folder has, seen from its beginning."""

import json
import re
from collections import Counter
from enum import StrEnum
from itertools import islice, pairwise
from pathlib import Path

from ..errors import DistillError
from .files import read_lines


class ImportFormat(StrEnum):
    """The formats that can be read."""

    conll = "conll"
    jsonl = "jsonl"
    csv = "csv"
    text = "text"
    spacy = "spacy"


# What is read as columns whatever it looks like.
COLUMNS = (".conll", ".conllu", ".iob", ".bio")
# Endings by which the files of a folder are found; `.gz` may stand behind each.
ENDINGS: dict[ImportFormat, tuple[str, ...]] = {
    ImportFormat.text: (".txt",),
    ImportFormat.jsonl: (".jsonl", ".ndjson"),
    ImportFormat.csv: (".csv",),
    ImportFormat.conll: (*COLUMNS, ".tsv"),
    ImportFormat.spacy: (".spacy",),
}
CONLLU_TABS = 9
MOST = 0.8  # Share of the lines that end with a tag, in a file of columns.
SHOWN = 200  # Lines that are looked at.
FEW_LINES = 5  # Lines a file on average, from which on a folder of them looks line-wise.
TAG = re.compile(r"O|[BIESLU]-\S+")
FINAL = re.compile(r"[.!?:;…。！？]['\"”’»)\]]*$")


def guess_format(path: Path) -> ImportFormat:
    """The format of a file, or of the files of a folder.

    path: the file, gzip or not, or the folder.
    RETURNS: "conll", "jsonl", "csv", "text" or "spacy".
    RAISES DistillError: if there is no such file, or it is of none of these.
    """
    if path.is_dir():
        return _format_of_folder(path)
    if _ending(path) == ".spacy":
        return ImportFormat.spacy
    lines = [line for _, line in islice(read_lines(path), SHOWN) if line.strip()]
    if not lines:
        raise DistillError(f"{path} is empty.")
    if _is_object(lines[0]):
        return ImportFormat.jsonl
    if lines[0].lstrip().startswith(("[", "{")) and _ending(path) not in ENDINGS[ImportFormat.text]:
        raise DistillError(f"{path} looks like JSON, but is read as JSON Lines: write one object a line.")
    if _ending(path) == ".csv":
        return ImportFormat.csv
    if _ending(path) in (".parquet", ".xml", ".xlsx"):
        raise DistillError(
            f"{path}: {_ending(path)} files are not read. Write JSON Lines, CSV, CoNLL columns or plain text."
        )
    rows = [line.split() for line in lines if not line.startswith(("-DOCSTART-", "#"))]
    tagged = sum(len(columns) > 1 and TAG.fullmatch(columns[-1]) is not None for columns in rows)
    numbered = sum(line.count("\t") == CONLLU_TABS and line[0].isdigit() for line in lines)
    if _ending(path) in COLUMNS or (rows and max(tagged, numbered) >= MOST * len(rows)):
        return ImportFormat.conll
    return ImportFormat.text


def files_of(folder: Path, format: ImportFormat) -> list[Path]:
    """The files of a format in a folder, at any depth, sorted.

    RAISES DistillError: if there is none.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    # Columns are often called .txt too.
    for endings in (ENDINGS[format], ENDINGS[ImportFormat.text] if format == ImportFormat.conll else ()):
        if found := [file for file in files if _ending(file) in endings]:
            return found
    raise DistillError(f"The folder {folder} holds no {' or '.join(ENDINGS[format])} file (.gz too).")


def is_linewise(path: Path) -> bool:
    """Whether a path is a folder of text files that look as if each line were a document of its own.

    They do if they have several lines without blank ones between, and lines do not run on into the next.
    """
    if not path.is_dir() or guess_format(path) != ImportFormat.text:
        return False
    files = files_of(path, ImportFormat.text)[:SHOWN]
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


def _format_of_folder(folder: Path) -> ImportFormat:
    endings = Counter(_ending(path) for path in folder.rglob("*") if path.is_file())
    counts = {format: sum(endings[ending] for ending in known) for format, known in ENDINGS.items()}
    format = max(counts, key=lambda name: counts[name])
    if not counts[format]:
        known = ", ".join(ending for some in ENDINGS.values() for ending in some)
        raise DistillError(f"The folder {folder} holds no file that can be read: {known} (.gz too).")
    return guess_format(files_of(folder, format)[0]) if format == ImportFormat.text else format


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
