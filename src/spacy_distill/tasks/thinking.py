"""An answer without what is not the answer: thinking in tags, marks of chat templates, wrappers."""

import html
import json
import re
from collections.abc import Callable

from .loose_json import plain_punctuation

_THOUGHT = (
    r"(?:[\w-]+:)?(?:(?:[a-z]+[-_])*(?:ant)?(?:think|thinking|thoughts?|reasoning|reflection|monologue)(?:[-_][a-z]+)*|"
    r"reason|analysis|scratchpad|rationale|deliberation|plan|planning|draft|brainstorm|cot|innermonologue|internal)"
)
_END_OF = r"<\|(?:end(?:_of)?_{0}|{0}_end)\|>"
_OPENING = re.compile(
    rf"<\|?{_THOUGHT}(?:\s[^<>]*)?\|?>|◁think▷|(?:^|\n)[ \t]*\[{_THOUGHT}\]|<\|channel>|<unused94>",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"<\|?\s*/\s*{_THOUGHT}\s*\|?>|{_END_OF.format(_THOUGHT)}|◁/think▷|\[/{_THOUGHT}\]|<channel\|>|<unused95>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(analysis|commentary|final|\w+(?=\s*<))(?:[^<>\n]*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>)?"
)
_FENCED = re.compile(rf"```{_THOUGHT}[ \t]*\n(?:.*?```|.*$)", re.IGNORECASE | re.DOTALL)
_BARE_CHANNEL = re.compile(r"\s*analysis(?=[A-Z\"'`{\[])")
_END = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end|endoftext|end_of_text|return|call|start|user|start_header_id)\|>|</s>|"
    r"<(?:end|start)_of_turn>|<｜end▁of▁sentence｜>|\[/?INST\]"
)
_WRAPPER = re.compile(r"\s*<([a-zA-Z][\w:.-]*)(?:\s[^<>]*)?>")
_WRAPPERS = re.compile(
    r"</?(?:answer|final_answer|output|result|response|json|final|entities|tool_call|function_call)>|"
    r"<\|(?i:start|begin|end)_(?:of_)?(?i:response|solution|answer|output)\|>|</?(?:[uo]l|li|p|br|b|i|em|strong|code|pre|div)\s*/?>"
)


class UnfinishedError(ValueError):
    """An answer breaks off before its thinking ends."""


class UnreadableError(ValueError):
    """What looks like an answer is in none of the forms that answers have."""


def said_after_thinking(answer: str, is_answer: Callable[[str], bool]) -> str | None:
    """What an answer says after its thinking, without the tags and marks of chat templates around it.

    answer: any text.
    is_answer: whether what is in a tag of this name is the answer.
    RETURNS: None if nothing follows.
    RAISES UnfinishedError: if the thinking does not end.
    """
    text = html.unescape(answer) if "&lt;" in answer and "<" not in answer else answer
    text = _FENCED.sub("", text) if "```" in text else text
    if "<" in text or "[" in text or "◁" in text:
        channels = list(_CHANNEL.finditer(text))
        if channels and channels[-1][1] == "analysis":
            raise UnfinishedError
        text = text[channels[-1].end() :] if channels else text
        if closings := list(_CLOSING.finditer(text)):
            text = text[closings[-1].end() :]
        if _OPENING.search(text):
            raise UnfinishedError
        text = _END.split(text, maxsplit=1)[0]
        if (wrapper := _WRAPPER.match(text)) and not is_answer(wrapper[1]):
            closed = text.rfind(f"</{wrapper[1]}>")
            text = text[closed + len(wrapper[1]) + 3 :] if closed >= 0 else ""
    if _BARE_CHANNEL.match(text):
        if "assistantfinal" not in text:
            raise UnfinishedError
        text = text.rpartition("assistantfinal")[2]
    if not text.strip():
        return None
    if '"' not in text and re.search("&(?:quot|#34|#x22);", text, re.IGNORECASE):
        text = html.unescape(text)
    text = _unquoted(plain_punctuation(text))
    return _WRAPPERS.sub(lambda match: " " * len(match[0]), text) if "<" in text else text


def _unquoted(text: str) -> str:
    """The text of an answer that is one string of JSON, or has its quotes escaped or its braces doubled."""
    bare = text.strip().removeprefix("```json").strip("`").strip()
    if bare.startswith("{{") and bare.endswith("}}"):
        return bare[1:-1]
    if bare.startswith(('{\\"', '[{\\"')):
        return re.sub(r"\\([\"\\])", r"\1", bare)
    if bare[:1] == '"' == bare[-1:]:
        try:
            inner = json.loads(bare)
        except ValueError:
            return text
        return _unquoted(inner) if isinstance(inner, str) else text
    return text
