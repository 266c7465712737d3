"""Export: a `.spacy` corpus out as another tool's file, and an account of what that file cannot hold."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import DistillError, counted
from .docbin import read_docs
from .entities import missing_words, words_of
from .files import check_outputs
from .formats.base import Format
from .formats.known import FORMATS, find_format
from .provenance import KEY, article_id, doc_id, record

# What the record of a document has that is no provenance of its labels.
ORIGIN = ("id", "document", "source", "task", "meta", "labels")
SHOWN = 5
Test = Callable[[Doc], bool]


@dataclass
class ExportReport:
    """What became of the documents of a corpus.

    written: documents in the file.
    empty: documents without text, of which a file would hold nothing.
    lost: what the format cannot hold, with the number of documents that have it.
    skipped: documents that were left out, each with the reason.
    """

    written: int = 0
    empty: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def export_corpus(src: Path, out: Path, format: str, *, skip_bad: bool = False) -> ExportReport:
    """Write a `.spacy` corpus as a file of another format.

    Words and labels are written as they are, or not at all: a document whose missing tokens would become "O"
    there, or whose words the format cannot hold, is refused.

    src: the `.spacy` file, or a folder of them.
    out: the file to write; data sets: a folder, or a file that ends in .parquet.
    format: name of the format.
    skip_bad: whether documents that cannot be written are left out and listed, instead of being an error.
    RETURNS: the account of it.
    RAISES DistillError: if the corpus cannot be read or written, or the output is read too.
    """
    src, out, chosen = Path(src), Path(out), find_format(format)
    if not chosen.written:
        names = ", ".join(one.name for one in FORMATS if one.written)
        raise DistillError(f"The format {format!r} is only read. Formats that are written: {names}.")
    check_outputs([out], [src], folder=chosen.makes_folder(out))
    report = ExportReport()
    docs = []
    for number, doc in enumerate(read_docs(src, Vocab()), start=1):
        if not words_of(doc):
            report.empty += 1
        elif reason := _problem(doc, chosen):
            report.skipped.append(f"{doc_id(doc) or f'document {number}'}: {reason}")
        else:
            docs.append(doc)
    if report.skipped and not skip_bad:
        shown = "; ".join(report.skipped[:SHOWN]) + ("; …" if len(report.skipped) > SHOWN else "")
        raise DistillError(
            f"{counted(len(report.skipped), 'document')} of {src} cannot be written as {format}: {shown}. "
            "Leave such documents out with --skip-bad, or choose a format that holds them, such as jsonl."
        )
    if not docs:
        raise DistillError(f"{src} has no document that can be written as {format}.")
    chosen.write(docs, out)
    report.written, report.lost = len(docs), _lost(docs, chosen)
    return report


def _problem(doc: Doc, format: Format) -> str:
    """Why a document cannot be written without a wrong word or label; empty if it can."""
    missing = 0 if doc.cats and "classes" in format.holds else len(missing_words(doc))
    if odd := next((label for label, score in doc.cats.items() if score not in (0, 1)), None):
        return f"the class {odd!r} has a score of {doc.cats[odd]}, and not 0 or 1"
    if "labels" in format.holds and missing:
        if missing == len(words_of(doc)):
            if "unlabelled" not in format.holds:
                return "it has no labels, which would become no entities"
        elif "missing" not in format.holds:
            return f"nothing is known of {counted(missing, 'token')}, which would become O"
    if any(all(token.text.isspace() for token in ent) for ent in doc.ents):
        return "an entity of mere space"
    return format.problem(doc)


def _lost(docs: list[Doc], format: Format) -> dict[str, int]:
    """What a format does not hold of some documents, in words, with how many have it."""
    runs = Counter(article for article, _ in groupby(docs, article_id))
    grouped = Counter(map(article_id, docs))
    tests: Mapping[str, Test] = {
        "labels": lambda doc: bool(doc.ents),
        "tokens": lambda doc: True,
        "ids": lambda doc: doc_id(doc) is not None,
        "articles": lambda doc: grouped[article_id(doc)] > 1,
        "meta": lambda doc: "meta" in record(doc),
        "classes": lambda doc: bool(doc.cats),
    }
    lost = {"space of the text": sum(doc.text != format.kept_text(doc) for doc in docs)}
    lost |= {part: sum(map(test, docs)) for part, test in tests.items() if part not in format.holds}
    if "tokens" in lost:
        lost["token borders"] = lost.pop("tokens")
    if "articles" in format.holds and "ids" not in format.holds:
        lost["articles that are not in one piece"] = sum(runs[article_id(doc)] > 1 for doc in docs)
    lost["provenance and views"] = sum(_has_provenance(doc) for doc in docs)
    lost["entities beside classes"] = sum(bool(doc.cats) and bool(doc.ents) for doc in docs)
    return {part: count for part, count in lost.items() if count}


def _has_provenance(doc: Doc) -> bool:
    return bool(doc.spans) or not set(doc.user_data.get(KEY, {})) <= set(ORIGIN)
