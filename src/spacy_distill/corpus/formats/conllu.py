"""CoNLL-U and CoNLL-U Plus, with entities as tags in MISC or in a column of their own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from ...errors import DistillError
from ..entities import STARTS, is_tag, set_tags, split_tag, tags_of, words_of
from ..files import read_lines
from ..provenance import article_id, doc_id, set_origin
from ..text import ReadIssues
from .base import Columns, Format, Head, ImportOptions, stem, write_text
from .columns import MOST, count_blocks, sentences_of

COLUMNS: tuple[str, ...] = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
HEADER = "# global.columns ="
# What Plus files are written with.
NER_COLUMN = "SPACY:NER"
PLUS_COLUMNS = ("ID", "FORM", "MISC", NER_COLUMN)
NER_KEY = "NER"
UNKNOWN = "-"  # As spaCy writes the tag of a token of which nothing is known.
ESCAPES = {"\\": "\\\\", " ": "\\s", "\t": "\\t", "\r": "\\r", "\n": "\\n", "|": "\\p"}


@dataclass
class Unit:
    """A surface token: a word, or a multiword token with its words.

    space: what stands behind it.
    tags: the tags of its words; None where a word has none.
    """

    form: str
    space: str
    explicit: bool
    tags: list[str | None] = field(default_factory=list)


@dataclass
class Block:
    """A sentence: the lines of its rows with their numbers, and its comments."""

    article: str | None
    comments: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)


class Conllu(Format):
    """CoNLL-U: tags are a key of MISC."""

    name: ClassVar[str] = "conllu"
    about: ClassVar[str] = "CoNLL-U, tags in MISC (`NER=B-LOC`)"
    endings: ClassVar[tuple[str, ...]] = (".conllu",)
    holds: ClassVar[frozenset[str]] = frozenset(
        {"text", "tokens", "labels", "missing", "unlabelled", "ids", "articles"}
    )
    by_sentence: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    def recognise(self, head: Head) -> str:
        if head.ending in self.endings:
            return f"its name ends with {head.ending}"
        rows = [line for line in head.lines if not line.startswith("#")]
        full = sum(line.count("\t") == len(COLUMNS) - 1 and line[0].isdigit() for line in rows)
        return "ten columns, the first counts" if rows and full >= MOST * len(rows) else ""

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        blocks = list(_read_blocks(file, issues))
        source = _tag_source(file, blocks, options.columns)
        if source:
            issues.notes.append(f"{file}: entities are read from {source}")
        elif any("(" in _misc(row).get("Entity", "") for block in blocks for _, row in block.rows):
            issues.notes.append(
                f"{file}: Entity in MISC has brackets, which may nest, and is not read; write "
                "tags such as NER=B-person instead"
            )
        given = {_tag(row, source) for block in blocks for _, row in block.rows}
        explicit = "O" in given or not given - {None, UNKNOWN}
        good = [block for block in blocks if _is_read(file, block, source, explicit, issues)]
        known = any(block.article is not None for block in good)
        whole = options.sentences is False
        if whole and not known:
            raise DistillError(
                f"{file} has no `# newdoc` lines, so where its articles begin is unknown. "
                "Read it by sentence: leave out --docs."
            )
        groups = (
            (list(group) for _, group in groupby(good, key=lambda block: block.article))
            if whole
            else ([block] for block in good)
        )
        for number, group in enumerate(groups, start=1):
            article = group[0].article
            place = f"{stem(name)}:{number}"
            id = (article if whole else group[0].comments.get("sent_id")) or place
            # Numbers of sentences may begin anew with each article.
            id = id if issues.ids.setdefault(id, place) == place else place
            yield set_origin(_make_doc(nlp, group, source), id=id, document=article or id, source=name)

    def count(self, file: Path) -> int:
        return count_blocks(file)

    def kept_text(self, doc: Doc) -> str:
        words = words_of(doc)
        return doc.text[words[0].idx : words[-1].idx + len(words[-1])]

    def problem(self, doc: Doc) -> str:
        for word in words_of(doc):
            if set(word.text) & {*"\t\n\r"} or word.text != word.text.strip(" "):
                return f"the token {word.text!r} has a tab or line break, or a space at its ends"
        for label in (ent.label_ for ent in doc.ents):
            if set(label) & {*"\t\n\r |"}:
                return f"the label {label!r} has a space, tab, line break or |"
        for id in (doc_id(doc), article_id(doc)):
            if id is not None and (id != id.strip() or set(id) & {*"\n\r"} or not id):
                return f"the id {id!r} has a line break, or space at its ends"
        return ""

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        def lines() -> Iterator[str]:
            if self.columns != COLUMNS:
                yield f"{HEADER} {' '.join(self.columns)}\n"
            for before, doc in zip([None, *docs], docs, strict=False):
                yield from self._block(doc, None if before is None else article_id(before))

        write_text(lines(), out)

    def _block(self, doc: Doc, before: str | None) -> Iterator[str]:
        if (article := article_id(doc)) is not None and article != before:
            yield f"# newdoc id = {article}\n"
        words = words_of(doc)
        ends = [*(word.idx for word in words[1:]), None]
        gaps = {
            word.i: "" if end is None else doc.text[word.idx + len(word) : end]
            for word, end in zip(words, ends, strict=True)
        }
        tags = dict(zip(gaps, tags_of(doc), strict=True))
        sentences = sentences_of(doc)
        for number, sentence in enumerate(sentences, start=1):
            if (id := doc_id(doc)) is not None:
                yield f"# sent_id = {id}\n" if len(sentences) == 1 else f"# sent_id = {id}-{number}\n"
            last = doc[sentence[-1]]
            text = doc.text[doc[sentence[0]].idx : last.idx + len(last)]
            if not set(text) & {*"\n\r"}:
                yield f"# text = {text}\n"
            for n, i in enumerate(sentence, start=1):
                yield self._row(n, doc[i].text, tags[i] or UNKNOWN, None if i == words[-1].i else gaps[i])
            yield "\n"

    def _row(self, number: int, form: str, tag: str, gap: str | None) -> str:
        misc = [] if NER_COLUMN in self.columns else [f"{NER_KEY}={tag}"]
        if gap == "":
            misc.append("SpaceAfter=No")
        elif gap not in (None, " "):
            misc.append("SpacesAfter=" + "".join(ESCAPES.get(char, char) for char in str(gap)))
        cells = {"ID": str(number), "FORM": form, "MISC": "|".join(misc) or "_", NER_COLUMN: tag}
        return "\t".join(cells.get(column, "_") for column in self.columns) + "\n"


class ConlluPlus(Conllu):
    """CoNLL-U Plus: columns as its first line names them, one of them with tags."""

    name: ClassVar[str] = "conllup"
    about: ClassVar[str] = f"CoNLL-U Plus, tags in a column of their own (written as `{NER_COLUMN}`)"
    endings: ClassVar[tuple[str, ...]] = (".conllup",)
    columns: ClassVar[tuple[str, ...]] = PLUS_COLUMNS

    def recognise(self, head: Head) -> str:
        return "its first line names columns" if head.lines[:1] and head.lines[0].startswith(HEADER) else ""


def _read_blocks(file: Path, issues: ReadIssues) -> Iterator[Block]:
    columns, articles = COLUMNS, 0
    block, bad = Block(None), False
    for number, line in read_lines(file):
        if line.startswith(HEADER):
            columns = tuple(line.removeprefix(HEADER).split())
        elif line.startswith("#") and not block.rows:
            key, _, value = line[1:].partition("=")
            block.comments[key.strip()] = value = value.strip(" ")
            if key.strip() in ("newdoc", "newdoc id"):
                articles += 1
                block.article = value or f"{stem(file.name)}:{articles}"
        elif line.strip():
            cells = line.split("\t")
            if len(cells) != len(columns):
                issues.refuse(file, number, f"expected {len(columns)} columns and tabs, found {len(cells)}")
                bad = True
                continue
            block.rows.append((number, dict(zip(columns, cells, strict=True))))
        elif block.rows or bad:
            if not bad:
                yield block
            block, bad = Block(block.article), False
    if block.rows and not bad:
        yield block


def _misc(row: dict[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in row.get("MISC", "_").split("|"))
    return {key: value for key, equals, value in pairs if equals}


def _tag_source(file: Path, blocks: Sequence[Block], columns: Columns) -> str:
    """The name of the column or of the key of MISC that has the tags; empty if there are none.

    RAISES DistillError: if what was asked for is not there, or several could be meant.
    """
    rows = [row for block in blocks for _, row in block.rows]
    names = [*rows[0]] if rows else []
    values: dict[str, Counter[str]] = {}
    for row in rows:
        own = {name: row[name] for name in names if name not in COLUMNS}
        for name, value in {**_misc(row), **own}.items():
            values.setdefault(name, Counter())[value] += 1
    wanted = columns.label
    if isinstance(wanted, int) and -len(names) <= (at := wanted - (wanted > 0)) < len(names):
        wanted = names[at]
    if wanted is not None:
        if wanted not in {*names, *values}:
            known = ", ".join([*names, *sorted(values)])
            raise DistillError(f"{file} has no column or key of MISC {wanted!r}. It has {known}.")
        return str(wanted)
    found = [
        name
        for name, seen in values.items()
        if any(is_tag(value) and value != "O" for value in seen)
        and all(is_tag(value) or value in ("_", "*", UNKNOWN) for value in seen)
    ]
    if len(found) > 1:
        raise DistillError(
            f"{file}: {' and '.join(sorted(found))} have entity tags. Choose one: --label-column {found[0]}."
        )
    return found[0] if found else next((name for name in (NER_KEY, NER_COLUMN) if name in values), "")


def _tag(row: dict[str, str], source: str) -> str | None:
    """The tag of a row; None if it has none."""
    value = row[source] if source in row else _misc(row).get(source)
    return None if value in ("_", "*") else value


def _is_read(file: Path, block: Block, source: str, explicit: bool, issues: ReadIssues) -> bool:
    """Read the surface tokens of a sentence; False if it cannot be used.

    explicit: whether a row without a tag is missing, and not O: where the file writes O, or has no entity.
    """
    end, number = 0, 0
    try:
        for number, row in block.rows:  # noqa: B007  the number is that of the error
            id, given = row.get("ID", ""), _tag(row, source) if source else UNKNOWN
            said = None if given == UNKNOWN else given if given or explicit else "O"
            if said is not None:
                split_tag(said)
            if "-" in id:
                end = int(id.partition("-")[2])
                block.units.append(_unit(row, *([said] if given else [])))
            elif id.isdigit() and int(id) <= end:
                block.units[-1].tags.append(said)
            elif "." not in id:
                end = 0
                block.units.append(_unit(row, said))
        for unit in block.units:
            _one_tag(unit)
    except (DistillError, ValueError) as error:
        issues.refuse(file, number, str(error))
        return False
    return bool(block.units)


def _unit(row: dict[str, str], *tags: str | None) -> Unit:
    form = row.get("FORM", "")
    if not form.strip():
        raise DistillError("expected a token in FORM, found nothing")
    misc = _misc(row)
    spaces = misc.get("SpacesAfter")
    space = "" if misc.get("SpaceAfter") == "No" else " "
    return Unit(form, space if spaces is None else _unescaped(spaces), spaces is not None, list(tags))


def _unescaped(text: str) -> str:
    back = {escape: char for char, escape in ESCAPES.items()}
    out, i = "", 0
    while i < len(text):
        pair = text[i : i + 2]
        out, i = (out + back[pair], i + 2) if pair in back else (out + text[i], i + 1)
    return out


def _one_tag(unit: Unit) -> str | None:
    """The tag of a surface token: an entity of some of its words is one of all.

    RAISES DistillError: if its words are of several entities.
    """
    entities = [tag for tag in unit.tags if tag not in (None, "O")]
    if not entities:
        return None if None in unit.tags or not unit.tags else "O"
    starts = [tag for tag in entities[1:] if str(tag)[0] in STARTS]
    if starts or len({split_tag(str(tag))[1] for tag in entities}) > 1:
        raise DistillError(f"the words of {unit.form!r} are of several entities: {entities}")
    return entities[0]


def _make_doc(nlp: Language, blocks: Sequence[Block], source: str) -> Doc:
    units = [unit for block in blocks for unit in block.units]
    text = "".join(unit.form + unit.space for unit in units[:-1]) + units[-1].form
    words, spaces = get_words_and_spaces([unit.form for unit in units], text)
    if len(blocks) == 1 and not any(unit.explicit for unit in units):
        # Many files say where spaces are in the text alone.
        with suppress(ValueError):
            words, spaces = get_words_and_spaces([u.form for u in units], blocks[0].comments.get("text", ""))
    starts: list[bool | int | None] | None = None
    if len(blocks) > 1:
        first = iter([n == 0 for block in blocks for n, _ in enumerate(block.units)])
        starts = [False if word.isspace() else next(first) for word in words]
    doc = Doc(nlp.vocab, words=words, spaces=spaces, sent_starts=starts)
    return set_tags(doc, [_one_tag(unit) for unit in units]) if source else doc
