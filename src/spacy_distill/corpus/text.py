"""Text made comparable: what counts as the same sentence."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .docbin import read_docs


def normalise(text: str) -> str:
    """A text without case, spacing and compatibility forms, so that "1.8 %" equals "1.8%".

    text (str): Any text.
    RETURNS (str): Equal for texts that count as the same sentence.
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
