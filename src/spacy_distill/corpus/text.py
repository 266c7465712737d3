"""Text cut into sentences, and made comparable: what counts as the same sentence."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .docbin import read_docs
from .provenance import article_id, doc_id, record, set_origin


def split_sentences(docs: Iterable[Doc]) -> Iterator[Doc]:
    """Split documents into one document a sentence.

    A paragraph's end (an empty line) always ends a sentence; no sentence ends within an entity. The text of
    each sentence is exactly that of the article, without the space around it.

    docs: Documents, with or without entities.
    YIELDS: Sentences with their article's entities, record and id; their own id is numbered from 1.
    """
    sentencizer = Sentencizer()
    for doc in docs:
        for number, span in enumerate(_sentences(doc, sentencizer), start=1):
            yield _as_doc(span, number)


def _sentences(doc: Doc, sentencizer: Callable[[Doc], Doc]) -> Iterator[Span]:
    start = 0
    for token in sentencizer(doc)[1:]:
        if (token.is_sent_start or _ends_paragraph(doc, token.i - 1)) and token.ent_iob_ != "I":
            yield from _trimmed(doc[start : token.i])
            start = token.i
    yield from _trimmed(doc[start:])


def _ends_paragraph(doc: Doc, i: int) -> bool:
    return doc[i].is_space and doc[i].text.count("\n") > 1


def _trimmed(span: Span) -> Iterator[Span]:
    """The span without space tokens at its ends, if anything is left."""
    inner = [token.i for token in span if not token.is_space]
    if inner:
        yield span.doc[inner[0] : inner[-1] + 1]


def _as_doc(span: Span, number: int) -> Doc:
    article = span.doc
    spaces = [bool(token.whitespace_) for token in span]
    doc = Doc(article.vocab, words=[token.text for token in span], spaces=[*spaces[:-1], False])
    if article.has_annotation("ENT_IOB"):
        ents = [Span(doc, ent.start - span.start, ent.end - span.start, ent.label) for ent in span.ents]
        doc.set_ents(
            ents, missing=[doc[t.i - span.start : t.i - span.start + 1] for t in span if not t.ent_iob]
        )
    record(doc).update(record(article))
    name = doc_id(article) or ""
    return set_origin(
        doc,
        id=f"{name}:{number}",
        document=article_id(article) or name,
        source=record(article).get("source", ""),
    )


def normalise(text: str) -> str:
    """A text without case, spacing and compatibility forms, so that "1.8 %" equals "1.8%".

    text: Any text.
    RETURNS: Equal for texts that count as the same sentence.
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def whole_and_sentences(doc: Doc) -> list[Doc | Span]:
    """A document and, where several sentences are marked in it, each of them."""
    sentences = list(doc.sents) if doc.has_annotation("SENT_START") else []
    return [doc, *(sentences if len(sentences) > 1 else [])]


def sentence_keys(doc: Doc) -> set[str]:
    """Normalised forms of a document and, where its sentences are marked, of each of them."""
    return {normalise(part.text) for part in whole_and_sentences(doc)} - {""}


def corpus_keys(paths: Iterable[Path], vocab: Vocab) -> set[str]:
    """Normalised forms of all documents of some corpora, and of their sentences."""
    keys: set[str] = set()
    for path in paths:
        for doc in read_docs(path, vocab):
            keys |= sentence_keys(doc)
    return keys
