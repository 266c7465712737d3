"""CoNLL files: one token a line, columns, blank lines between sentences, -DOCSTART- between articles."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import DistillError
from .entities import TokenSpan, is_tag, set_token_spans, spans_of_tags, split_tag
from .files import read_lines
from .provenance import set_origin
from .text import ReadIssues

DOCSTART = "-DOCSTART-"
SPACES = re.compile(" +")
COMMENT = re.compile(r"#\s*(id|sent_id|text|newdoc|newpar|global\.columns)\b|#\s*[\w.]+\s*=")


@dataclass
class TaggedSentence:
    """One sentence, with the numbers of its article (0: before any -DOCSTART- line) and of itself."""

    article: int
    number: int
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """Which column holds what: 1 is the first, -1 the last.

    token: The words; None: the first, which must not be a running number then.
    label: The entity tags; None: the last, which must not be "O" throughout where another one has entities.
    """

    token: int | None = None
    label: int | None = None

    def __post_init__(self) -> None:
        for what, column in (("token", self.token), ("label", self.label)):
            if column == 0 or (what == "label" and column == (self.token or 1)):
                raise DistillError(
                    f"The {what} column cannot be {column}: 1 is the first column, -1 the last, and tokens "
                    "and labels are in different ones."
                )


def read_conll(
    path: Path,
    vocab: Vocab,
    *,
    name: str | None = None,
    issues: ReadIssues | None = None,
    columns: Columns | None = None,
    whole_articles: bool = False,
) -> Iterator[Doc]:
    """Read a CoNLL file, IOB1, IOB2, IOBES or BILUO, columns separated by tabs or spaces.

    path: The file, gzip or not.
    vocab: The vocabulary of the documents.
    name: The file's name in ids; None: its own.
    issues: What cannot be used: a row without a token is left out alone, another one with its sentence.
    columns: Which column holds what.
    whole_articles: One document for each article instead of one for each sentence.
    YIELDS: Documents with entities, the words joined by single spaces.
    RAISES DistillError: If a line is not as expected; names file and line.
    """
    name = name or path.name
    sentences = list(_read_sentences(path, issues or ReadIssues(), columns or Columns()))
    # Without -DOCSTART- lines nothing is known of articles: each sentence stands for itself.
    known = any(sentence.article for sentence in sentences)
    if whole_articles and not known:
        raise DistillError(
            f"{path} has no {DOCSTART} lines, so where its articles begin is unknown. "
            "Read it by sentence: leave out --docs."
        )
    stem = name.removesuffix(".gz")
    groups: Iterable[list[TaggedSentence]] = (
        (list(group) for _, group in groupby(sentences, key=lambda sentence: sentence.article))
        if whole_articles
        else ([sentence] for sentence in sentences)
    )
    for group in groups:
        article = f"{stem}:{group[0].article}"
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
            check.add(cells, tag, first=not sentence.words)
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
    check.check(path, columns)


class _ColumnCheck:
    """Notices columns that are taken for others: running numbers as tokens, an empty layer of tags."""

    def __init__(self) -> None:
        self._numbered, self._next, self._rows = False, -1, 0
        self._labelled = False
        self._others: dict[int, int] = {}

    def add(self, cells: list[str], tag: str, *, first: bool) -> None:
        """Look at a row."""
        expected = cells[0] in ("0", "1") if first else cells[0] == str(self._next)
        self._numbered = expected and len(cells) > 2 and (self._numbered or not self._rows)
        self._rows += 1
        self._next = int(cells[0]) + 1 if self._numbered else -1
        self._labelled = self._labelled or tag != "O"
        if not self._labelled:
            for i, cell in enumerate(cells[1:-1], start=2):
                self._others[i] = self._others.get(i, 0) + (cell != "O" and is_tag(cell))

    def check(self, path: Path, columns: Columns) -> None:
        """Refuse columns that were not given and are not what is in them.

        RAISES DistillError: If they are taken for others.
        """
        if columns.token is None and self._numbered:
            raise DistillError(
                f"{path}: the first column counts the tokens of each sentence. Say where the tokens are with "
                "--token-column 2, and with --label-column where the tags are, if not in the last column."
            )
        others = [str(i) for i, count in self._others.items() if count]
        if columns.label is None and not self._labelled and others:
            raise DistillError(
                f"{path}: the last column is O throughout, but column {' and '.join(others)} has entity "
                "tags. Say which one to read with --label-column (-1: the last)."
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
    return bool(COMMENT.match(line)) or len(cells) < 2 or not is_tag(cells[-1])


def _word_and_tag(cells: list[str], columns: Columns) -> tuple[str, str]:
    if len(cells) < 2:
        raise DistillError(f"expected a token and its entity tag in columns, found {cells[0]!r} alone")
    token, label = columns.token or 1, columns.label or -1
    found: dict[int, str] = {}
    for what, column in (("tokens", token), ("entity tags", label)):
        at = column - 1 if column > 0 else len(cells) + column
        if not 0 <= at < len(cells):
            raise DistillError(f"expected {what} in column {column}, found {len(cells)} columns")
        found[at] = cells[at]
    if len(found) < 2:
        raise DistillError(f"column {token} cannot hold both the token and its tag ({cells[-1]!r})")
    word, tag = found.values()
    try:
        split_tag(tag)
    except DistillError as error:
        hint = ""
        if len(cells) == 10 and cells[0].partition("-")[0].isdigit():
            hint = (
                "; it looks like CoNLL-U, whose entities have no column of their own: write them as tags "
                "into one, and say where with --token-column 2 --label-column"
            )
        raise DistillError(f"{error} in column {label}{hint}") from None
    return word, tag
