"""One line (or string) that names mentions with their labels: what it says, if it is wholly understood."""

import re
from collections.abc import Sequence

from ..labels import LabelSet, tag_of
from .candidates import UNNAMED, Candidate
from .json_keys import role_of
from .json_values import ValueReader

NUMBER = re.compile(r"^\s*(?:[-*•–+>]\s+)?(?:[*_`]*[(\[]?\d{1,4}\s*[.):\]、]+(?=\s|\D)[*_`]*\s*)?")
ORDINAL = re.compile(r"\s*[*_`]*\d{1,4}[.)]?[*_`]*\s*")
VERDICT = re.compile(
    r"(true|yes|false|no)(?:\s*[.,:;!–-]+\s*|\s*(?=[(\[<])|$)(.*)", re.IGNORECASE | re.DOTALL
)
_BRACKETED = re.compile(r"[(\[<]([^()\[\]<>]{0,200})[)\]>]")
_NESTED = re.compile(r"[(\[]((?:[^()\[\]]|[(\[][^()\[\]]{0,200}[)\]]){0,200})[)\]]")
_WORD = re.compile(r"[\w-]+")
_BETWEEN = re.compile(r"\s*(?:[,;、.]|\band\b|,\s*and\b)\s*")
_REASONED = re.compile(r"\s*(?:[:,.;–—-].*)?", re.DOTALL)
# What divides a mention from its label, the surest first.
_DIVIDERS = tuple(
    map(
        re.compile,
        (
            r"\t+",
            r"\s*(?:->|→|=>|⇒)\s*",
            r"\s+[-–—]\s+|—",
            r"\s*:\s+",
            r"\s*=\s*",
            r"\s*;\s*",
            r"\s*:\s*",
            r"\s*,\s*",
            r"\s*/\s*",
        ),
    )
)
_QUOTED = {'"': '"', "'": "'", "”": "“", "’": "‘", "»": "«", "«": "»", "“": "„"}
_JUDGED = re.compile(r"(?:\t|\s[-–—]\s|[:;,=→>|])\s*(?:true|false|yes|no)\b", re.IGNORECASE)
_TAGGED = re.compile(r"(\S+)\s+(\S+)")
_MARKUP = re.compile(
    r"\[(?P<text>[^\[\]\n]{1,300})\]\((?P<label>[^()\n]{1,80})\)"
    r"|<(?P<tag>[^<>/\s]{1,80})>(?P<inner>[^<>\n]{1,300})</(?P=tag)>"
    r"|\[(?P<body>[^\[\]\n]{1,300})\]"
)
_LABEL_FIRST, _LABEL_LAST = re.compile(r"(\S+?):?\s+(.+)"), re.compile(r"(.+?)\s*[|:/]\s*(\S+)")
_FIELD = re.compile(r"([^\W\d_][\w ]{0,30}?)\s*[:=]\s*(.*?)(?:\s*[,;|]\s*(?=[^\W\d_][\w ]{0,30}\s*[:=])|$)")


def read_entries(line: str, reader: ValueReader) -> list[Candidate]:
    """The mentions of a line with their labels, or nothing if any part of it is something else.

    Read are `mention (LABEL)`, also several, `mention: LABEL`, `LABEL: mention`, arrows, dashes, "=", tabs
    and commas in place of the colon, a verdict after the first of them, each with a reason behind it.
    """
    body = plain(NUMBER.sub("", line, count=1)).rstrip(",;")
    if len(body) >= 2_000:
        return []
    return _bracketed(body, reader) or _several(body, reader) or _divided(body, reader)


def read_fields(line: str, reader: ValueReader) -> list[Candidate]:
    """The mention of a line of keys with their values: "Entity: Rome, Label: LOC"."""
    if len(line) > 500 or line.count(":") + line.count("=") < 2:
        return []
    item = dict(_FIELD.findall(plain(NUMBER.sub("", line, count=1))))
    if {"text", "label"} <= set(map(role_of, item)) and all(map(plain, item.values())):
        return list(reader.read({"entities": [{k: plain(v) for k, v in item.items()}]}).candidates)
    return []


def _several(body: str, reader: ValueReader) -> list[Candidate]:
    """The mentions of a line that names more than one, each with its label."""
    for divider in (";", "|", ","):
        parts = [part.strip() for part in body.split(divider) if part.strip()]
        if len(parts) > 1 and body.count(divider) < len(body) // 3:
            found = [(_bracketed(part, reader) or _divided(part, reader)) for part in parts]
            if all(len(one) == 1 and one[0].accepted and one[0].label in reader.labels for one in found):
                return [candidate for one in found for candidate in one]
    return []


def _bracketed(body: str, reader: ValueReader) -> list[Candidate]:
    labels = reader.labels
    named = [found for found in _BRACKETED.finditer(body) if labels.resolve(found[1]) is not None]
    if not named or _JUDGED.search(body):
        return []
    if not body[: named[0].start()].strip("*_` "):  # "[LOC] Rome"
        text = plain(body[named[0].end() :].lstrip(" :-*_"))
        return [Candidate(text, named[0][1], True)] if len(named) == 1 and text else []
    found, at = [], 0
    for match in named:
        divider = _BETWEEN.match(body, at) if at else None
        text = plain(body[divider.end() if divider else at : match.start()]).strip("[]")
        if (at and not divider) or not text:
            return []
        text, reason = _without_reason(plain(text), reader)
        found.append(Candidate(text, match[1], True, reason))
        at = match.end()
    rest = body[at:].strip("*_` ")
    if not _REASONED.fullmatch(rest):
        return []
    rest = rest.lstrip(" :,.;–—-")
    return [found[0]._replace(reason=rest or found[0].reason)] if len(found) == 1 else found


def _without_reason(text: str, reader: ValueReader) -> tuple[str, str]:
    """A mention without the reason between it and its label, where the text has it without that alone."""
    for divider in _DIVIDERS[2:4]:
        parts = divider.split(text, maxsplit=1)
        if len(parts) == 2 and reader.index is not None and not reader.index.stands(text):
            clear = not any(word in reader.labels for word in _WORD.findall(parts[1]))
            if clear and reader.index.stands(plain(parts[0])):
                return plain(parts[0]), parts[1]
    return text, ""


def _divided(body: str, reader: ValueReader) -> list[Candidate]:
    labels = reader.labels
    tagged = _TAGGED.fullmatch(body)
    if tagged and (tagged[2] == "O" or tag_of(tagged[2])) and labels.resolve(tagged[2]) is not None:
        return [Candidate(tagged[1], tagged[2], True)]
    for divider in _DIVIDERS:
        parts = [plain(part) for part in divider.split(body)]
        if len(parts) < 2 or not all(parts[:2]):
            continue
        first, second, rest = parts[0], parts[1], " - ".join(parts[2:])
        if (verdict := VERDICT.fullmatch(second)) and (len(parts) > 2 or verdict[2]):
            reasons = [part for part in (verdict[2], *parts[2:]) if part.strip()]
            accepted = verdict[1].casefold() in ("true", "yes")
            return [Candidate(first, label_in(reasons, labels), accepted, rest)]
        if labels.resolve(second) is not None:
            if any(labels.resolve(part) not in (None, "O") for part in parts[3:]):
                return _alternating(parts, reader)
            return [Candidate(first, second, True, rest)]
        named, _, remark = second.partition(",")  # "Rome: LOC, a city"
        if named in labels and not any(word in labels for word in _WORD.findall(remark)):
            return [Candidate(first, named, True, remark.strip())]
        if labels.resolve(first) not in (None, "O"):
            text = plain(divider.split(body, 1)[1])
            return [Candidate(mention, first, True) for mention in reader.mentions(text)]
        if labels.resolve(parts[-1]) not in (None, "O"):
            return [Candidate(plain(body[: body.rindex(parts[-1])]).rstrip(" -–—:=,>→"), parts[-1], True)]
    return []


def _alternating(parts: Sequence[str], reader: ValueReader) -> list[Candidate]:
    """The mentions of a line in which each stands before its label."""
    found = [Candidate(*pair, True) for pair in zip(parts[::2], parts[1::2], strict=False)]
    known = all(reader.labels.resolve(one.label) is not None for one in found)
    return found if known and len(parts) % 2 == 0 and reader.may_be(one.text for one in found) else []


def label_in(cells: Sequence[str], labels: LabelSet) -> str:
    """The label that the cells behind a verdict name, as it is written; empty if they name none."""
    reason = " | ".join(cells)
    bracketed: list[str] = _NESTED.findall(reason)
    last = bracketed[-1] if bracketed and reason.rstrip(" .").endswith((")", "]")) else ""
    if last not in labels and any(word in labels for word in _WORD.findall(last)):
        return last  # In the label's place, but not clear: "(PER or ORG)"
    for name in [*reversed(bracketed), *map(plain, reversed(cells))]:
        if name in labels:
            return name
    words: list[str] = [word for word in _WORD.findall(reason) if word in labels]
    if len({labels.resolve(word) for word in words}) == 1:
        return words[0]
    return bracketed[-1].strip() if bracketed else ""


def plain(cell: str) -> str:
    """A cell without Markdown's marks and without the quotes that enclose it."""
    bare = cell.strip("*_` \t\r\n\f\v\xa0\u3000")
    if len(bare) > 2 and bare[-1] in _QUOTED and bare[0] in _QUOTED[bare[-1]]:
        return bare[1:-1].strip()
    return bare


def read_markup(answer: str, reader: ValueReader) -> list[Candidate]:
    """The entities of an answer that repeats the text and marks them in it.

    Read are `[Rome](LOC)`, `[LOC Rome]`, `[Rome | LOC]` and `<LOC>Rome</LOC>`. What is left without the marks
    has to be the text.
    """
    found: list[Candidate] = []

    def unmarked(match: re.Match[str]) -> str:
        text, label = match["text"] or match["inner"], match["label"] or match["tag"]
        if match["body"]:
            first, last = _LABEL_FIRST.fullmatch(match["body"]), _LABEL_LAST.fullmatch(match["body"])
            pairs = [(first[2], first[1])] if first else []
            pairs += [(last[1], last[2])] if last else []
            text, label = next(((t, x) for t, x in pairs if reader.labels.resolve(x)), (None, None))
        if text is None:
            return match[0]
        found.append(Candidate(text, label, True))
        return text

    rest = _MARKUP.sub(unmarked, answer)
    named = any(reader.labels.resolve(c.label) not in (None, "O") for c in found)
    return found if named and reader.index is not None and reader.index.is_within(rest) else []


def judged(cells: Sequence[str], labels: LabelSet) -> Candidate | None:
    """What a line of the asked form says: a mention, a verdict, a reason."""
    at, verdict = 0, None
    for i in range(1, len(cells)):  # A cell that holds nothing but a verdict comes before others.
        if (found := VERDICT.fullmatch(plain(cells[i]))) and (
            verdict is None or (verdict[2] and not found[2])
        ):
            at, verdict = i, found
    if verdict is None:
        return None
    text, label = _named(cells[:at], labels)
    if not text:
        return None
    rest = [cell.strip() for cell in (verdict[2], *cells[at + 1 :]) if cell.strip()]
    accepted = verdict[1].casefold() in ("true", "yes")
    label = label or label_in(rest, labels)
    if accepted and labels.resolve(label) == "O":
        label = UNNAMED
    return Candidate(text, label, accepted, _reason(rest))


def cells_of(line: str) -> list[str]:
    body = line.strip()
    if body.startswith("|"):
        body = body.strip("|")
    return NUMBER.sub("", body, count=1).split("|")


def _named(cells: Sequence[str], labels: LabelSet) -> tuple[str, str]:
    """The mention in the cells up to the verdict, and its label if that is in the last of them."""
    kept = list(cells)
    while kept and not kept[0].strip():
        del kept[0]
    while kept and not kept[-1].strip():
        del kept[-1]
    if len(kept) > 1 and ORDINAL.fullmatch(kept[0]):  # A number in a cell of its own, as in a table.
        del kept[0]
    label = plain(kept.pop()) if len(kept) > 1 and plain(kept[-1]) in labels else ""
    return plain("|".join(kept)), label


def _reason(cells: Sequence[str]) -> str:
    reason = " | ".join(cells).rstrip()
    at = reason.rfind("(")
    if at >= 0 and reason.endswith(")") and ")" not in reason[at:-1]:  # The label, or at least a remark.
        reason = reason[:at].rstrip()
    return "" if reason.casefold() == "none" else reason
