"""What a server's reply says: the answer, what became of it, and what it cost in tokens."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..corpus.files import repair_text
from ..errors import shorten
from ..tasks.answer import Logprobs, State
from .ledger.entry import is_count, is_logprob
from .request_errors import Reply, RequestError, body_error, error_in, malformed

# Why an answer ended, as servers name it. Any other reason is an error.
REASONS: dict[str, State] = {
    **dict.fromkeys(("stop", "end", "end_turn", "eos", "eos_token", "stop_sequence", "stop_token"), "ok"),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call", "complete", "completed"), "ok"),
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_length", "max_output_tokens"), "truncated"),
    **dict.fromkeys(("max_new_tokens", "max_completion_tokens", "length_limit", "token_limit"), "truncated"),
    **dict.fromkeys(
        ("context_length", "context_length_exceeded", "model_context_window_exceeded"), "truncated"
    ),
    **dict.fromkeys(("content_filter", "content_filtered", "safety", "refusal", "recitation"), "refused"),
    **dict.fromkeys(("prohibited_content", "blocklist", "spii", "guardrail_intervened"), "refused"),
}
# Types of the parts of a message whose text is the answer, and its other fields that may hold it.
ANSWER_PARTS = frozenset({"text", "output_text"})
OTHER_FIELDS = ("reasoning_content", "reasoning", "thinking")
FENCED = re.compile(r"```\w*\s*(.*?)\s*```", re.DOTALL)
CLOSED = re.compile(r".*</[a-z:_]+>|.*<\|end\|>", re.DOTALL | re.IGNORECASE)


def read_reply(body: object) -> Reply:
    """Read the body of a chat completion.

    body: the parsed JSON, or a string of JSON.
    RETURNS: what it says.
    RAISES RequestError: if it is no chat completion, or one that may be better at another try.
    """
    if isinstance(body, str | bytes):
        body = read_json(body)
    if error := error_in(body):
        raise body_error(error)
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(body, Mapping) or not isinstance(choice, Mapping):
        raise malformed(f"expected a chat completion with choices[0].message, got {shorten(str(body))}")
    message = choice.get("message")
    if beside := choice.get("error") or (message.get("error") if isinstance(message, Mapping) else None):
        failed = body_error(beside)
        failed.charged = True
        if failed.scope == "document" and failed.reply is None:
            failed.scope = "try"
        raise failed
    reason = choice.get("finish_reason")
    if message is None and (isinstance(choice.get("text"), str) or state_of(reason) == "refused"):
        message = {"content": choice.get("text")}
    if not isinstance(message, Mapping):
        raise malformed(f"expected a chat completion with choices[0].message, got {shorten(str(body))}")
    answer, elsewhere = read_message(message)
    prompt_tokens, completion_tokens = read_usage(body)
    state = state_of(reason)
    refusal = message.get("refusal")
    said: str | None = None
    if state == "ok" and refusal:
        state, said = "refused", shorten(str(refusal))
    elif not answer.strip() and elsewhere:
        answer, said = elsewhere, "the message has no content, and what else it holds is no answer"
        state = "refused" if state == "ok" else state
    elif not answer.strip() and state == "ok":
        state, said = "refused", "the answer is empty"
    elif state == "failed":
        said = f"finish_reason is {shorten(repr(reason))}"
    known = reason if isinstance(reason, str) else None
    logprobs = read_logprobs(choice)
    reply = Reply(repair_text(answer), state, known, prompt_tokens, completion_tokens, said, logprobs)
    if state == "failed" or said == "the answer is empty":
        raise RequestError(str(said), charged=True, reply=reply)
    return reply


def read_logprobs(choice: Mapping[str, Any]) -> Logprobs:
    """The tokens of a choice with their log-probabilities; none if one of them is not as it should be."""
    given = choice.get("logprobs")
    tokens = given.get("content") if isinstance(given, Mapping) else None
    found = []
    for token in tokens if isinstance(tokens, list) else ():
        text, logprob = (
            (token.get("token"), token.get("logprob")) if isinstance(token, Mapping) else (None, 0)
        )
        if not isinstance(text, str) or not is_logprob(logprob):
            return ()
        found.append((repair_text(text), min(0.0, float(logprob))))
    return tuple(found)


def read_json(text: str | bytes) -> object:
    """The value of a JSON text from outside.

    RAISES RequestError: if it is none, or one that is nested too deep to be read.
    """
    start = text[:500].decode("utf-8", "replace") if isinstance(text, bytes) else text[:500]
    start = start.strip("\ufeff \t\r\n").casefold()
    if start.startswith("<"):
        raise RequestError(f"the reply is a page of HTML, not JSON: {shorten(start)}", status=404)
    if re.match(r"(data|event|id|retry|)\s*:", start):
        raise RequestError(
            f"the reply is an event stream, not JSON: {shorten(start)}. The endpoint streams though "
            "nothing asked it to; look for such a setting of the server",
            scope="document",
            charged=True,
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from None


def read_message(message: Mapping[str, Any]) -> tuple[str, str]:
    """The answer of a message, and text of it that may be none.

    Content of other types, calls of tools and reasoning are the answer if they are structured as one: JSON as
    a whole, or what follows the end of a thought.
    """
    content = message.get("content")
    if isinstance(content, Mapping) and not {"text", "type"} & content.keys():
        content = json.dumps(content, ensure_ascii=False)
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    answer = "".join(_part_text(part) for part in parts if _part_type(part) in ANSWER_PARTS)
    if answer.strip():
        return answer, ""
    calls = list(_call_arguments(message))
    if calls:
        return "\n".join(calls), ""
    others = [_part_text(part) for part in parts if _part_type(part) not in ANSWER_PARTS]
    others += [value for name in OTHER_FIELDS if isinstance(value := message.get(name), str)]
    for other in others:
        if found := structured(other):
            return found, ""
    return "", "\n".join(filter(None, others))


def structured(text: str) -> str:
    """What follows the end of a thought, or else a text that is JSON as a whole; empty if it is neither."""
    closed = CLOSED.match(text)
    if closed and (rest := text[closed.end() :].strip()):
        return rest
    fenced = FENCED.fullmatch(text.strip())
    inner = fenced[1] if fenced else text.strip()
    try:
        found = json.loads(inner)
    except (ValueError, RecursionError):
        return ""
    return inner if isinstance(found, dict | list) else ""


def _part_type(part: object) -> str:
    return str(part.get("type", "text")) if isinstance(part, Mapping) else "text"


def _part_text(part: object) -> str:
    """The text of a part of a message: its own, or that of parts within it."""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(map(_part_text, part))
    if not isinstance(part, Mapping):
        return ""
    for name in ("text", "value", "content", "thinking", "reasoning", "refusal"):
        if part.get(name):
            return _part_text(part[name])
    for name in ("json", "input", "arguments"):
        if isinstance(part.get(name), Mapping | list):
            return json.dumps(part[name], ensure_ascii=False)
    return ""


def _call_arguments(message: Mapping[str, Any]) -> Iterator[str]:
    """The arguments of the tools that a message calls, as JSON."""
    calls = message.get("tool_calls")
    for call in [*(calls if isinstance(calls, list) else []), {"function": message.get("function_call")}]:
        function = call.get("function", call) if isinstance(call, Mapping) else None
        arguments = (
            function.get("arguments", function.get("input")) if isinstance(function, Mapping) else None
        )
        if isinstance(arguments, Mapping | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if isinstance(arguments, str) and arguments.strip():
            yield arguments


def state_of(finish_reason: object) -> State:
    """What a finish reason says of an answer; "failed" where that is not known."""
    if finish_reason is None or finish_reason == "":
        return "ok"
    if not isinstance(finish_reason, str):
        return "failed"
    whole = re.sub(r"(?<=[a-z])(?=[A-Z])|[-\s]+", "_", finish_reason.strip()).casefold()
    whole = whole.removeprefix("finish_reason_")
    state = REASONS.get(re.split(r"_?[:(]", whole, maxsplit=1)[0], "failed")
    return state if state != "ok" or whole in REASONS else "failed"


def read_usage(body: Mapping[str, object]) -> tuple[int | None, int | None]:
    """Prompt and completion tokens of a reply, as far as the server counted them.

    Some servers leave the tokens of a thought out of the completion, but not out of the total.
    """
    usage = body.get("usage")
    if not isinstance(usage, Mapping):
        return None, None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
    prompt, completion, total = (count if is_count(count) else None for count in counts)
    if prompt is not None and total is not None:
        completion = max(completion or 0, total - prompt)
    return prompt, completion
