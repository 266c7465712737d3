import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.loopback import completion
from spacy_distill.teacher.responses import (
    LONGEST_RETRY_AFTER,
    Reply,
    read_reply,
    retry_after,
    shorten,
    status_error,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("choices"), inner),
)


@pytest.mark.parametrize(
    ("response", "state"),
    [
        (completion("[]"), "ok"),
        (completion("[]", finish_reason="length"), "truncated"),
        (completion("I cannot.", finish_reason="content_filter"), "refused"),
        (completion(None, refusal="I cannot."), "refused"),
        (completion(None), "refused"),
        (completion(""), "refused"),
        (completion(" \n"), "refused"),
    ],
)
def test_only_a_whole_answer_with_words_is_ok(response, state):
    assert read_reply(response.body).state == state


def test_a_reply_holds_answer_and_usage():
    assert read_reply(completion("[]", usage=(7, 3)).body) == Reply("[]", "ok", "stop", 7, 3)
    assert read_reply(completion("[]", usage=None).body) == Reply("[]", "ok", "stop", None, None)


def test_a_body_that_was_sent_as_text_is_read():
    assert read_reply(json.dumps(completion("[]").body)).answer == "[]"


def test_text_that_was_sent_in_parts_is_put_together():
    parts = [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "["}, {"type": "text", "text": "]"}]
    assert read_reply(completion(parts).body).answer == "[]"


@pytest.mark.parametrize("count", [2**63, 10**30, -1, True, 1.5, "7", None])
def test_a_count_that_is_none_is_not_kept(count):
    reply = read_reply(completion("[]", usage=None).body | {"usage": {"prompt_tokens": count}})
    assert (reply.answer, reply.prompt_tokens) == ("[]", None)


def test_brackets_that_are_nested_too_deep_are_malformed():
    with pytest.raises(ValueError, match="recursion"):
        read_reply("[" * 200_000)


@given(JSON)
def test_anything_else_is_malformed(body):
    with pytest.raises(ValueError, match=r"expected a chat completion|Expecting|Extra data|Invalid"):
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


@pytest.mark.parametrize(
    ("status", "scope"),
    [
        (400, "document"),
        (401, "run"),
        (403, "document"),
        (404, "run"),
        (408, "try"),
        (409, "try"),
        (422, "document"),
        (429, "try"),
        (500, "try"),
        (503, "try"),
        (529, "try"),
    ],
)
def test_statuses_that_are_tried_again(status, scope):
    assert status_error(status, {"error": {"message": "no"}}, {}).scope == scope


def test_an_empty_account_is_not_asked_again():
    error = status_error(429, {"error": {"message": "no money", "code": "insufficient_quota"}}, {})
    assert error.scope == "run"
    assert "no money" in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "100000"}, LONGEST_RETRY_AFTER),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:40 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after_is_obeyed_in_every_form(headers, seconds):
    assert retry_after(headers, now=60) == seconds


@given(st.text())
def test_retry_after_never_fails(value):
    seconds = retry_after({"retry-after": value})
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


def test_a_page_of_html_is_shortened_and_escaped():
    error = status_error(502, "<html>\n" + "\x1b[2J" * 500, {})
    assert error.message.startswith("HTTP 502: <html> \\x1b[2J")
    assert len(error.message) < 1000
    assert error.message.isprintable()
