"""Candidates from an answer of numbered lines: `n. candidate | True or False | reason (TYPE)`."""

import re
from collections.abc import Sequence

from .candidates import Candidate, LabelSet, Parsed

_NUMBER = re.compile(r"^\s*(?:[-*•–+>]\s+)?(?:[*_`]*[(\[]?\d{1,4}\s*[.):\]]+(?=\s|\D)[*_`]*\s*)?")
_ITEM = re.compile(r"\s*(?:[-*•–+>]\s|[*_`]*[(\[]?\d{1,4}\s*[.):\]])")
_OPEN_BRACKET = re.compile(r"\([^()|]{0,40}$")
# As a last line, without a verdict: the answer was cut off here.
_NUMBERED = re.compile(r"\s*[*_`]*[(\[]?\d{1,4}\s*[.):\]]")
_ORDINAL = re.compile(r"\s*[*_`]*\d{1,4}[.)]?[*_`]*\s*")
_VERDICT = re.compile(
    r"(true|yes|false|no)(?:\s*[.,:;!–-]+\s*|\s*(?=[(\[<])|$)(.*)", re.IGNORECASE | re.DOTALL
)
_BRACKETED = re.compile(r"[(\[<]([^()\[\]<>]*)[)\]>]")
_WORD = re.compile(r"[\w-]+")
_RULE = re.compile(r"[-:=+\s|]*$")
# "No entities ..." may go on, but not to a refusal.
_GOING_ON = r"(?:(?!\b(?:can ?not|can['’]t|unable|not able|sorry|refuse|policy)\b)[^\n])*"
_NOTHING = re.compile(
    rf"(?:none|nothing|n/a|(?:there (?:are|is) )?no(?: named)? entit(?:y|ies)\b{_GOING_ON})[.!]?",
    re.IGNORECASE,
)


def parse_lines(answer: str, labels: LabelSet) -> Parsed | None:
    """Read the candidates of an answer of lines. Never raises, whatever the answer is.

    A line counts if it has "|" and a verdict (True, False, Yes or No) in a cell after the first, or nothing
    but a mention and a label; numbers, bullets, bold and the outer pipes of a table may be there or not. The
    label is looked for before the verdict, then in brackets from the right, then as a cell of its own, then
    as a word of the reason. An item of the list that cannot be read beside others that can is a candidate
    without a label.

    answer: Any text.
    labels: The labels, which tell a label from any other bracket.
    RETURNS: The candidates; none of them where the answer says that there is no entity;
        None if no line can be read.
    """
    lines = [line for line in answer.splitlines() if line.strip()]
    read = [_candidate(line, labels) if "|" in line else None for line in lines]
    if not any(read):
        return Parsed(()) if _says_nothing(lines) else None
    found = [one or _unread(line) for one, line in zip(read, lines, strict=True)]
    return Parsed(tuple(candidate for candidate in found if candidate), not _breaks_off(lines[-1], read[-1]))


def _breaks_off(line: str, read: Candidate | None) -> bool:
    """Whether a last line shows that the answer was cut off: without a verdict, or with its bracket open."""
    return bool(_OPEN_BRACKET.search(line) if read else _NUMBERED.match(line))


def _says_nothing(lines: Sequence[str]) -> bool:
    """Whether the last line says so: a chain of thought has others before it."""
    last = _plain(_NUMBER.sub("", lines[-1])) if lines else ""
    return _NOTHING.fullmatch(last) is not None and not any("|" in line for line in lines)


def _candidate(line: str, labels: LabelSet) -> Candidate | None:
    cells = _cells(line)
    at = _verdict_cell(cells)
    if not at:
        text, label = _named(cells, labels)
        return Candidate(text, label, True) if text and label and "|" not in text else None
    verdict = _VERDICT.fullmatch(_plain(cells[at]))
    text, label = _named(cells[:at], labels)
    if not text or verdict is None:
        return None
    rest = [cell.strip() for cell in (verdict[2], *cells[at + 1 :]) if cell.strip()]
    accepted = verdict[1].casefold() in ("true", "yes")
    return Candidate(text, label or _label(rest, labels), accepted, _reason(rest))


def _cells(line: str) -> list[str]:
    body = line.strip()
    if body.startswith("|"):
        body = body.strip("|")
    return [] if _RULE.match(body) else _NUMBER.sub("", body, count=1).split("|")


def _verdict_cell(cells: Sequence[str]) -> int:
    """Number of the cell with the verdict, one that holds nothing else first; 0 if there is none."""
    found = [(i, match) for i, cell in enumerate(cells) if i and (match := _VERDICT.fullmatch(_plain(cell)))]
    return min(((bool(match[2]), i) for i, match in found), default=(False, 0))[1]


def _named(cells: Sequence[str], labels: LabelSet) -> tuple[str, str]:
    """The mention in the cells up to the verdict, and its label if that stands in the last of them."""
    kept = list(cells)
    while kept and not kept[0].strip():
        del kept[0]
    while kept and not kept[-1].strip():
        del kept[-1]
    if len(kept) > 1 and _ORDINAL.fullmatch(kept[0]):  # A number in a cell of its own, as in a table.
        del kept[0]
    label = _plain(kept.pop()) if len(kept) > 1 and _plain(kept[-1]) in labels else ""
    return _plain("|".join(kept)), label


def _unread(line: str) -> Candidate | None:
    """What an item without a verdict and a label is about, if it is one."""
    text = _plain(_NUMBER.sub("", line, count=1).split("|")[0])
    return Candidate(text, "?", True) if "|" in line and _ITEM.match(line) and text else None


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


def _reason(cells: Sequence[str]) -> str:
    reason = " | ".join(cells).rstrip()
    at = reason.rfind("(")
    if at >= 0 and reason.endswith(")") and ")" not in reason[at:-1]:  # The label, or at least a remark.
        reason = reason[:at].rstrip()
    return "" if reason.casefold() == "none" else reason


def _plain(cell: str) -> str:
    """A cell without Markdown's marks and without the quotes that enclose it."""
    bare = cell.strip().strip("*_` \t")
    return bare[1:-1].strip() if len(bare) > 2 and bare[0] + bare[-1] in ('""', "''", "“”", "‘’") else bare
