"""Import: foreign files in, one `.spacy` corpus out, and an account of what became of every document."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError, counted
from .categories import complete_categories
from .detect import files_of, guess_format, is_linewise
from .docbin import write_docs
from .entities import count_labels, is_labelled, labels_in
from .files import check_outputs
from .formats.base import AUTO, Format, ImportOptions
from .formats.known import find_format
from .provenance import article_id
from .sampling import sample, sample_by_label, take_articles
from .text import ReadIssues, corpus_keys, normalise, sentence_keys, split_sentences

DEFAULTS = ImportOptions()


@dataclass
class ImportReport:
    """What became of the documents of a file.

    format: name of the format that was read.
    reason: by what it was recognised; empty where it was given.
    read: documents in the source (after splitting into sentences, where that is done).
    outside: of these, those outside the range of articles.
    excluded: those that are in an excluded corpus.
    unsampled: those that the sample left out.
    repeated: written documents whose text is in an earlier one already.
    written, articles, tokens: the size of the written corpus.
    unlabelled: written documents without annotation.
    labels: written annotation, counted by label.
    linewise: whether each file of a folder became one document, but looks as if each line were one.
    issues: what could not be used.
    """

    format: str = ""
    reason: str = ""
    read: int = 0
    outside: int = 0
    excluded: int = 0
    unsampled: int = 0
    repeated: int = 0
    written: int = 0
    articles: int = 0
    tokens: int = 0
    unlabelled: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    linewise: bool = False
    issues: ReadIssues = field(default_factory=ReadIssues)


def import_corpus(src: Path, out: Path, options: ImportOptions = DEFAULTS) -> ImportReport:
    """Read a foreign file, or the files of a folder, and write them as one `.spacy` corpus.

    src: the file, gzip or not, or the folder.
    out: the `.spacy` file to write.
    options: how to read and what to keep.
    RETURNS: the account of it.
    RAISES DistillError: if the source cannot be used, nothing of it is left, or the output is read too.
    """
    src, out = Path(src), Path(out)
    format, reason = format_of(src, options)
    check_outputs([out], [src, *options.exclude])
    report = ImportReport(format.name, reason, issues=ReadIssues(options.skip_bad))
    options = replace(options, format=format.name)
    docs = list(read_source(src, blank(options.lang), options, report.issues))
    if options.sentences and not format.by_sentence:
        docs = list(split_sentences(docs))
    if not docs and report.issues.skipped:
        rows = counted(len(report.issues.skipped), "row")
        raise DistillError(
            f"Nothing is left of {src}: each of its {rows} was left out. "
            f"The first: {report.issues.skipped[0]} Correct them, or give what --format they are of."
        )
    if not docs:
        raise DistillError(f"{src} holds no document. Is --format {format.name} what it is?")
    complete_categories(docs, options.fields.multilabel)
    docs = _select(docs, options, report)
    if not docs:
        raise DistillError(
            f"Nothing is left of the {report.read} documents of {src}: {report.outside} lie outside the "
            f"range, {report.excluded} are in an excluded corpus. Take a wider range or exclude less."
        )
    report.written = len(docs)
    report.articles = len({article_id(doc) for doc in docs})
    report.tokens = sum(map(len, docs))
    report.unlabelled = sum(not is_labelled(doc) for doc in docs)
    report.repeated = len(docs) - len({normalise(doc.text) for doc in docs})
    report.labels = count_labels(docs)
    report.linewise = options.lines is None and format.name == "text" and is_linewise(src)
    write_docs(docs, out)
    return report


def read_source(src: Path, nlp: Language, options: ImportOptions, issues: ReadIssues) -> Iterator[Doc]:
    """The documents of a foreign file, or of the files of a folder, as they stand there.

    src: the file, gzip or not, or the folder.
    nlp: splits untokenised text.
    options: how to read.
    issues: gathers what cannot be used.
    RAISES DistillError: if the source cannot be used.
    """
    format, _ = format_of(src, options)
    if options.lines is None and not src.is_dir():
        options = replace(options, lines=True)
    for file, name in files_of(src, format).items():
        yield from format.read(file, name, nlp, options, issues)


def format_of(src: Path, options: ImportOptions) -> tuple[Format, str]:
    """The format of a file or folder, and by what it was recognised; empty if it was given."""
    return guess_format(src) if options.format == AUTO else (find_format(options.format), "")


def blank(lang: str) -> Language:
    """An empty pipeline, for its tokenizer.

    RAISES DistillError: if spaCy has no such language, or lacks a package for it.
    """
    try:
        nlp = spacy.blank(lang)
    except ImportError as error:
        if "E048" in str(error):
            raise DistillError(
                f"spaCy has no language {lang!r}. Give a code such as en or de, or xx for any."
            ) from None
        said = " ".join(str(error).split())
        raise DistillError(f"The tokenizer of {lang!r} needs a package that is not here: {said}") from error
    # The limit is for parsers; splitting into tokens has none.
    nlp.max_length = sys.maxsize
    return nlp


def _select(docs: list[Doc], options: ImportOptions, report: ImportReport) -> list[Doc]:
    report.read = len(docs)
    inside = take_articles(docs, options.documents, options.seed)
    report.outside = len(docs) - len(inside)
    others = corpus_keys(options.exclude, docs[0].vocab)
    own = [doc for doc in inside if others.isdisjoint(sentence_keys(doc))] if others else inside
    report.excluded = len(inside) - len(own)
    if options.limit is None:
        taken = own
    elif options.by_label:
        taken = sample_by_label(own, [labels_in(doc) for doc in own], options.limit, options.seed)
    else:
        taken = sample(own, options.limit, options.seed)
    report.unsampled = len(own) - len(taken)
    return taken
