"""Import: foreign files in, one `.spacy` corpus out, and an account of what became of every document."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from .docbin import write_docs
from .formats.conll import LAST_COLUMN, read_conll
from .formats.jsonl import read_jsonl
from .formats.text import Found, read_text
from .provenance import article_id
from .sampling import WHOLE, ArticleRange, sample, take_articles
from .text import corpus_keys, normalise, sentence_keys, split_sentences

Format = Literal["conll", "jsonl", "text"]


@dataclass(frozen=True)
class ImportOptions:
    """What to read, how, and which part of it to keep.

    format: "conll", "jsonl" or "text".
    lang: Language code of the tokenizer for untokenised text.
    sentences: One document a sentence, or one an article (or row); None: a sentence for
        CoNLL, a row otherwise.
    label_column: CoNLL: the column of entity tags, 1 being the first, -1 the last.
    documents: The part of the articles to take.
    exclude: Corpora no sentence of which may be taken.
    limit: Size of the sample to take of what is left.
    seed: Seed of the sample and of a shuffled part.
    """

    format: Format
    lang: str = "en"
    sentences: bool | None = None
    label_column: int = LAST_COLUMN
    documents: ArticleRange = WHOLE
    exclude: tuple[Path, ...] = ()
    limit: int | None = None
    seed: int = 0


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
        raise DistillError(f"{src} holds no document. Is --format {options.format} what it is?")
    docs = _select(docs, options, account)
    if not docs:
        raise DistillError(
            f"Nothing is left of the {account.read} documents of {src}: {account.outside} lie outside the "
            f"range, {account.excluded} stand in an excluded corpus. Take a wider range or exclude less."
        )
    _describe(docs, account)
    write_docs(docs, out)
    return account


def read_source(src: Path, nlp: Language, options: ImportOptions, found: Found) -> Iterator[Doc]:
    """Read all documents of a foreign file; `found` is told what cannot be used."""
    if options.format == "conll":
        whole = options.sentences is False
        yield from read_conll(src, nlp.vocab, label_column=options.label_column, whole_articles=whole)
        return
    docs = read_jsonl(src, nlp, found) if options.format == "jsonl" else read_text(src, nlp, found)
    yield from split_sentences(docs) if options.sentences else docs


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
