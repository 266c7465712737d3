"""Import: foreign files in, one `.spacy` corpus out, and an account of what became of every document."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from .categories import CategoryFields, complete_categories
from .conll import Columns, read_conll
from .detect import ImportFormat, files_of, guess_format, is_linewise
from .docbin import read_docs, write_docs
from .entities import count_labels, is_labelled, labels_in
from .files import check_outputs
from .jsonl import read_csv, read_jsonl
from .provenance import article_id, doc_id, set_origin
from .sampling import WHOLE, ArticleRange, sample, sample_by_label, take_articles
from .text import ReadIssues, corpus_keys, normalise, read_plain, sentence_keys, split_sentences


@dataclass(frozen=True)
class ImportOptions:
    """What to read, how, and which part of it to keep.

    format: "conll", "jsonl", "csv", "text" or "spacy"; None: what it looks like.
    lang: Language code of the tokenizer for untokenised text.
    sentences: One document a sentence, or one an article (or row); None: a sentence for
        CoNLL, a row otherwise.
    columns: CoNLL: which column holds what.
    fields: JSON Lines and CSV: where text and classes are.
    documents: The part of the articles to take.
    exclude: Corpora no sentence of which may be taken.
    limit: Size of the sample to take of what is left, at least 1; None: all.
    seed: Seed of the sample and of a shuffled part.
    by_label: Whether the sample has as many documents of one label as of another, as far as there are.
    lines: Text: whether each line of a folder's files is a document, or each file; None: each file, and
        what looks otherwise is noted.
    skip_bad: Whether rows that cannot be used are left out and listed, instead of being an error.
    """

    format: ImportFormat | None = None
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


DEFAULTS = ImportOptions()


@dataclass
class ImportReport:
    """What became of the documents of a file.

    read: Documents in the source (after splitting into sentences, where that is done).
    outside: Of these, those outside the range of articles.
    excluded: Those that stand in an excluded corpus.
    unsampled: Those that the sample left out.
    repeated: Written documents whose text stands in an earlier one already.
    written, articles, tokens: The size of the written corpus.
    unlabelled: Written documents without annotation.
    labels: Written annotation, counted by label.
    linewise: Whether each file of a folder became one document, but looks as if each line were one.
    issues: What could not be used.
    """

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

    src: The file, gzip or not, or the folder.
    out: The `.spacy` file to write.
    options: How to read and what to keep.
    RETURNS: The account of it.
    RAISES DistillError: If the source cannot be used, nothing of it is left, or the output is read too.
    """
    src, out = Path(src), Path(out)
    format = ImportFormat(options.format) if options.format else guess_format(src)
    check_outputs([out], [src, *options.exclude])
    report = ImportReport(issues=ReadIssues(options.skip_bad))
    docs = list(read_source(src, blank(options.lang), replace(options, format=format), report.issues))
    if options.sentences and format != ImportFormat.conll:
        docs = list(split_sentences(docs))
    if not docs:
        raise DistillError(f"{src} holds no document. Is --format {format} what it is?")
    complete_categories(docs, options.fields.multilabel)
    docs = _select(docs, options, report)
    if not docs:
        raise DistillError(
            f"Nothing is left of the {report.read} documents of {src}: {report.outside} lie outside the "
            f"range, {report.excluded} stand in an excluded corpus. Take a wider range or exclude less."
        )
    report.written = len(docs)
    report.articles = len({article_id(doc) for doc in docs})
    report.tokens = sum(map(len, docs))
    report.unlabelled = sum(not is_labelled(doc) for doc in docs)
    report.repeated = len(docs) - len({normalise(doc.text) for doc in docs})
    report.labels = count_labels(docs)
    report.linewise = options.lines is None and format == ImportFormat.text and is_linewise(src)
    write_docs(docs, out)
    return report


def read_source(src: Path, nlp: Language, options: ImportOptions, issues: ReadIssues) -> Iterator[Doc]:
    """The documents of a foreign file, or of the files of a folder, as they stand there.

    src: The file, gzip or not, or the folder.
    nlp: Splits untokenised text.
    options: How to read.
    issues: Gathers what cannot be used.
    RAISES DistillError: If the source cannot be used.
    """
    format = ImportFormat(options.format) if options.format else guess_format(src)
    if options.lines is None and not src.is_dir():
        options = replace(options, lines=True)
    for file, name in _files(src, format).items():
        yield from _read_file(file, name, format, nlp, options, issues)


def _files(src: Path, format: ImportFormat) -> dict[Path, str]:
    """The files of a source, with their names in ids."""
    if not src.is_dir():
        return {src: src.name}
    return {file: file.relative_to(src).as_posix() for file in files_of(src, format)}


def _read_file(
    file: Path, name: str, format: ImportFormat, nlp: Language, options: ImportOptions, issues: ReadIssues
) -> Iterator[Doc]:
    """The documents of one file.

    name: The file's name in ids.
    """
    if format == ImportFormat.conll:
        whole = options.sentences is False
        yield from read_conll(
            file, nlp.vocab, name=name, issues=issues, columns=options.columns, whole_articles=whole
        )
    elif format == ImportFormat.jsonl:
        yield from read_jsonl(file, name, nlp, issues, options.fields)
    elif format == ImportFormat.csv:
        yield from read_csv(file, name, nlp, issues, options.fields)
    elif format == ImportFormat.text:
        yield from read_plain(file, name, nlp, issues, lines=bool(options.lines))
    else:
        for number, doc in enumerate(read_docs(file, nlp.vocab), start=1):
            id = doc_id(doc) or f"{name}:{number}"
            yield set_origin(doc, id=id, document=article_id(doc) or id, source=name)


def blank(lang: str) -> Language:
    """An empty pipeline, for its tokenizer.

    RAISES DistillError: If spaCy has no such language, or lacks a package for it.
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
