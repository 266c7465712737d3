"""CoNLL files: one token a line, columns, blank lines between sentences, -DOCSTART- between articles."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...errors import DistillError
from ..provenance import set_origin
from .text import bad_line, read_lines, source_name

DOCSTART = "-DOCSTART-"
LAST_COLUMN = -1
SPACES = re.compile(" +")


@dataclass
class Sentence:
    """One sentence, with the numbers of its article (0: before any -DOCSTART- line) and of itself."""

    article: int
    number: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def read_conll(
    path: Path, vocab: Vocab, *, label_column: int = LAST_COLUMN, whole_articles: bool = False
) -> Iterator[Doc]:
    """Read a CoNLL file, IOB1 or IOB2, columns separated by tabs or spaces.

    path: The file, gzip or not.
    vocab: The vocabulary of the documents.
    label_column: The column of entity tags: 1 is the first (the token itself), -1 the last.
    whole_articles: One document for each article instead of one for each sentence.
    YIELDS: Documents with entities, the words joined by single spaces.
    RAISES DistillError: If a line is not as expected; names file and line.
    """
    if label_column in (0, 1):
        raise DistillError(
            f"The label column cannot be {label_column}: 1 is the token, 2 the column after it, -1 the last."
        )
    sentences = list(_read_sentences(path, label_column))
    # Without -DOCSTART- lines nothing is known of articles: each sentence stands for itself.
    known = any(sentence.article for sentence in sentences)
    if whole_articles and not known:
        raise DistillError(
            f"{path} has no {DOCSTART} lines, so where its articles begin is unknown. "
            "Read it by sentence: leave out --docs."
        )
    if whole_articles:
        for _, article in groupby(sentences, key=lambda sentence: sentence.article):
            yield _article_doc(path, vocab, list(article))
    else:
        for sentence in sentences:
            yield _sentence_doc(path, vocab, sentence, known)


def _read_sentences(path: Path, label_column: int) -> Iterator[Sentence]:
    article, count = 0, 0
    sentence = Sentence(article, 1)
    for number, line in read_lines(path):
        columns = _split(line)
        if columns and columns[0] != DOCSTART:
            sentence.words.append(columns[0])
            sentence.tags.append(_tag(path, number, columns, label_column))
            continue
        if sentence.words:
            yield sentence
            count += 1
        if columns:
            article, count = article + 1, 0
        sentence = Sentence(article, count + 1)
    if sentence.words:
        yield sentence


def _split(line: str) -> list[str]:
    # A tab separates even where a column is empty or holds a space; otherwise any run of spaces does.
    line = line.rstrip(" \t")
    if "\t" in line:
        return [column.strip(" ") for column in line.split("\t")]
    return SPACES.split(line.lstrip(" ")) if line else []


def _tag(path: Path, number: int, columns: list[str], label_column: int) -> str:
    if len(columns) < 2:
        raise bad_line(
            path, number, f"expected a token and its entity tag in columns, found {columns[0]!r} alone"
        )
    if not columns[0]:
        raise bad_line(path, number, "expected a token in the first column, found nothing")
    try:
        tag = columns[label_column - 1 if label_column > 0 else label_column]
    except IndexError:
        raise bad_line(
            path, number, f"expected entity tags in column {label_column}, found {len(columns)} columns"
        ) from None
    try:
        split_tag(tag)
    except ValueError as error:
        raise bad_line(path, number, f"{error} in column {label_column}") from None
    return tag


def _sentence_doc(path: Path, vocab: Vocab, sentence: Sentence, known: bool) -> Doc:
    article = f"{source_name(path)}:{sentence.article}"
    id = f"{article}:{sentence.number}"
    doc = _tagged_doc(vocab, sentence.words, sentence.tags)
    return set_origin(doc, id=id, document=article if known else id, source=path.name)


def _article_doc(path: Path, vocab: Vocab, sentences: list[Sentence]) -> Doc:
    id = f"{source_name(path)}:{sentences[0].article}"
    doc = _tagged_doc(
        vocab, [w for s in sentences for w in s.words], [], starts=[len(s.words) for s in sentences]
    )
    spans, offset = [], 0
    for sentence in sentences:
        # Tags are read by sentence: no entity crosses from one into the next.
        spans += [Span(doc, offset + a, offset + b, label) for a, b, label in spans_of_tags(sentence.tags)]
        offset += len(sentence.words)
    doc.set_ents(spans)
    return set_origin(doc, id=id, document=id, source=path.name)


def _tagged_doc(vocab: Vocab, words: list[str], tags: list[str], starts: list[int] | None = None) -> Doc:
    spaces = [True] * (len(words) - 1) + [False]
    sent_starts: list[bool | int | None] | None = (
        [i == 0 for length in starts for i in range(length)] if starts else None
    )
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=sent_starts)
    doc.set_ents([Span(doc, start, end, label) for start, end, label in spans_of_tags(tags)])
    return doc


# First token, token after the last, label.
TokenSpan = tuple[int, int, str]

STARTS, CONTINUES, ENDS = frozenset("BSU"), frozenset("IEL"), frozenset("ESUL")


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and label of one tag.

    tag: "O", or a label after B-, I- (IOB1 and IOB2 alike), E-, S- (IOBES), L- or U- (BILUO).
    RETURNS: Prefix and label; ("O", "") for "O".
    RAISES DistillError: If it is neither.
    """
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if not dash or not label or prefix not in STARTS | CONTINUES:
        raise DistillError(f"expected an entity tag such as O, B-LOC or I-LOC, found {tag!r}")
    return prefix, label


def spans_of_tags(tags: Iterable[str]) -> list[TokenSpan]:
    """The entities that a sentence's tags stand for.

    An entity starts at a B, and at an I that follows an O or another label: so IOB1, where a B stands only
    between two adjoining entities of one label, and IOB2 are both read rightly without knowing which it is.

    tags: One tag a token.
    RETURNS: The entities in text order.
    RAISES DistillError: If a tag cannot be read.
    """
    spans: list[TokenSpan] = []
    start, open_label, i = 0, "", -1
    for i, (prefix, label) in enumerate(map(split_tag, tags)):
        if open_label and (prefix in STARTS or label != open_label):
            spans.append((start, i, open_label))
            open_label = ""
        if label and not open_label:
            start, open_label = i, label
        if prefix in ENDS:
            spans.append((start, i + 1, open_label))
            open_label = ""
    if open_label:
        spans.append((start, i + 1, open_label))
    return spans
