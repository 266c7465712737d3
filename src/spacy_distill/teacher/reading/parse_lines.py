"""Candidates from an answer of numbered lines: `n. candidate | True or False | reason (TYPE)`."""

import re
from collections.abc import Sequence

from .candidates import Candidate, LabelSet, Parsed

_NUMBER = re.compile(r"^\s*(?:[-*•–+]\s+)?(?:\(?\d{1,4}\s*[.):](?=\s|\D)\s*)?")
_NUMBERED = re.compile(
    r"\s*\d{1,4}\s*[.):]"
)  # As a last line, without a verdict: the answer was cut off here.
_VERDICTS = {"true": True, "yes": True, "false": False, "no": False}
_BRACKETED = re.compile(r"[(\[<]([^()\[\]<>]*)[)\]>]")
_WORD = re.compile(r"[\w-]+")
_LAST_BRACKET = re.compile(r"\s*\([^()]*\)\s*$")
_RULE = re.compile(r"[-:=+\s|]*$")
_NOTHING = re.compile(
    r"(?:none|nothing|n/a|(?:there (?:are|is) )?no(?: named)? entit(?:y|ies)\b[^\n]*)[.!]?",
    re.IGNORECASE,
)


def parse_lines(answer: str, labels: LabelSet) -> Parsed | None:
    """Read the candidates of an answer of lines. Never raises, whatever the answer is.

    A line counts if it has "|" and a verdict (True, False, Yes or No) in a cell after the first; numbers,
    bullets, bold and the outer pipes of a table may be there or not. The label is looked for in brackets
    from the right, then as a cell of its own, then as a word of the reason.

    answer (str): Any text.
    labels (LabelSet): The labels, which tell a label from any other bracket.
    RETURNS (Optional[Parsed]): The candidates; none of them where the answer says that there is no entity;
        None if no line can be read.
    """
    lines = [line for line in answer.splitlines() if line.strip()]
    read = [_candidates(line, labels) if "|" in line else [] for line in lines]
    found = tuple(candidate for some in read for candidate in some)
    if found:
        return Parsed(found, complete=bool(read[-1]) or not _NUMBERED.match(lines[-1]))
    return Parsed(()) if _says_nothing(lines) else None


def _says_nothing(lines: Sequence[str]) -> bool:
    said = [_plain(_NUMBER.sub("", line)) for line in lines]
    return len(said) == 1 and _NOTHING.fullmatch(said[0]) is not None


def _candidates(line: str, labels: LabelSet) -> list[Candidate]:
    body = line.strip()
    if body.startswith("|"):
        body = body.strip("|")
    if _RULE.match(body):
        return []
    cells = _NUMBER.sub("", body, count=1).split("|")
    at = next((i for i, cell in enumerate(cells) if i and _plain(cell).casefold() in _VERDICTS), 0)
    if not at:
        return []
    first = 1 if at > 1 and cells[0].strip().isdigit() else 0  # A number in a cell of its own, as in a table.
    text = _plain("|".join(cells[first:at]))
    rest = [cell.strip() for cell in cells[at + 1 :]]
    if not text:
        return []
    return [Candidate(text, _label(rest, labels), _VERDICTS[_plain(cells[at]).casefold()], _reason(rest))]


def _label(cells: list[str], labels: LabelSet) -> str:
    """The label that the cells after the verdict name, as it is written; empty if they name none."""
    reason = " | ".join(cells)
    bracketed: list[str] = _BRACKETED.findall(reason)
    for name in [*reversed(bracketed), *map(_plain, reversed(cells))]:
        if name in labels:
            return name
    words: list[str] = [word for word in _WORD.findall(reason) if word in labels]
    if len({labels.resolve(word) for word in words}) == 1:
        return words[0]
    return bracketed[-1].strip() if bracketed else ""


def _reason(cells: list[str]) -> str:
    reason = _LAST_BRACKET.sub("", " | ".join(cell for cell in cells if cell))
    return "" if reason.casefold() == "none" else reason


def _plain(cell: str) -> str:
    """A cell without Markdown's marks and without the quotes that enclose it."""
    bare = cell.strip().strip("*_` \t")
    return bare[1:-1].strip() if len(bare) > 2 and bare[0] + bare[-1] in ('""', "''", "“”", "‘’") else bare
