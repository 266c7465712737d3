"""What a format is: how it is recognised, read and written, and what it can hold of a document."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Protocol

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ..categories import CategoryFields
from ..entities import words_of
from ..files import parse_object, read_json, read_lines, write_bytes
from ..sampling import WHOLE, ArticleRange
from ..text import ReadIssues

AUTO = "auto"
SHOWN = 200  # Lines of a file that are looked at.
PAIR = 2
# What a document has that a format may be unable to hold: the spaces between words; token borders; labels;
# that of some tokens, or of all of them, nothing is known; classes of documents.
PARTS = ("text", "tokens", "labels", "missing", "unlabelled", "ids", "articles", "meta", "classes")


@dataclass(frozen=True)
class Columns:
    """Which column holds what: 1 is the first, -1 the last.

    token: the words; None: the first, or the second where the first counts them.
    label: the entity tags, in CoNLL-U also the name of a column or of a key in MISC; None: the last, which
        must not be "O" throughout where another one has entities.
    """

    token: int | None = None
    label: int | str | None = None

    def __post_init__(self) -> None:
        for what, column in (("token", self.token), ("label", self.label)):
            if column == 0 or (what == "label" and column == (self.token or 1)):
                raise DistillError(
                    f"The {what} column cannot be {column}: 1 is the first column, -1 the last, and tokens "
                    "and labels are in different ones."
                )


def column_of(text: str | None) -> int | str | None:
    """A column as it is typed: a number, or a name."""
    return int(text) if text is not None and re.fullmatch(r"[+-]?\d+", text) else text


@dataclass(frozen=True)
class ImportOptions:
    """What to read, how, and which part of it to keep.

    format: name of a format; "auto": what it looks like.
    lang: Language code of the tokenizer for untokenised text.
    sentences: one document a sentence, or one an article (or row); None: a sentence for
        columns, a row otherwise.
    columns: columns: which one holds what.
    fields: JSON and CSV: where text and classes are.
    documents: the part of the articles to take.
    exclude: corpora no sentence of which may be taken.
    limit: size of the sample to take of what is left, at least 1; None: all.
    seed: seed of the sample and of a shuffled part.
    by_label: whether the sample has as many documents of one label as of another, as far as there are.
    lines: text: whether each line of a folder's files is a document, or each file; None: each file, and
        what looks otherwise is noted.
    skip_bad: whether rows that cannot be used are left out and listed, instead of being an error.
    split: data sets: which split to read; None: the only one.
    """

    format: str = AUTO
    lang: str = "en"
    sentences: bool | None = None
    columns: Columns = field(default_factory=Columns)
    fields: CategoryFields = field(default_factory=CategoryFields)
    documents: ArticleRange = WHOLE
    exclude: tuple[Path, ...] = ()
    limit: int | None = None
    seed: int = 0
    by_label: bool = False
    lines: bool | None = None
    skip_bad: bool = False
    split: str | None = None


class Head:
    """A file or folder as far as it is looked at to recognise its format."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ending = ending(path)

    @cached_property
    def lines(self) -> list[str]:
        """The first lines that are not blank."""
        return [line for _, line in islice(read_lines(self.path), SHOWN) if line.strip()]

    @cached_property
    def row(self) -> dict[str, Any]:
        """The first object of JSON Lines or of a JSON list; empty if it is neither."""
        first = next(iter(self.lines), "").lstrip()
        try:
            if first.startswith("{"):
                return parse_object(first)
            if first.startswith("["):
                found = read_json(self.path)
                row = found[0] if isinstance(found, list) and found else None
                # spaCy 2 paired a text with its annotation.
                row = row[1] if isinstance(row, list) and len(row) == PAIR else row
                return row if isinstance(row, dict) else {}
        except DistillError:
            pass
        return {}


class Format(Protocol):
    """A format of files.

    name: as it is given to --format.
    about: what it is, for the table of formats.
    endings: by which the files of a folder are found; `.gz` may stand behind each.
    holds: what it can hold of a document beside words and labels, see PARTS.
    by_sentence: whether a document is a sentence.
    whole_folder: whether a folder, instead of a file, can be of this format.
    written: whether it can be written.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    endings: ClassVar[tuple[str, ...]]
    holds: ClassVar[frozenset[str]]
    by_sentence: ClassVar[bool] = False
    whole_folder: ClassVar[bool] = False
    written: ClassVar[bool] = True

    def recognise(self, head: Head) -> str:
        """By what a file is seen to have this format, in words; empty if it has not."""
        ...

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        """Read a file.

        name: the file's name in ids.
        nlp: its tokenizer is used for text without tokens.
        issues: gathers what cannot be used.
        RAISES DistillError: if something cannot be read; names file and line.
        """
        ...

    def count(self, file: Path) -> int:
        """How many documents a file has, about."""
        return sum(1 for _, line in read_lines(file) if line.strip())

    def problem(self, doc: Doc) -> str:
        """Why a document cannot be written with all its words and its labels; empty if it can."""
        return ""

    def makes_folder(self, out: Path) -> bool:
        """Whether a folder is written to a place, instead of a file."""
        return False

    def kept_text(self, doc: Doc) -> str:
        """The text of a document as it is read back."""
        return doc.text if "text" in self.holds else " ".join(word.text for word in words_of(doc))

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        """Write documents that have no problem.

        RAISES DistillError: if the place cannot be written.
        """
        raise DistillError(f"The format {self.name} is only read.")


def ending(path: Path) -> str:
    """How a file's name ends, without `.gz`."""
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def stem(name: str) -> str:
    """A file's name as ids begin with it."""
    return name.removesuffix(".gz")


def write_text(lines: Iterable[str], out: Path) -> None:
    """Write lines, each with its end, as UTF-8."""

    def encoded() -> Iterator[bytes]:
        for number, line in enumerate(lines):
            # Readers take the first U+FEFF of a file for its mark.
            yield f"\ufeff{line}".encode() if not number and line.startswith("\ufeff") else line.encode()

    write_bytes(encoded(), out)
