"""From the text of an answer to its candidates: which part of it is the answer, and what that says."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from ...corpus.files import repair_text
from ..labels import LabelSet, tag_of
from ..loose_json import Read, read_json
from ..thinking import UnfinishedError, UnreadableError, said_after_thinking
from .candidates import UNNAMED, Candidate, Parsed, Structure
from .empty_answers import has_steps, is_harmless, says_nothing
from .entity_lines import label_in, read_entries, read_markup
from .json_answers import find_values
from .json_keys import role_of
from .json_values import ValueReader
from .line_answers import find_lines
from .mention_search import WordIndex, normalize_loosely

AnswerFormat = Literal["json", "lines"]
# What is left of JSON that is broken where it was not read.
_REST_OF_JSON = re.compile(r"[\"”»」']\s*[:,]\s*[\"“”«»「'\[{]|[\"'\]}]\s*[\]}]|[{\[]\s*[\"'{\[]")
_LINE_OF_JSON = re.compile(r"^\s*[{\[]\s*[{\"\[]", re.MULTILINE)
_KEY_OF_JSON = re.compile(r"[\"”]\s*:\s*[\"“\[{]")
_COMMENTED = re.compile(r"^[ \t]*(?://|#+)[ \t]*[{\[][^\n]*", re.MULTILINE)  # A comment, wherever it is.
MOST = 300  # Lists of an answer, which bounds the time that junk can take.
_SURROGATE = re.compile("[\ud800-\udfff]")
# What comes before an answer to another text, which the model made up.
_NEXT = re.compile(
    r"</?text\d*>|^\W*(?:(?:next|new|another|example) )?(?:text|input|sentence|passage|paragraph|document|"
    r"question|q|user|human|instructions?|example|query|task)(?: ?#?\d+)?\W*?:(?P<shown>[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_CORRECTED = re.compile(
    r"\b(?:correct(?:ed|ion|ions)|revis(?:ed|ion)|updated?|final|fixed|wait|instead|actually|improved|no,|"
    r"(?:answer|output|result)[*_]*:)(?!\w)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\W*(?:(?:entity|candidate|expression|mention|text) (?:exactly )?as written|one of\b.*|\.\.\.|…)\W*",
    re.IGNORECASE | re.DOTALL,
)
_HEADING = re.compile(
    r"(?:\s|```\w*|[-*#=_~,;.]|[^\n]{0,80}:[*_ ]*(?=\n|$)|\W*(?:sentence|part|line) \d+\W*(?=\n|$))*",
    re.IGNORECASE,
)
# Plain words, and nothing that a tag, a bracket, a quotation mark or another form could begin with.
_WORDS = r"[^\W_](?:[\w ,.'/%$:;+!?-]{0,200}(?:[^\W_]|[%$.!?]))?"
_LINE = re.compile(
    rf"(\d{{1,4}})\. ({_WORDS}) \| (True|False) \| (?:({_WORDS})(?: (\([A-Za-z]+\)))?|(\([A-Za-z]+\)))"
)
_JSON = re.compile(
    r"(?:```(?:json)?\n)?(\{\s*\"entities\"\s*:\s*\[[\w\s.,:;'’\"{}/%$+!?()=@-]*\]\s*\})(?:\n```)?\s*"
)


def parse_answer(answer: str, labels: LabelSet, index: WordIndex | None = None) -> Parsed | None:
    """Read the candidates of an answer, in whatever form it has them. Never raises.

    Of an answer with thinking in tags only what follows counts. Several lists are one answer if they are of
    different sentences or labels, or if a later one corrects an earlier one; what only the earlier one has is
    then a candidate without a label. A list for a made-up next text does not count.

    answer: any text.
    labels: the labels of the task.
    index: the words of the text, without which marks in the text and tags of its words cannot be read.
    RETURNS: the candidates, or None if some part that looks like an answer cannot be read, or nothing does.
    """
    asked = read_asked_form(answer, labels)
    if asked is not None and not any(map(_is_placeholder, asked.candidates[:1])):
        return asked
    return read_any_form(answer, labels, index)


def read_asked_form(answer: str, labels: LabelSet) -> Parsed | None:
    """Read an answer of numbered lines, or of JSON, as the prompts show it, with known labels alone.

    RETURNS: None if it is, in any part, something else.
    """
    if answer[:1] == "1":
        return _read_lines(answer, labels)
    found = _JSON.fullmatch(answer) if answer[:1] in ("{", "`") else None
    return _read_entities(read_json(found[1], 0), labels) if found else None


def _read_lines(answer: str, labels: LabelSet) -> Parsed | None:
    found = []
    for number, line in enumerate(answer.rstrip("\n").split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None or int(match[1]) != number:
            return None
        text, verdict, reason, last, alone = match.group(2, 3, 4, 5, 6)
        label = (last or alone or "")[1:-1]
        if label and label not in labels:
            return None
        if not label and reason != "None":
            label = _label_in(reason, labels)
        if (verdict == "True" and not label) or tag_of(label):
            return None
        found.append(Candidate(text, label, verdict == "True", "" if reason in (None, "None") else reason))
    return Parsed(tuple(found))


@lru_cache(maxsize=4096)
def _label_in(reason: str, labels: LabelSet) -> str:
    """The label that a reason without brackets names; reasons repeat."""
    return label_in([reason], labels)


def _read_entities(read: Read, labels: LabelSet) -> Parsed | None:
    if read.loose or labels.resolve("entities") or labels.resolve("text"):
        return None
    found = []
    for item in read.value["entities"]:
        if not isinstance(item, dict) or not {"text", "label"} <= item.keys() <= {"text", "label", "reason"}:
            return None
        text, label, reason = item["text"], item["label"], item.get("reason", "")
        if not all(isinstance(part, str) for part in item.values()):
            return None
        if not text or text.lstrip()[:1] in ("", "{", "[") or label not in labels or tag_of(label):
            return None
        found.append(Candidate(text, label, True, reason))
    return Parsed(tuple(found))


def read_any_form(answer: str, labels: LabelSet, index: WordIndex | None) -> Parsed | None:
    """As `parse_answer`, which says the same of an answer that is exactly in an asked form, but faster."""
    try:
        said = said_after_thinking(answer, lambda tag: _is_answer(tag, labels))
    except UnfinishedError:
        return Parsed((), complete=False)
    if said is None:
        return None
    parsed = _parse(said, labels, index)
    if parsed is None or not any(
        map(_SURROGATE.search, (part for c in parsed.candidates for part in (c.text, c.label, c.reason)))
    ):
        return parsed
    return parsed._replace(
        candidates=tuple(
            Candidate(repair_text(c[0]), repair_text(c[1]), c[2], repair_text(c[3]))
            for c in parsed.candidates
        )
    )


def _is_answer(tag: str, labels: LabelSet) -> bool:
    """Whether what is in a tag is the answer, or the tag marks an entity or the text."""
    return (
        role_of(tag) in ("entities", "call")
        or tag in labels
        or re.fullmatch(r"text\d*|final|tool_call|entity|ent|span|[a-z]{1,2}", tag) is not None
    )


def _parse(text: str, labels: LabelSet, index: WordIndex | None) -> Parsed | None:
    reader = ValueReader(labels, index, read_entries)
    try:
        found = _structures(text, reader)
    except UnreadableError:
        return None
    found = [one for one in found if not (one.candidates and all(map(_is_placeholder, one.candidates)))]
    if not found:
        marked = read_markup(text, reader)
        return Parsed(tuple(marked)) if marked else None
    whole = _combined(found, text, labels, index)
    if whole is None:
        return None
    if text.strip().casefold() in ("null", "nil"):  # Not said in any form of answer.
        return None
    if not whole.candidates and whole.complete:
        if len(labels.labels) > 1 and whole.scope in labels:  # Of the other labels it says nothing.
            return None
        if not _is_plainly_empty(whole, text, index):
            return None
    return Parsed(whole.candidates, whole.complete)


def _structures(text: str, reader: ValueReader) -> list[Structure]:
    """All lists of an answer in their order: those of JSON, and those in the lines outside of them."""
    text = _COMMENTED.sub(lambda found: " " * len(found[0]), text) if "//" in text or "#" in text else text
    in_lines = "|" in text and not _LINE_OF_JSON.search(text)
    if in_lines and (lines := find_lines(text, reader)) and lines[0].rank == 2:
        outside = _outside(text, lines)
        values = list(find_values(outside, reader)) if "{" in outside or "[" in outside else []
    else:
        values = list(find_values(text, reader))
        outside = _outside(text, values) if values else text
        if (_REST_OF_JSON if values else _KEY_OF_JSON).search(outside):
            raise UnreadableError
        lines = find_lines(outside, reader) if outside.strip() else []
    return sorted(values + lines, key=lambda one: one.start) if values else lines


def _outside(text: str, found: Sequence[Structure]) -> str:
    """A text with spaces in the place of some lists."""
    parts, at = [], 0
    for one in found:
        parts += [text[at : one.start], re.sub(r"[^\n]", " ", text[one.start : one.end])]
        at = one.end
    return "".join([*parts, text[at:]])


def _is_placeholder(candidate: Candidate) -> bool:
    """Whether it stands for one in the form that the prompt shows."""
    return _PLACEHOLDER.fullmatch(candidate.text) is not None


def _combined(
    found: Sequence[Structure], text: str, labels: LabelSet, index: WordIndex | None
) -> Structure | None:
    """The lists of an answer as one; None if it is not clear how they go together."""
    found = _singles_joined(found, text, index)
    if len(found) > MOST:
        return None
    whole = found[0]
    for later in found[1:]:
        between = text[whole.end : later.start]
        if _is_next(between, index):
            break
        if _of_another_text(whole, later, between, index):
            break
        headed = _HEADING.fullmatch(text[text.rfind("\n", 0, whole.start) + 1 : whole.start]) is not None
        joined = _joined(whole, later, between, labels, headed)
        if joined is None:
            return None
        whole = joined
    return whole


def _singles_joined(found: Sequence[Structure], text: str, index: WordIndex | None) -> list[Structure]:
    """The lists, in which mentions that stand alone one after the other are one."""
    joined: list[list[Structure]] = []
    for one in found:
        last = joined[-1][-1] if joined else None
        goes_on = last is not None and last.single and one.single and last.rank == one.rank
        if last is not None and goes_on and not _is_next(text[last.end : one.start], index):
            joined[-1].append(one)
        else:
            joined.append([one])
    return [
        some[-1]._replace(
            start=some[0].start,
            candidates=tuple(candidate for one in some for candidate in one.candidates),
            complete=all(one.complete for one in some),
            remarks=tuple(remark for one in some for remark in one.remarks),
        )
        for some in joined
    ]


def _is_next(between: str, index: WordIndex | None) -> bool:
    """Whether a text that is not the document's is shown between two lists."""
    for match in _NEXT.finditer(between):
        shown = match["shown"]
        if shown is None or not shown.strip():
            shown = re.split(
                r"</?text\d*>|\n\s*\n|^\W*(?:answer|output)",
                between[match.end() :],
                maxsplit=1,
                flags=re.I | re.M,
            )[0]
        if shown.strip(" \n\t`*\"'") and not (index is not None and index.has(shown.strip(" \n\t`*\"'"))):
            return True
    return False


def _of_another_text(one: Structure, later: Structure, between: str, index: WordIndex | None) -> bool:
    """Whether the text has what a list accepts, and no part of what a later one does, but what is between."""
    mine, theirs = ([c.text for c in some.candidates if c.accepted] for some in (one, later))
    return (
        index is not None
        and bool(mine and theirs)
        and any(map(index.stands, mine))
        and all(text.strip() and text in between and not index.parts(text) for text in theirs)
    )


def _joined(
    one: Structure, other: Structure, between: str, labels: LabelSet, headed: bool
) -> Structure | None:
    """Two lists as one, of which the first may have a heading; None if it is not clear how they belong."""
    mine, theirs = _pairs(one, labels), _pairs(other, labels)
    both = other._replace(
        start=one.start,
        candidates=one.candidates + other.candidates,
        complete=one.complete and other.complete,
        rank=max(one.rank, other.rank),
        remarks=one.remarks + other.remarks,
        single=one.single and other.single,
        scope=one.scope if one.scope == other.scope else f"{one.scope} {other.scope}",
    )
    if mine == theirs and not (one.single and other.single):
        return both._replace(candidates=max(one.candidates, other.candidates, key=len))
    of_parts = one.scope != other.scope or (one.single and other.single)
    if of_parts or (other.candidates and not one.candidates):
        return both
    if one.rank > other.rank:  # What is said beside an answer in the asked form explains it.
        return _without_labels(both, one, mine, theirs) if other.candidates else None
    if not other.candidates:
        return None
    if other.rank > one.rank or _is_correction(between):
        return _without_labels(both, other, theirs, mine)
    if _CORRECTED.search(between):  # A correction, or the answer to another text.
        agreed = tuple(c for c in other.candidates if _pairs(other._replace(candidates=(c,)), labels) <= mine)
        return _without_labels(both, other._replace(candidates=agreed), mine & theirs, mine | theirs)
    apart = not {text for text, _ in mine} & {text for text, _ in theirs}
    if apart and headed and _HEADING.fullmatch(between):
        return both
    return both._replace(candidates=other.candidates) if mine <= theirs else None


def _is_correction(between: str) -> bool:
    """Whether what stands between two lists says that the second corrects the first, and nothing else."""
    lines = [line for line in between.splitlines() if line.strip()]
    said = [_CORRECTED.search(line) is not None for line in lines]
    return any(said) and all(yes or is_harmless(line) for yes, line in zip(said, lines, strict=True))


def _pairs(one: Structure, labels: LabelSet) -> set[tuple[str, str | None]]:
    found = ((c.text, labels.resolve(c.label)) for c in one.candidates if c.accepted)
    return {(normalize_loosely(text), label) for text, label in found if label != "O"}


def _without_labels(
    both: Structure, kept: Structure, mine: set[tuple[str, str | None]], theirs: set[tuple[str, str | None]]
) -> Structure:
    """A list, with the mentions that only the other one has as candidates without a label."""
    known = {text for text, _ in mine}
    more = tuple(
        Candidate(text, UNNAMED, True) for text, _ in sorted(theirs - mine, key=str) if text not in known
    )
    return both._replace(candidates=kept.candidates + more, complete=kept.complete)


def _is_plainly_empty(whole: Structure, text: str, index: WordIndex | None) -> bool:
    """Whether nothing beside an empty list puts it in doubt."""
    quoted = index.stands if index is not None else (lambda _: False)
    if not all(not remark.strip() or says_nothing(remark) or quoted(remark) for remark in whole.remarks):
        return False
    after = text[whole.end :]
    if following := _NEXT.search(after):
        after = after[: following.start()]
    before = text[: whole.start]
    return is_harmless(after) and (is_harmless(before) or has_steps(before))
