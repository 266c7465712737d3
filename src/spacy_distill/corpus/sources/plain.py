"""Plain text: a file with one document a line, or a folder with one document a file."""

from collections.abc import Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ..provenance import set_origin
from .found import Found
from .lines import read_lines, read_whole, source_name

SUFFIXES = (".txt", ".txt.gz")


def read_text(path: Path, nlp: Language, found: Found) -> Iterator[Doc]:
    """Read unlabelled text.

    path (Path): A file with one document a line, or a folder whose `.txt` and `.txt.gz` files, at any depth,
        are one document each.
    nlp (Language): Its tokenizer is used.
    found (Found): Counts the lines and files without text.
    YIELDS (Doc): Documents without entity annotation; their text is that of the source, outer space stripped.
    RAISES (ValueError): If there is nothing to read or a file is not UTF-8 text.
    """
    if path.is_dir():
        rows = _read_folder(path)
    else:
        name = source_name(path)
        rows = ((f"{name}:{number}", path.name, line) for number, line in read_lines(path))
    for id, source, text in rows:
        text = text.strip()
        if text:
            yield set_origin(nlp.make_doc(text), id=id, document=id, source=source)
        else:
            found.empty += 1


def _read_folder(path: Path) -> Iterator[tuple[str, str, str]]:
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(SUFFIXES))
    if not files:
        raise ValueError(f"The folder {path} holds no .txt or .txt.gz file.")
    for file in files:
        id = file.relative_to(path).as_posix()
        yield id, id, read_whole(file)
