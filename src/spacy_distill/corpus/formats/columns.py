"""Columns: one token a line, blank lines between sentences, -DOCSTART- between articles, as in CoNLL-2003."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...errors import DistillError, counted
from ..entities import TokenSpan, is_tag, set_token_spans, spans_of_tags, split_tag, tags_of, words_of
from ..files import read_lines
from ..provenance import article_id, set_origin
from ..text import ReadIssues
from .base import Columns, Format, Head, ImportOptions, stem, write_text

DOCSTART = "-DOCSTART-"
SPACES = re.compile(" +")
COMMENT = re.compile(r"#\s+(id|sent_id|text|newdoc|newpar|global\.columns)\b|#\s+[\w.]+\s*=|#[\w.]+\s+=\s")
# What is read as columns whatever it looks like.
ENDINGS = (".conll", ".iob", ".iob2", ".bio")
MOST = 0.8  # Share of the lines that end with a tag, in a file of columns.
TAG = re.compile(r"O|[BIESLUMW]-\S+")
# Several tags in one cell, as of entities within others.
SEVERAL = re.compile(r"[,|;](O$|[BIESLUMW]-)")
# What the chunks of CoNLL-2003 are called, whose tags are none of entities.
CHUNKS = frozenset(["ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP"])


@dataclass
class TaggedSentence:
    """One sentence, with the numbers of its article (0: before any -DOCSTART- line) and of itself."""

    article: int
    number: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def read_columns(
    path: Path,
    vocab: Vocab,
    *,
    name: str | None = None,
    issues: ReadIssues | None = None,
    columns: Columns | None = None,
    whole_articles: bool = False,
) -> Iterator[Doc]:
    """Read columns with tags, IOB1, IOB2, IOBES or BILUO, separated by tabs or spaces.

    path: the file, gzip or not.
    vocab: the vocabulary of the documents.
    name: the file's name in ids; None: its own.
    issues: what cannot be used: a row without a token is left out alone, another one with its sentence.
    columns: which column holds what.
    whole_articles: one document for each article instead of one for each sentence.
    YIELDS: documents with entities, the words joined by single spaces.
    RAISES DistillError: if a line is not as expected; names file and line.
    """
    name, issues, columns = name or path.name, issues or ReadIssues(), columns or Columns()
    if columns.token is None and columns.label not in (2, "2") and _first_counts(path):
        issues.notes.append(f"{path}: the first column counts the tokens, the second is read as the tokens")
        columns = replace(columns, token=2)
    sentences = list(_read_sentences(path, issues, columns))
    # Without -DOCSTART- lines nothing is known of articles: each sentence stands for itself.
    known = any(sentence.article for sentence in sentences)
    if whole_articles and not known:
        raise DistillError(
            f"{path} has no {DOCSTART} lines, so where its articles begin is unknown. "
            "Read it by sentence: leave out --docs."
        )
    groups: Iterable[list[TaggedSentence]] = (
        (list(group) for _, group in groupby(sentences, key=lambda sentence: sentence.article))
        if whole_articles
        else ([sentence] for sentence in sentences)
    )
    for group in groups:
        article = f"{stem(name)}:{group[0].article}"
        id = article if whole_articles else f"{article}:{group[0].number}"
        doc = _tagged_doc(vocab, group, whole_articles)
        yield set_origin(doc, id=id, document=article if known else id, source=name)


def _tagged_doc(vocab: Vocab, sentences: list[TaggedSentence], mark_sentences: bool) -> Doc:
    words = [word for sentence in sentences for word in sentence.words]
    starts: list[bool | int | None] = [i == 0 for s in sentences for i in range(len(s.words))]
    spaces = [True] * (len(words) - 1) + [False]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=starts if mark_sentences else None)
    spans: list[TokenSpan] = []
    offset = 0
    for sentence in sentences:
        # Tags are read by sentence: no entity crosses from one into the next.
        spans += [(offset + a, offset + b, label) for a, b, label in spans_of_tags(sentence.tags)]
        offset += len(sentence.words)
    return set_token_spans(doc, spans)


def _read_sentences(path: Path, issues: ReadIssues, columns: Columns) -> Iterator[TaggedSentence]:
    article, count, bad = 0, 0, False
    sentence, check = TaggedSentence(article, 1), _ColumnCheck()
    for number, line in read_lines(path):
        cells = _split(line)
        if cells and not cells[0].startswith(DOCSTART):
            if not sentence.words and _is_comment(line, cells, columns):
                continue
            try:
                word, tag = _word_and_tag(cells, columns)
            except DistillError as error:
                issues.refuse(path, number, str(error))
                bad = True
                continue
            if not word:
                issues.refuse(path, number, "expected a token, found nothing")
                continue
            check.add(cells, tag)
            sentence.words.append(word)
            sentence.tags.append(tag)
            continue
        if sentence.words and not bad:
            yield sentence
        count += bool(sentence.words) or bad
        if cells:
            article, count = article + 1, 0
        sentence, bad = TaggedSentence(article, count + 1), False
    if sentence.words and not bad:
        yield sentence
    check.check(path, columns, issues)


def _first_counts(path: Path) -> bool:
    """Whether the first of at least three columns counts the tokens, of each sentence or of the file."""
    before, last, seen = -1, -1, False
    for _, line in read_lines(path):
        cells = _split(line)
        if not cells or cells[0].startswith((DOCSTART, "#")):
            before = -1
            continue
        expected = ("0", "1", str(last + 1)) if before < 0 else (str(before + 1),)
        if len(cells) < 3 or cells[0] not in expected:
            return False
        before = last = int(cells[0])
        seen = True
    return seen


class _ColumnCheck:
    """Notices another layer of tags than the one that is read."""

    def __init__(self) -> None:
        self._labelled = False
        self._others: dict[int, int] = {}
        self._layers: dict[int, set[str]] | None = None

    def add(self, cells: list[str], tag: str) -> None:
        """Look at a row."""
        self._labelled = self._labelled or tag != "O"
        if not self._labelled:
            for i, cell in enumerate(cells[1:-1], start=2):
                self._others[i] = self._others.get(i, 0) + (cell != "O" and is_tag(cell))
        if self._layers is None:
            self._layers = {i: set() for i in range(2, len(cells))}
        for i in list(self._layers):
            if i < len(cells) and is_tag(cells[i - 1]):
                self._layers[i].add(split_tag(cells[i - 1])[1])
            else:
                del self._layers[i]

    def check(self, path: Path, columns: Columns, issues: ReadIssues) -> None:
        """Refuse a column of tags that was not given, and is O throughout where another one is not.

        Where both have tags of entities, note that there is a choice.

        RAISES DistillError: if it is so.
        """
        others = [str(i) for i, count in self._others.items() if count]
        if columns.label is None and not self._labelled and others:
            raise DistillError(
                f"{path}: the last column is O throughout, but column {' and '.join(others)} has entity "
                "tags. Say which one to read with --label-column (-1: the last)."
            )
        layers = [str(i) for i, found in (self._layers or {}).items() if found - {""} - CHUNKS]
        if columns.label is None and layers:
            issues.notes.append(
                f"{path}: column {' and '.join(layers)} has entity tags too; the last one is read, and "
                "--label-column chooses another"
            )


def _split(line: str) -> list[str]:
    # A tab separates even where a column is empty or holds a space; otherwise any run of spaces does.
    line = line.rstrip(" \t")
    if "\t" in line:
        return [column.strip(" ") for column in line.split("\t")]
    return SPACES.split(line.lstrip(" ")) if line else []


def _is_comment(line: str, cells: list[str], columns: Columns) -> bool:
    """Whether a line before a sentence says something of it: `# id 7`, `# text = …`, `# http://…`."""
    if not line.startswith("#"):
        return False
    tagged = len(cells) > 1 and is_tag(cells[-1])
    return not tagged or ("\t" not in line and COMMENT.match(line) is not None)


def _word_and_tag(cells: list[str], columns: Columns) -> tuple[str, str]:
    if len(cells) < 2:
        raise DistillError(f"expected a token and its entity tag in columns, found {cells[0]!r} alone")
    token, label = columns.token or 1, columns.label or -1
    if isinstance(label, str):
        raise DistillError(
            f"expected the number of a column, and no name such as {label!r}: there are no names"
        )
    found: dict[int, str] = {}
    for what, column in (("tokens", token), ("entity tags", label)):
        at = column - 1 if column > 0 else len(cells) + column
        if not 0 <= at < len(cells):
            raise DistillError(f"expected {what} in column {column}, found {counted(len(cells), 'column')}")
        found[at] = cells[at]
    if len(found) < 2:
        raise DistillError(f"column {token} cannot hold both the token and its tag ({cells[-1]!r})")
    word, tag = found.values()
    try:
        split_tag(tag)
    except DistillError as error:
        choose = "" if columns.label else "; --label-column and --token-column choose others"
        raise DistillError(f"{error} in column {label}{choose}") from None
    if SEVERAL.search(tag):
        raise DistillError(f"expected one entity tag, found {tag!r} in column {label}; keep one of them")
    return word, tag


def is_table(head: Head) -> bool:
    """Whether a file looks like columns or a table, whatever stands in them.

    It does if nearly all of its lines have as many cells as another, which tabs separate, or of which the
    last is often an O.
    """
    rows = [_split(line) for line in head.lines if not line.startswith("#")]
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    if width < 2 or count < max(2, MOST * len(rows)):
        return False
    outside = sum(row[-1] in ("O", "o") for row in rows)
    return all("\t" in line for line in head.lines if len(_split(line)) == width) or outside > len(rows) / 4


class ColumnFormat(Format):
    """Columns of tokens and tags.

    scheme: how tags are written, see `tags_of`.
    """

    endings: ClassVar[tuple[str, ...]] = (*ENDINGS, ".tsv")
    holds: ClassVar[frozenset[str]] = frozenset({"tokens", "labels"})
    by_sentence: ClassVar[bool] = True
    scheme: ClassVar[str] = "BIO"
    separator: ClassVar[str] = "\t"

    def recognise(self, head: Head) -> str:
        return ""

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        whole = options.sentences is False
        yield from read_columns(
            file, nlp.vocab, name=name, issues=issues, columns=options.columns, whole_articles=whole
        )

    def count(self, file: Path) -> int:
        return count_blocks(file)

    def problem(self, doc: Doc) -> str:
        for word in words_of(doc):
            if word.text != word.text.strip(" ") or set(word.text) & {*"\t\n\r", self.separator}:
                return f"the token {word.text!r} has a space, tab or line break"
            if word.text.startswith(DOCSTART):
                return f"the token {word.text!r} would begin an article"
        for label in (ent.label_ for ent in doc.ents):
            if label != label.strip(" ") or set(label) & {*"\t\n\r", self.separator}:
                return f"the label {label!r} has a space, tab or line break"
            if SEVERAL.search(label):
                return f"the label {label!r} looks like several tags"
        return ""

    def row(self, word: str, tag: str) -> str:
        """The line of a token."""
        return self.separator.join((word, tag))

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        def lines() -> Iterator[str]:
            for before, doc in zip([None, *docs], docs, strict=False):
                yield from self.opening(doc, before)
                tags = dict(zip((word.i for word in words_of(doc)), tags_of(doc, self.scheme), strict=True))
                for sentence in sentences_of(doc):
                    yield from (f"{self.row(doc[i].text, str(tags[i]))}\n" for i in sentence)
                    yield "\n"

        write_text(lines(), out)

    def opening(self, doc: Doc, before: Doc | None) -> Iterator[str]:
        """Lines before a document.

        before: the document before it.
        """
        yield from ()


class Conll(ColumnFormat):
    """CoNLL-2003: token, part of speech, chunk and IOB1 tag, and lines between articles."""

    name: ClassVar[str] = "conll"
    about: ClassVar[str] = (
        "CoNLL-2003: four columns, IOB1, `-DOCSTART-`; reads columns of any number and tags"
    )
    holds: ClassVar[frozenset[str]] = frozenset({"tokens", "labels", "articles"})
    scheme: ClassVar[str] = "IO"
    separator: ClassVar[str] = " "

    def recognise(self, head: Head) -> str:
        if head.ending in ENDINGS:
            return f"its name ends with {head.ending}"
        rows = [line.split() for line in head.lines if not line.startswith((DOCSTART, "#"))]
        tagged = sum(len(row) > 1 and TAG.fullmatch(row[-1]) is not None for row in rows)
        return "entity tags in the last column" if rows and tagged >= MOST * len(rows) else ""

    def row(self, word: str, tag: str) -> str:
        return f"{word} -X- -X- {tag}"

    def opening(self, doc: Doc, before: Doc | None) -> Iterator[str]:
        article = article_id(doc)
        if before is None or article is None or article != article_id(before):
            yield f"{DOCSTART} -X- -X- O\n\n"


class Iob(ColumnFormat):
    """Two columns, IOB2."""

    name: ClassVar[str] = "iob"
    about: ClassVar[str] = "two columns, IOB2 (BIO)"


class Iob1(ColumnFormat):
    """Two columns, IOB1."""

    name: ClassVar[str] = "iob1"
    about: ClassVar[str] = "two columns, IOB1: a B only between two entities of one label"
    scheme: ClassVar[str] = "IO"


class Bioes(ColumnFormat):
    """Two columns, BIOES."""

    name: ClassVar[str] = "bioes"
    about: ClassVar[str] = "two columns, BIOES (IOBES)"
    scheme: ClassVar[str] = "BIOES"


class Bilou(ColumnFormat):
    """Two columns, BILOU."""

    name: ClassVar[str] = "bilou"
    about: ClassVar[str] = "two columns, BILOU (BILUO)"
    scheme: ClassVar[str] = "BILOU"


def sentences_of(doc: Doc) -> list[list[int]]:
    """The words of each sentence, where they are marked, else of the document."""
    spans = list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]
    found = [[token.i for token in span if not token.text.isspace()] for span in spans]
    return [sentence for sentence in found if sentence]


def count_blocks(file: Path) -> int:
    """The number of blocks of lines that are not blank."""
    count, before = 0, ""
    for _, line in read_lines(file):
        line = "" if line.startswith(DOCSTART) else line.strip()
        count += bool(line) and not before
        before = line
    return count
