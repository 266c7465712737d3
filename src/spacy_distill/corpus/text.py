"""Plain text: read, cut into sentences, and made comparable."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import DistillError
from .docbin import read_docs
from .entities import copy_entities, is_inside_entity
from .files import bad_line, read_lines, read_text
from .provenance import article_id, doc_id, record, set_origin

# The time of spaCy's tokenizer grows with the square of a stretch without spaces where it is of punctuation.
STRETCH = re.compile(r"\S{2000,}")
MOST_PUNCTUATION = 1000


@dataclass
class ReadIssues:
    """What readers could not use, gathered while they read.

    skip_bad: whether a row that cannot be used is left out and listed, instead of being an error.
    empty: rows, lines or files without text.
    rejected: rows that an annotator rejected or passed over (`answer` is "reject" or "ignore").
    duplicates: spans that a row names a second time.
    misfits: spans that do not fit token borders, each with file and line; their tokens became missing,
        neither entity nor "O".
    skipped: rows that were left out, each with file, line and reason.
    unread: fields of rows without labels that were not read.
    notes: what was seen in a file and decides how it is read.
    ids: where each id was met.
    """

    skip_bad: bool = False
    empty: int = 0
    rejected: int = 0
    duplicates: int = 0
    misfits: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def refuse(self, path: Path, number: int, problem: str, unit: str = "line") -> None:
        """Note a row that cannot be used.

        unit: what the file is counted in.
        RAISES DistillError: if such rows are not to be left out; names file and line.
        """
        error = bad_line(path, number, problem.rstrip("."), unit)
        if not self.skip_bad:
            raise DistillError(f"{error} Correct it, or leave such rows out with --skip-bad.")
        self.skipped.append(str(error))


def read_plain(path: Path, name: str, nlp: Language, issues: ReadIssues, *, lines: bool) -> Iterator[Doc]:
    """Read unlabelled text.

    path: the file, gzip or not.
    name: the file's name in ids.
    nlp: its tokenizer is used.
    issues: what cannot be used.
    lines: whether each line is a document, or the whole file.
    YIELDS: documents without annotation; their text is that of the source, outer space stripped.
    RAISES DistillError: if the file is not UTF-8 text.
    """
    rows = read_lines(path) if lines else iter([(1, read_text(path))])
    for number, text in rows:
        text = text.strip()
        if not text:
            issues.empty += 1
            continue
        try:
            check_tokenizable(text)
        except DistillError as error:
            issues.refuse(path, number, str(error))
            continue
        id = f"{name.removesuffix('.gz')}:{number}" if lines else name
        yield set_origin(nlp.make_doc(text), id=id, document=id, source=name)


def check_tokenizable(text: str) -> None:
    """Refuse a text that spaCy's tokenizer would take minutes for: thousands of punctuation marks in a row.

    RAISES DistillError: if it is one.
    """
    for stretch in STRETCH.finditer(text):
        marks = sum(not character.isalnum() for character in stretch.group())
        if marks > MOST_PUNCTUATION and 4 * marks > len(stretch.group()):
            raise DistillError(
                f"from character {stretch.start()} on {len(stretch.group()):,} characters without a space, "
                f"{marks:,} of them punctuation: spaCy's tokenizer would take minutes for them"
            )


def split_sentences(docs: Iterable[Doc]) -> Iterator[Doc]:
    """Split documents into one document a sentence.

    A paragraph's end (an empty line) always ends a sentence; no sentence ends within an entity. The text of
    each sentence is exactly that of the article, without the space around it.

    docs: documents, with or without annotation.
    YIELDS: sentences with their article's annotation, record and id; their own id is numbered from 1.
    RAISES DistillError: if a document has classes: they are of the whole text, not of each sentence.
    """
    sentencizer = Sentencizer()
    for doc in docs:
        if doc.cats:
            raise DistillError(
                f"{doc_id(doc) or doc.text[:60]!r} has classes ({', '.join(sorted(doc.cats)[:5])}). They are "
                "of the whole text, not of each of its sentences: import it without --sentences."
            )
        for number, span in enumerate(_sentences(doc, sentencizer), start=1):
            yield _as_doc(span, number)


def beginning(doc: Doc, words: int | None) -> Span:
    """The beginning of a document: whole sentences of at most so many tokens, or that many of a longer first.

    words: at least 1; None: the whole document.
    """
    if words is None or len(doc) <= words:
        return doc[:]
    marked = doc.has_annotation("SENT_START")
    starts = [t.is_sent_start for t in doc] if marked else Sentencizer().predict([doc])[0]
    ends = [i for i in range(1, words + 1) if starts[i]]
    return doc[: ends[-1] if ends else words]


def _sentences(doc: Doc, sentencizer: Callable[[Doc], Doc]) -> Iterator[Span]:
    start = 0
    for token in sentencizer(doc)[1:]:
        if (token.is_sent_start or _ends_paragraph(doc, token.i - 1)) and not is_inside_entity(token):
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
    copy_entities(span, doc)
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

    text: any text.
    RETURNS: equal for texts that count as the same sentence.
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
