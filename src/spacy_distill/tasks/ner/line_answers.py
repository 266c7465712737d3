"""Candidates from the lines of an answer: the asked form, tables, lists, and keys with values."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..thinking import UnreadableError
from .candidates import UNNAMED, Candidate, Structure, join_tags
from .empty_answers import says_nothing
from .entity_lines import NUMBER, ORDINAL, cells_of, judged, plain, read_entries, read_fields
from .json_keys import role_of
from .json_values import ValueReader
from .mention_search import WordIndex

_ITEM = re.compile(r"\s*(?:[-*•–+>]\s|[*_`]*[(\[]?\d{1,4}\s*[.):\]、])")
_OPEN_BRACKET = re.compile(r"\([^()|]{0,40}$")
# As a last line, without a verdict: the answer was cut off here.
_NUMBERED = re.compile(r"\s*[*_`]*[(\[]?(\d{1,4})\s*[.):\]、]")
_TABLE_RULE = re.compile(r"[-:=+\s|]*$")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_STEP = re.compile(r"\W*steps?\W*\d", re.IGNORECASE)
_PAIR = re.compile(
    r"\s*([-*•]\s+|\d{1,4}[.)]\s+)?[\"'*_`]*([^\W\d_][\w ]{0,30}?)[\"'*_`]*\s*:[\"'*_`]*(?:\s+(.*?))?\s*,?\s*"
)
_HEADING = re.compile(r"\s*(?:#{1,6}\s*)?[*_`]*([^:*|]{1,60}?)[*_`]*\s*:?\s*[*_`]*\s*")
_HEADED = re.compile(r"[(\[:]|\s[-–—]\s")
_TITLE = re.compile(r"\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?\s*|[^:]{1,60}:[*_`\s]*)")
_NO_MORE = re.compile(r"\s*none\.?\s*", re.IGNORECASE)  # Right after the last line of the asked form.
_PROSE = re.compile(r".*[.!?:。！？]\W*|(?:\S+\s+){8,}\S+|\s*#.*", re.DOTALL)
_WORD = re.compile(r"\w+")
# What a sentence puts in marks, or divides from the rest of it, may be what it is about.
_MARKED = re.compile(r"\*\*[^*\n]{1,100}\*\*|`[^`\n]{1,100}`|\"[^\"\n]{1,100}\"|“[^“”\n]{1,100}”")
_PARTS = re.compile(r"\t|\s[-–—]\s|:\s|->|=>|[→⇒=|]")
_CELL_END = re.compile(r"\t|\s[-–—]\s|[:,;=→⇒|(\[<]|->")
WORDS = 10
_REMARK = re.compile(r"\s*(?::|\s[-–—]\s|\().*", re.DOTALL)


def find_lines(text: str, reader: ValueReader) -> list[Structure]:
    """Find the lists among the lines of an answer.

    A line with "|" and a verdict (True, False, Yes or No) in a cell after the first is read by itself. Rows
    of a table, items under a label and keys with their values are read together. An item that cannot be read
    beside others that can is a candidate without a label. Numbering that starts again begins another list.

    text: the answer.
    reader: reads what is not a line by itself.
    RETURNS: what each list says; also, without candidates, a line that says that there is no entity.
    """
    lines = _Lines(reader)
    at = 0
    for line in _unbroken(text.splitlines(keepends=True), reader.index):
        if line.strip():
            lines.add(line.strip("\r\n"), at)
        else:
            lines.after_blank = True
        at += len(line)
    lines.close()
    return lines.found


def _unbroken(lines: Sequence[str], index: WordIndex | None) -> Iterator[str]:
    """The lines of a text; two in one, as long as both, where a mention is broken between them.

    One of the two has nothing else in it, and the other one has it at its border; or a row of a table begins
    with "|" in the first and ends with it in the second.
    """
    if index is None:
        yield from lines
        return
    whole = ""
    for line in lines:
        start, end = whole.strip("| \r\n"), line.strip("| \r\n")
        if _is_one_row(whole, line) or (
            start
            and min(len(cells := _CELL_END.split(start)), len(_CELL_END.split(end))) == 1
            and not (_ITEM.match(line) or line.startswith("|") or _FENCE.match(whole) or _STEP.match(whole))
            and index.goes_on(_bare(cells[-1]), _bare(_CELL_END.split(end, maxsplit=1)[0]))
        ):
            whole = whole.rstrip().ljust(len(whole)) + line
        else:
            yield whole
            whole = line
    yield whole


def _is_one_row(start: str, end: str) -> bool:
    """Whether a row of a table begins in one line and ends in the next."""
    start, end = start.strip(), end.strip()
    return start.startswith("|") and not start.endswith("|") and not end.startswith("|") and end.endswith("|")


def _rows_joined(rows: Sequence[list[str]], index: WordIndex | None) -> list[list[str]]:
    """Rows of a table; two in one where the other cells of one are empty and a mention goes on in it."""
    joined: list[list[str]] = []
    for row in rows:
        last = joined[-1] if joined else []
        both = [i for i, (one, other) in enumerate(zip(last, row, strict=False)) if one and other]
        if (
            index is not None
            and len(last) == len(row)
            and len(both) == 1
            and index.goes_on(last[both[0]], row[both[0]])
        ):
            joined[-1] = [f"{one} {other}".strip() for one, other in zip(last, row, strict=True)]
        else:
            joined.append(row)
    return joined


def _bare(line: str) -> str:
    return plain(NUMBER.sub("", line, count=1))


class _Lines:
    """The lists found so far, and the one that is being read.

    found: the lists that are closed.
    after_blank: whether the line to come stands behind an empty one.
    """

    def __init__(self, reader: ValueReader) -> None:
        self.reader, self.labels = reader, reader.labels
        self.found, self.after_blank = list[Structure](), False
        self.begin(0)

    def begin(self, at: int) -> None:
        """Begin another list at an offset."""
        self.start, self.end, self.number, self.rank = at, at, 0, 1
        self.candidates: list[Candidate] = []
        self.unread: list[tuple[bool, Candidate]] = []
        self.named = self.cut = self.strange = False
        self.context = ""
        self.rejected = False
        self.aside: set[str] = set()  # Words of sentences that may be of names.
        self.rows: list[list[str]] = []
        self.heading: list[str] = []
        self.item: dict[str, Any] = {}
        self.denied: list[str] = []  # Labels of which it says that there is no entity.
        self.title = ""  # An item that is not understood, if nothing was read since.

    def add(self, line: str, at: int) -> None:
        """Read one more line, which begins at an offset."""
        number = int(found[1]) if (found := _NUMBERED.match(line)) else 0
        if number and number <= self.number and (self.named or self.unread):
            self.close()
            self.begin(at)
        self.cut = False
        if not number and (_FENCE.match(line) or _TABLE_RULE.match(line)):
            if "|" in line and len(self.rows) == 1:
                self.heading = self.rows[0]
                self.rows = [[]]  # The heading of a table.
            return
        nothing = "|" not in line and not self.context and says_nothing(NUMBER.sub("", line, count=1))
        if nothing and not _STEP.match(line):
            if not (self.rank == 2 and not self.after_blank and _NO_MORE.fullmatch(line)):
                self.close()
                self.found.append(Structure(at, at + len(line), (), rank=self.rank))
                self.begin(at + len(line))
            self.after_blank = False
            return
        if self.after_blank and not self.named:
            self.unread = [(listed, candidate) for listed, candidate in self.unread if listed]
        self.after_blank = False
        if fields := read_fields(line, self.reader):
            self._end_item()
            self._accept(fields)
        said = bool(fields) or (self._piped(line) if "|" in line else self._unpiped(line))
        if said is None:
            said = self._unread(line)
            self.strange = True
        self.number = max(number, self.number)
        if said:
            self.title = ""
            self.start = self.start if self.end > self.start else at
            self.end = at + len(line)

    def close(self) -> None:
        """End the list that is being read."""
        self._end_item()
        self._end_table()
        unread = [candidate for listed, candidate in self.unread if listed or self.named]
        if self.named or (unread and any(one.candidates for one in self.found)):
            if self.rank == 1:
                known = {word for one in self.candidates for word in _WORD.findall(one.text)}
                unread += [Candidate(word, UNNAMED, True) for word in sorted(self.aside - known)]
            found = (*join_tags(self.candidates, self.labels), *unread)
            self.found.append(Structure(self.start, self.end, found, not self.cut, self.rank))
        elif self.denied and not self.unread and not self.strange:
            scope = self.denied[0] if len({*self.denied}) == 1 else ""
            self.found.append(Structure(self.start, self.end, (), scope=scope))

    def _piped(self, line: str) -> bool | None:
        """Read a line with pipes; None if it is not understood."""
        cells = cells_of(line)
        if candidate := judged(cells, self.labels):
            if self.rows:
                self._end_table()
            self.rank, self.named = 2, True
            self.candidates.append(candidate)
            self.cut = bool(_OPEN_BRACKET.search(line))
            return True
        cells = [plain(cell) for cell in cells]
        while cells and not cells[0]:
            del cells[0]
        while cells and not cells[-1]:
            del cells[-1]
        if self.rows and len(cells) == 1 and line.count("|") > 1:
            cells.append("")
        if len(cells) > 2 and ORDINAL.fullmatch(cells[0]):
            del cells[0]
        is_row = line.lstrip().startswith("|") or bool(self.rows)
        meant = [self.labels.resolve(cell) not in (None, "O") for cell in cells]
        if len(cells) > 1 and self.rank == 1 and (is_row or any(meant[:2]) or _is_heading(cells)):
            self.rows.append(cells)
            return True
        if len(cells) == 2 and meant[1]:
            self.candidates.append(Candidate(cells[0], cells[1], True))
            return True
        return None

    def _end_table(self) -> None:
        rows = [row for i, row in enumerate(self.rows) if row and not (i == 0 and _is_heading(row))]
        if rows and self.heading and len({len(row) for row in rows}) == 1:
            columns = _columns(self.heading[-len(rows[0]) :])  # Without that of the numbers.
            rows = [[row[i] for i in columns] for row in rows]
        rows = _rows_joined(rows, self.reader.index)
        self.rows, self.heading = [], []
        if not rows:
            return
        try:
            self.candidates += [c for row in self.reader.rows(rows, listed=False) for c in row]
            self.named = True
        except UnreadableError:
            self.unread += [(False, Candidate(cell, UNNAMED, True)) for row in rows for cell in row]

    def _unpiped(self, line: str) -> bool | None:
        self._end_table()
        is_item = bool(_ITEM.match(line))
        if _STEP.match(line):
            return False
        if (pair := _PAIR.fullmatch(line)) and (said := self._pair(pair, line)):
            return said
        self._end_item()
        heading = _HEADING.fullmatch(line)
        if heading and not is_item and self._heads(heading[1]):
            return True
        if found := read_entries(line, self.reader):
            if all(c.text in self.labels and self.labels.resolve(c.label) == "O" for c in found):
                self.denied += [c.text for c in found]  # "PER: none"
                return True
            if not self.reader.may_be(c.text for c in found if c.accepted and c.label in self.labels):
                found = [
                    Candidate(plain(NUMBER.sub("", line, count=1)), UNNAMED, True),
                    *(candidate._replace(label=UNNAMED) for candidate in found),
                ]
                self.named = True
            self._accept(found)
            return True
        index = self.reader.index
        if self.context and index is not None and index.stands(plain(line)) and len(line.split()) < WORDS:
            is_item = True
        if self.context and not is_item and _TITLE.fullmatch(line):
            self.context = UNNAMED  # A heading that names no label: nor do the items under it.
            return False
        if is_item and self.context:
            self._accept([Candidate(text, self.context, True) for text in self._bare(line)])
            return True
        return None

    def _accept(self, found: Sequence[Candidate]) -> None:
        if self.rejected:
            found = [candidate._replace(accepted=False) for candidate in found]
        self.candidates += found
        known = (self.labels.resolve(c.label) not in (None, "O") or not c.accepted for c in found)
        self.named = self.named or any(known)

    def _heads(self, heading: str) -> bool:
        """Whether a line heads what follows: with a label, or a word for entities or rejected candidates."""
        heading = plain(heading)
        role = role_of(heading)
        index, remark = self.reader.index, _HEADED.split(heading, maxsplit=1)[1:]
        if heading in self.labels and not (index is not None and any(map(index.stands, remark))):
            self.context, self.rejected, self.number = heading, False, 0
        elif role in ("entities", "rejected"):
            self.context, self.rejected = "", role == "rejected"
        else:
            return False
        return True

    def _pair(self, pair: re.Match[str], line: str) -> bool:
        """Read a key with its value: a field of a mention, or a label with its mentions."""
        key, value = pair[2], plain(pair[3] or "")
        if self.labels.resolve(key) not in (None, "O"):
            if value:
                return False
            self._end_item()
            return self._heads(key)
        role = role_of(key)
        if role in ("entities", "rejected"):
            self._end_item()
            self._heads(key)
            if value and not says_nothing(value):
                found = read_entries(value, self.reader)
                self._accept(found or [Candidate(value, UNNAMED, True)])
            return True
        if role == "label" and self.title and not self.item:  # "1. Rome", and under it "- Type: LOC"
            self.unread.pop()
            self.item = {"text": self.title, key: value}
            return True
        if role not in ("text", "label") and not (self.item and (pair[1] is None or line[:1].isspace())):
            return False
        if value and role == "text" and not self.item and (found := read_entries(value, self.reader)):
            self._accept(found)
            return True
        if pair[1] or key in self.item or (role == "text" and any(role_of(k) == "text" for k in self.item)):
            self._end_item()
        self.item[key] = value
        return True

    def _end_item(self) -> None:
        item, self.item = self.item, {}
        if not item:
            return
        texts = [value for key, value in item.items() if role_of(key) == "text"]
        if len(item) == len(texts) and self.reader.index is not None:
            texts = [text for text in texts if not self.reader.index.is_within(text)]
        if len(item) > len(texts) and texts:
            self._accept(self.reader.read({self.context or "entities": [item]}).candidates)
        else:
            self.unread += [(True, Candidate(text, UNNAMED, True)) for text in texts]

    def _bare(self, line: str) -> list[str]:
        """The mentions of an item that stands under its label."""
        text, index = plain(NUMBER.sub("", line, count=1)), self.reader.index
        if index is not None and not index.stands(text):
            text = _REMARK.sub("", text) or text
        if says_nothing(text):
            self.denied.append(self.context)
            return []
        return self.reader.mentions(text)

    def _unread(self, line: str) -> bool:
        """Keep what an item that is not understood may be about."""
        is_item = bool(_ITEM.match(line))
        named = not line.rstrip().endswith(":") and any(word in self.labels for word in _WORD.findall(line))
        if is_item or named or line.lstrip().startswith("#") or not _PROSE.fullmatch(line):
            body = plain(NUMBER.sub("", line, count=1).strip("| ").split("|")[0])
            if body and not says_nothing(body) and not _is_heading(re.split(r"[,;\t]", body)):
                self.unread.append((is_item, Candidate(body, UNNAMED, True)))
                self.title = body if is_item or line.lstrip().startswith("#") else ""
            self.cut = bool(_NUMBERED.match(line))
        elif (index := self.reader.index) is not None:
            parts = (NUMBER.sub("", part, count=1) for part in _PARTS.split(line))
            said = map(plain, (*_MARKED.findall(line), *parts))
            mentions = (text for text in said if len(text.split()) < WORDS and not index.is_within(text))
            self.unread += [
                (False, Candidate(text, UNNAMED, True)) for text in mentions if index.stands(text)
            ]
            self.aside |= {word for word in _WORD.findall(line) if word in index.words and not word.islower()}
        self.cut = self.cut or bool(self.named and _OPEN_BRACKET.search(line))
        return False


def _columns(heading: Sequence[str]) -> list[int]:
    """The columns of a table: those of the mention and its label come first if its heading names both."""
    roles = list(map(role_of, heading))
    firsts = [
        next((i for i, role in enumerate(roles) if role in some), -1)
        for some in (("text", "entities"), ("label",))
    ]
    firsts = firsts if min(firsts) >= 0 else []
    return [*firsts, *(i for i in range(len(roles)) if i not in firsts)]


def _is_heading(cells: Sequence[str]) -> bool:
    """Whether cells are the names of columns."""
    roles = [role_of(cell) for cell in cells if cell]
    return len(roles) > 1 and "label" in roles and ("text" in roles or "entities" in roles)
