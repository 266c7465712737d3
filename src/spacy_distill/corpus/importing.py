"""Import: foreign files in, one `.spacy` corpus out, and an account of what became of every document."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from .docbin import read_docs, write_docs
from .formats.conll import LAST_COLUMN, read_conll
from .formats.detect import Format, files_of, guess_format, is_linewise
from .formats.jsonl import read_jsonl
from .formats.text import Found, read_text
from .provenance import article_id, doc_id, set_origin
from .sampling import WHOLE, ArticleRange, sample, take_articles
from .text import corpus_keys, normalise, sentence_keys, split_sentences


@dataclass(frozen=True)
class ImportOptions:
    """What to read, how, and which part of it to keep.

    format: "conll", "jsonl", "text" or "spacy"; None: what it looks like.
    lang: Language code of the tokenizer for untokenised text.
    sentences: One document a sentence, or one an article (or row); None: a sentence for
        CoNLL, a row otherwise.
    label_column: CoNLL: the column of entity tags, 1 being the first, -1 the last.
    documents: The part of the articles to take.
    exclude: Corpora no sentence of which may be taken.
    limit: Size of the sample to take of what is left.
    seed: Seed of the sample and of a shuffled part.
    lines: Text: whether each line of a folder's files is a document, or each file; None: each file, and
        what looks otherwise is noted.
    """

    format: Format | None = None
    lang: str = "en"
    sentences: bool | None = None
    label_column: int = LAST_COLUMN
    documents: ArticleRange = WHOLE
    exclude: tuple[Path, ...] = ()
    limit: int | None = None
    seed: int = 0
    lines: bool | None = None


@dataclass
class Imported:
    """What became of the documents of a file.

    read: Documents in the source (after splitting into sentences, where that is done).
    outside: Of these, those outside the range of articles.
    excluded: Those that stand in an excluded corpus.
    unsampled: Those that the sample left out.
    repeated: Written documents whose text stands in an earlier one already.
    written, articles, tokens: The size of the written corpus.
    unlabelled: Written documents without entity annotation.
    labels: Written entities by label.
    linewise: Whether each file of a folder became one document, but looks as if each line were one.
    found: What the reader could not use.
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
    found: Found = field(default_factory=Found)


def import_corpus(src: Path, out: Path, options: ImportOptions) -> Imported:
    """Read a foreign file and write it as a `.spacy` corpus.

    src: The file, or a folder of text files.
    out: The `.spacy` file to write.
    options: How to read and what to keep.
    RETURNS: The account of it.
    RAISES DistillError: If the source cannot be used or nothing of it is left.
    """
    nlp = _blank(options.lang)
    account = Imported()
    docs = list(read_source(src, nlp, options, account.found))
    if not docs:
        raise DistillError(
            f"{src} holds no document. Is --format {options.format or guess_format(src)} what it is?"
        )
    docs = _select(docs, options, account)
    if not docs:
        raise DistillError(
            f"Nothing is left of the {account.read} documents of {src}: {account.outside} lie outside the "
            f"range, {account.excluded} stand in an excluded corpus. Take a wider range or exclude less."
        )
    _describe(docs, account)
    account.linewise = options.lines is None and is_linewise(src)
    write_docs(docs, out)
    return account


def read_source(src: Path, nlp: Language, options: ImportOptions, found: Found) -> Iterator[Doc]:
    """Read all documents of a foreign file, or of the files of its format in a folder.

    src: The file or folder.
    nlp: Its tokenizer is used for text without tokens.
    options: How to read; which part to keep is not looked at.
    found: Counts and lists what cannot be used.
    YIELDS: The documents.
    RAISES DistillError: If there is nothing to read, or a file cannot be used.
    """
    format = options.format or guess_format(src)
    if format == "text":
        docs = read_text(src, nlp, found, lines=bool(options.lines))
    else:
        files = files_of(src, format) if src.is_dir() else [src]
        docs = (doc for file in files for doc in _read_file(file, format, nlp, options, found))
    yield from split_sentences(docs) if options.sentences and format != "conll" else docs


def _read_file(
    file: Path, format: Format, nlp: Language, options: ImportOptions, found: Found
) -> Iterator[Doc]:
    if format == "conll":
        whole = options.sentences is False
        yield from read_conll(file, nlp.vocab, label_column=options.label_column, whole_articles=whole)
    elif format == "jsonl":
        yield from read_jsonl(file, nlp, found)
    else:
        for number, doc in enumerate(read_docs(file, nlp.vocab), start=1):
            name = doc_id(doc) or f"{file.name}:{number}"
            yield set_origin(doc, id=name, document=article_id(doc) or name, source=file.name)


def _blank(lang: str) -> Language:
    try:
        nlp = spacy.blank(lang)
    except ImportError:
        raise DistillError(
            f"spaCy has no language {lang!r}. Give a code such as en or de, or xx for any."
        ) from None
    # The limit is for parsers; splitting into tokens has none.
    nlp.max_length = sys.maxsize
    return nlp


def _select(docs: list[Doc], options: ImportOptions, account: Imported) -> list[Doc]:
    account.read = len(docs)
    inside = take_articles(docs, options.documents, options.seed)
    account.outside = len(docs) - len(inside)
    others = corpus_keys(options.exclude, docs[0].vocab)
    own = [doc for doc in inside if others.isdisjoint(sentence_keys(doc))] if others else inside
    account.excluded = len(inside) - len(own)
    taken = own if options.limit is None else sample(own, options.limit, options.seed)
    account.unsampled = len(own) - len(taken)
    return taken


def _describe(docs: list[Doc], account: Imported) -> None:
    account.written = len(docs)
    account.articles = len({article_id(doc) for doc in docs})
    account.tokens = sum(map(len, docs))
    account.unlabelled = sum(not doc.has_annotation("ENT_IOB") for doc in docs)
    account.repeated = len(docs) - len({normalise(doc.text) for doc in docs})
    account.labels = dict(sorted(Counter(ent.label_ for doc in docs for ent in doc.ents).items()))
