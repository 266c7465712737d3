"""Plain text, and spaCy's own files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ..docbin import count_docs, read_docs
from ..provenance import article_id, doc_id, set_origin
from ..text import ReadIssues, read_plain
from .base import PARTS, Format, Head, ImportOptions, write_text
from .columns import is_table

# What looks like text, and is not read.
UNREAD = (".xml", ".xlsx", ".ann")
WEBANNO = "#FORMAT=WebAnno"


class Text(Format):
    """A document a line, or a file."""

    name: ClassVar[str] = "text"
    about: ClassVar[str] = "plain text, a document a line or a file"
    endings: ClassVar[tuple[str, ...]] = (".txt",)
    holds: ClassVar[frozenset[str]] = frozenset({"text"})

    def recognise(self, head: Head) -> str:
        if not head.lines:
            raise DistillError(f"{head.path} is empty.")
        if head.lines[0].lstrip().startswith(("[", "{")) and head.ending not in self.endings:
            raise DistillError(
                f"{head.path} looks like JSON, but holds no rows: write one object a line, or a list of them."
            )
        if head.ending in UNREAD or head.lines[0].startswith(WEBANNO):
            kind = "WebAnno's tables" if head.lines[0].startswith(WEBANNO) else f"{head.ending} files"
            raise DistillError(
                f"{head.path}: {kind} are not read. Write JSON Lines, CoNLL, CSV or plain text."
            )
        if is_table(head):
            raise DistillError(
                f"{head.path} looks like a table, but its last column has no entity tags such as B-PER. Give "
                "--format conll with --label-column, --format csv for a header with text and class, or "
                "--format text to read each line as it stands."
            )
        return "no tags, no JSON"

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        yield from read_plain(file, name, nlp, issues, lines=bool(options.lines))

    def problem(self, doc: Doc) -> str:
        return "the text has a line break" if set(doc.text.strip()) & {"\n", "\r"} else ""

    def kept_text(self, doc: Doc) -> str:
        return doc.text.strip()

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        write_text((f"{doc.text.strip()}\n" for doc in docs), out)


class Spacy(Format):
    """spaCy's own `DocBin`."""

    name: ClassVar[str] = "spacy"
    about: ClassVar[str] = "spaCy's own `.spacy`; `import` gives it ids"
    endings: ClassVar[tuple[str, ...]] = (".spacy",)
    holds: ClassVar[frozenset[str]] = frozenset(PARTS)
    written: ClassVar[bool] = False

    def recognise(self, head: Head) -> str:
        return "its name ends with .spacy" if head.ending == ".spacy" else ""

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        for number, doc in enumerate(read_docs(file, nlp.vocab), start=1):
            id = doc_id(doc) or f"{name}:{number}"
            yield set_origin(doc, id=id, document=article_id(doc) or id, source=name)

    def count(self, file: Path) -> int:
        return count_docs(file)
