"""What servers answer, in every form that was seen: only what is known to be an answer labels anything."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.asking import ask, chat_model, entries
from helpers.loopback import Response, Server, completion, failure
from spacy_distill.errors import shorten
from spacy_distill.teacher.request_errors import RequestError
from spacy_distill.teacher.responses import read_reply

OK = '{"entities": [{"text": "Mira Holt", "label": "PER"}]}'
HALF = '{"entities": [{"text": "Mira Holt", "label": "PER"}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("choices"), inner),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def get(path):
    """Asks a server that answers like this; the statistics, the first answer's row, and the calls."""

    def get(*responses, number=1, **settings):
        def respond(call):
            return responses[min(call.number, len(responses) - 1)]

        with Server(respond) as server:
            model = chat_model(path, server.url, **{"concurrency": 1, "max_tries": 3, **settings})
            statistics = ask(model, number)
        return statistics, next(iter(entries(path).values()), None), server.calls

    return get


def body(message, finish_reason="stop", **known):
    """A chat completion with any message."""
    return Response({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason, **known}]})


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        *[
            (reason, "ok")
            for reason in ("stop", "end_turn", "eos", "tool_calls", None, "", "STOP", "stop_sequence")
        ],
        *[
            (r, "truncated")
            for r in (
                "length",
                "MAX_TOKENS",
                "MaxTokens",
                "max-new-tokens",
                "model_length",
                "FINISH_REASON_MAX_TOKENS",
            )
        ],
        *[
            (r, "refused")
            for r in (
                "content_filter",
                "ContentFilter",
                "SAFETY",
                "content_filter: hate",
                "RECITATION",
                "refusal",
            )
        ],
    ],
)
def test_a_reason_to_end_that_is_known(get, reason, state):
    _, entry, calls = get(completion(OK, finish_reason=reason))
    assert (entry.state, entry.answer, len(calls)) == (state, OK, 1)


@pytest.mark.parametrize(
    "reason",
    [
        "error",
        "abort",
        "OTHER",
        "unknown",
        "insufficient_system_resource",
        "stop: error",
        "stop and error",
        7,
        ["stop"],
    ],
)
def test_any_other_reason_is_tried_again_and_kept_as_failed(get, reason):
    _, entry, calls = get(completion(HALF, finish_reason=reason), completion(OK))
    assert (entry.state, entry.answer, len(calls)) == ("ok", OK, 2)


def test_a_reason_that_is_not_known_is_shown_in_the_end(get):
    statistics, entry, calls = get(completion(HALF, finish_reason="error"))
    assert (entry.state, entry.answer, len(calls)) == ("failed", HALF, 3)
    assert entry.error == "finish_reason is 'error'"
    assert statistics.states == {"failed": 1}


@pytest.mark.parametrize("code", [502, "502", "server_error", None])
def test_an_error_beside_a_partial_answer_is_an_error(get, code):
    partial = body({"role": "assistant", "content": HALF}, error={"code": code, "message": "upstream died"})
    _, entry, calls = get(partial, completion(OK))
    assert (entry.state, len(calls)) == ("ok", 2)
    _, entry, calls = get(partial, name="other")
    assert len(calls) == 3
    inside = body({"role": "assistant", "content": HALF, "error": {"code": code, "message": "died"}})
    assert get(inside, name="third")[1].state == "failed"


PRICES = {"prices": {"input": 1.0, "output": 1.0}}


@pytest.mark.parametrize(
    "error",
    [
        {"code": 429, "message": "Rate limited upstream"},
        {"code": "429"},
        {"message": "slow down", "type": "rate_limit_error"},
        {"status": 503, "message": "no instance"},
        {"message": "overloaded"},
        "Model is loading",
    ],
)
def test_an_error_in_a_body_of_status_200_is_that_error_and_not_charged(get, error):
    statistics, entry, calls = get(Response({"error": error}), completion(OK, usage=(100, 10)), **PRICES)
    assert (entry.state, len(calls)) == ("ok", 2)
    assert statistics.cost == pytest.approx(110e-6)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": 402, "message": "This account has no credits"}, "no credits"),
        ({"message": "more money", "code": "insufficient_quota"}, "more money"),
        ("Unexpected endpoint or method. (POST /v2/chat)", "Unexpected endpoint"),
        ({"message": "model 'x' not found"}, "not found"),
        ({"message": "Invalid API key", "code": "invalid_api_key"}, "Invalid API key"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda error: {"error": error}, lambda error: [{"error": error}]])
def test_an_error_in_a_body_of_status_200_that_ends_the_run(get, error, said, wrap):
    statistics, _, calls = get(Response(wrap(error)), number=50, **PRICES)
    assert (len(calls), statistics.cost) == (1, 0)
    assert said in statistics.stopped
    assert "Look at" in statistics.stopped


@pytest.mark.parametrize(
    "body",
    [
        {"code": 401, "message": "No key"},
        {"object": "error", "message": "model x does not exist"},
        [{"code": "402", "message": "pay"}],
    ],
)
def test_an_error_that_is_a_whole_body_of_status_200_ends_the_run(get, body):
    statistics, _, calls = get(Response(body), number=50, **PRICES)
    assert (len(calls), statistics.cost) == (1, 0)
    assert "Look at" in statistics.stopped


@pytest.mark.parametrize("reply", [failure(402, "Insufficient credits"), Response("", 402)])
def test_an_empty_account_ends_the_run(get, reply):
    statistics, _, calls = get(reply, number=50)
    assert len(calls) == 1
    assert "HTTP 402" in statistics.stopped and "balance" in statistics.stopped


@pytest.mark.parametrize(
    "reply",
    [
        Response(
            [{"error": {"code": 400, "message": "API key not valid. Please pass another.", "status": "X"}}],
            400,
        ),
        failure(400, "Incorrect API key provided"),
        failure(400, "no", code="invalid_api_key"),
        failure(403, "The api_key is missing"),
    ],
)
def test_a_bad_key_that_is_answered_with_another_status_ends_the_run(get, reply):
    statistics, _, calls = get(reply, number=50)
    assert len(calls) == 1
    assert "api_key_env" in statistics.stopped


@pytest.mark.parametrize("status", [400, 403, 422])
def test_the_same_error_for_the_first_documents_ends_the_run(path, status):
    def respond(call):
        return failure(status, f"'temperature' is not supported with this model (request req_{call.number}a)")

    with Server(respond) as server:
        statistics = ask(chat_model(path, server.url, concurrency=1), 50)
        assert len(server.calls) == 10
    assert "'temperature' is not supported" in statistics.stopped
    assert "request" in statistics.stopped


def test_one_answer_shows_that_the_request_is_right(path):
    with Server(lambda call: completion(OK) if call.number == 5 else failure(400, "too long")) as server:
        statistics = ask(chat_model(path, server.url, concurrency=1), 30)
    assert (statistics.states, statistics.stopped) == ({"ok": 1, "failed": 29}, None)


def test_different_errors_do_not_end_the_run(path):
    with Server(lambda call: failure(400, f"bad {'abcde'[call.number % 5]}")) as server:
        assert ask(chat_model(path, server.url, concurrency=1), 30).states == {"failed": 30}


FILTERED = {"message": "The response was filtered", "code": "content_filter", "status": 400}


@pytest.mark.parametrize(
    "reply",
    [
        Response({"error": FILTERED}, 400),
        Response({"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, 400),
        Response({"error": FILTERED}),
        failure(400, "no", code="content_policy_violation"),
        failure(400, "no", code="ContentFilter"),
        failure(400, "It was filtered by Azure OpenAI's content management policy."),
        failure(403, "Your chosen model requires moderation and your input was flagged"),
        Response({"error": {"message": "x", "inner_error": {"code": "ResponsibleAIPolicyViolation"}}}, 400),
        Response({"error": {"code": "BadRequest", "details": [{"code": "content_filter"}]}}, 400),
    ],
)
def test_a_prompt_that_was_filtered_is_refused_and_not_asked_again(path, reply):
    with Server(lambda call: reply) as server:
        model = chat_model(path, server.url)
        assert ask(model, 20).states == {"refused": 20}
        assert ask(model, 20).requests == 0
    entry = entries(path)["prompt 0"]
    assert entry.error and entry.finish_reason == "content_filter"


TYPES = pytest.mark.parametrize(
    "kind", ["text/html", "text/event-stream", "application/json", "text/plain", ""]
)


@TYPES
@pytest.mark.parametrize(
    "text",
    ["<!DOCTYPE html><html>Sign in</html>", "\n<HTML>hello</HTML>", "\ufeff<!-- a --><html>hello</html>"],
)
def test_a_page_of_html_is_named(get, text, kind):
    _, entry, _ = get(Response(text, headers={"content-type": kind}))
    assert "page of HTML" in entry.error


@pytest.mark.parametrize(
    "text", ['data: {"choices": []}\n\ndata: [DONE]\n\n', ": keep-alive\n\ndata: {}\n\n"]
)
@TYPES
def test_an_event_stream_is_named(get, text, kind):
    statistics, entry, calls = get(Response(text, headers={"content-type": kind}), number=50)
    assert "event stream" in entry.error
    assert len(calls) == 10 and "event stream" in statistics.stopped


CALL = {"id": "c", "type": "function", "function": {"name": "entities", "arguments": OK}}


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [CALL]},
        {"content": None, "function_call": {"name": "entities", "arguments": json.loads(OK)}},
        {"content": None, "tool_calls": [{"type": "tool_use", "input": json.loads(OK)}]},
        {"content": json.loads(OK)},
        {"content": None, "reasoning_content": f"<think>Let me see: []</think>{OK}"},
        {"content": "", "reasoning_content": f"Is it []? No.\n</think>\n\n{OK}"},
        {"content": None, "reasoning_content": OK},
        {"content": None, "reasoning": f"```json\n{OK}\n```"},
        {"content": [{"type": "output_text", "text": OK}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "[]"}]},
                {"type": "text", "text": OK},
            ]
        },
        {"content": [{"type": "json", "json": json.loads(OK)}]},
        {"content": [{"type": "tool_use", "input": json.loads(OK)}]},
    ],
    ids=lambda message: str(sorted(message))[:60],
)
def test_an_answer_that_stands_elsewhere_is_read(get, message):
    _, entry, calls = get(
        body({"role": "assistant", **message}, "tool_calls" if "tool_calls" in message else "stop")
    )
    assert (entry.state, len(calls)) == ("ok", 1)
    assert json.loads(entry.answer) == json.loads(OK)


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning_content": f"The text names a person: {OK}? Or perhaps []"},
        {"content": "", "reasoning": "I would say [] or"},
        {"content": [{"type": "thinking", "thinking": "So, the entities are: []"}]},
        {"content": [{"type": "note", "text": "Mira Holt is a PER"}]},
    ],
)
@pytest.mark.parametrize(("reason", "state"), [("stop", "refused"), ("length", "truncated")])
def test_what_may_be_a_draft_is_kept_with_the_cause_and_labels_nothing(get, message, reason, state):
    _, entry, calls = get(body({"role": "assistant", **message}, reason))
    assert (entry.state, len(calls)) == (state, 1)
    assert entry.answer and "no content" in entry.error


@pytest.mark.parametrize("content", ["", None, " \n", []])
def test_an_empty_answer_is_tried_again(get, content):
    _, entry, calls = get(completion(content), completion(OK))
    assert (entry.state, entry.answer, len(calls)) == ("ok", OK, 2)


def test_an_answer_that_stays_empty_is_refused_at_the_price_that_the_server_counted(get):
    statistics, entry, calls = get(completion("", usage=(100, 0)), **PRICES)
    assert (entry.state, entry.error, len(calls)) == ("refused", "the answer is empty", 3)
    assert statistics.cost == pytest.approx(300e-6)


def test_a_refusal_keeps_its_words(get):
    _, entry, _ = get(completion(None, refusal="I cannot help with that."))
    assert (entry.state, entry.error) == ("refused", "I cannot help with that.")


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 5120}, (100, 5020)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, (100, 20)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 0}, (100, 20)),
        ({"prompt_tokens": 100, "total_tokens": 150}, (100, 50)),
        ({"prompt_tokens": 100, "completion_tokens": 20}, (100, 20)),
        ({"total_tokens": 150}, (None, None)),
        *[({"prompt_tokens": count}, (None, None)) for count in (2**63, 10**30, -1, True, 1.5, "7", None)],
    ],
)
def test_tokens_are_counted_with_those_of_thoughts(usage, found):
    reply = read_reply({**completion(OK).body, "usage": usage})
    assert (reply.prompt_tokens, reply.completion_tokens) == found


def test_a_body_that_was_sent_as_text_is_read():
    assert read_reply(json.dumps(completion("[]").body)).answer == "[]"
    assert read_reply({"choices": [{"text": "[]", "finish_reason": "stop"}]}).answer == "[]"


def test_brackets_that_are_nested_too_deep_are_malformed():
    with pytest.raises(RequestError, match=r"malformed.*recursion"):
        read_reply("[" * 200_000)


@given(JSON)
def test_anything_else_is_malformed(body):
    with pytest.raises(RequestError):
        read_reply(body)


def test_a_lone_surrogate_in_an_answer_can_be_stored():
    read_reply(completion("a\ud800b").body).answer.encode("utf-8")


@given(st.text(st.characters(exclude_categories=())))
def test_text_from_outside_is_one_short_line_without_control_characters(text):
    shown = shorten(text, length=50)
    assert shown.isprintable()
    assert len(shown) <= 50 * len("\\U0010ffff")
    shown.encode("utf-8")


def test_escapes_are_visible():
    assert shorten("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"
