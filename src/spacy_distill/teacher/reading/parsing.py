"""From the text of an answer to its candidates: a pure function of the answer."""

import re
from collections.abc import Callable
from typing import Literal

from .candidates import LabelSet, Parsed
from .parse_json import parse_json
from .parse_lines import parse_lines

AnswerFormat = Literal["json", "lines"]
_PARSERS: dict[str, Callable[[str, LabelSet], Parsed | None]] = {"json": parse_json, "lines": parse_lines}
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_answer(answer: str, answer_format: AnswerFormat, labels: LabelSet) -> Parsed | None:
    """Read the candidates of an answer, in the format asked for or, failing that, in the other one.

    answer (str): Any text; nothing makes this raise.
    answer_format (str): "json" or "lines".
    labels (LabelSet): The labels of the task.
    RETURNS (Optional[Parsed]): The candidates, or None if the answer is in neither format.
    """
    other = "lines" if answer_format == "json" else "json"
    parsed = _PARSERS[answer_format](answer, labels) or _PARSERS[other](answer, labels)
    if parsed is None or not any(
        map(_SURROGATE.search, (part for c in parsed.candidates for part in c[::3]))
    ):
        return parsed
    return parsed._replace(
        candidates=tuple(c._replace(text=valid(c.text), reason=valid(c.reason)) for c in parsed.candidates)
    )


def valid(text: str) -> str:
    """A text without lone surrogates, which cannot be stored in UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
