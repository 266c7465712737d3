"""A key that a server quotes, in whatever form, is written and shown nowhere."""

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.asking import ask, chat_model, entries, jobs
from helpers.loopback import Response, Server, completion, failure
from spacy_distill.teacher.credentials import Redactor

KEY = "sk-Abc/123+de_fg=hi"
LETTERS = "abcXYZ0189-_/+=.~"


def unicode_escapes(text):
    return "".join(f"\\u{ord(char):04x}" for char in text)


FORMS = {
    "plain": lambda key: key,
    "slashes": lambda key: key.replace("/", "\\/"),
    "every character escaped": unicode_escapes,
    "some characters escaped": lambda key: "".join(
        c if i % 2 else unicode_escapes(c) for i, c in enumerate(key)
    ),
    "escaped twice": lambda key: unicode_escapes(key).replace("\\", "\\\\"),
    "percent": lambda key: urllib.parse.quote(key, safe=""),
    "percent, all": lambda key: "".join(f"%{ord(char):02X}" for char in key),
    "percent, twice": lambda key: urllib.parse.quote(urllib.parse.quote(key, safe=""), safe=""),
    "html": lambda key: "".join(f"&#x{ord(char):x};" for char in key),
    "html, decimal": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "hexadecimal": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of the header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of basic": lambda key: base64.b64encode(f"x:{key}\n".encode()).decode(),
    "base64 for urls": lambda key: base64.urlsafe_b64encode(f"key={key}&a=b".encode()).decode(),
}


@given(
    st.text(LETTERS, min_size=8, max_size=60), st.sampled_from(sorted(FORMS)), st.text("ab :\n", max_size=3)
)
def test_no_form_of_a_key_is_left_and_text_around_it_is(key, form, around):
    quoted = FORMS[form](key)
    shown = Redactor([key])(f"{around} {quoted} {around}")
    assert quoted not in shown and key not in shown
    assert shown.startswith(f"{around} ") and shown.endswith(f" {around}")


@given(st.text('abc "{}:,\\/é', max_size=60))
def test_text_without_a_key_is_left_alone(text):
    assert Redactor(["sk-ABC/123"])(text) == text


@pytest.mark.parametrize("run", ["\\", "a", "%25", "&#0", "sk-Ab", "s"])
def test_what_looks_like_the_beginning_of_a_key_costs_no_more_than_its_length(run):
    text = run * (300_000 // len(run))
    assert Redactor([KEY])(text) == text


def tokens(answer, **how):
    """A completion with the log-probabilities of its tokens."""
    response = completion(answer, **how)
    content = [{"token": answer[i : i + 3], "logprob": -0.1} for i in range(0, len(answer), 3)]
    response.body["choices"][0]["logprobs"] = {"content": content}
    return response


def replies(quoted):
    """Replies that quote something wherever a server can."""
    parts = [{"type": "text", "text": quoted[:9]}, {"type": "text", "text": quoted[9:]}]
    return {
        "an answer": completion(f"The key is {quoted}."),
        "parts of an answer": completion(parts),
        "the tokens of an answer": tokens(f"The key is {quoted}."),
        "the tokens of a failed answer": tokens(f"The key is {quoted}.", finish_reason="error"),
        "a refusal": completion("", refusal=f"no {quoted}"),
        "a thought": completion("", reasoning_content=f"Hm, {quoted}"),
        "a reason": completion("x", finish_reason=f"odd {quoted}"),
        "an error": failure(400, f"bad key {quoted}"),
        "a code": failure(400, "bad", code=quoted),
        "an error that ends the run": failure(401, f"bad key {quoted}"),
        "a body that is no completion": Response({"odd": {quoted: [quoted]}}),
        "a page": Response(f"<html>{quoted}</html>"),
        "no JSON": Response(f"{{ {quoted}"),
        "a redirect": failure(
            302, "moved", location=f"https://example.org/?key={urllib.parse.quote(quoted)}"
        ),
        "a status of success": Response({"error": {"message": quoted}}),
    }


def apart(one, other):
    """Replies that quote a text that is in two parts, or that a message cuts in two."""
    return {
        "two strings of an error": Response({"error": {"message": [one, other]}}, 400),
        "two fields of an error": Response({"error": {"type": one, "param": other}}, 400),
        "two fields of a filter's error": Response(
            {"error": {"code": "content_filter", "a": [one, other]}}, 400
        ),
        "two errors of a success": Response({"error": {"a": one, "b": other}}),
        "two strings of something else": Response({"odd": [one, other]}),
        "a header that is long": failure(302, "", location=f"https://e.org/{'x' * 120}?key={one}{other}"),
        "a header's two halves": failure(307, "", location=f"https://e.org/?a={one}&b={other}"),
        "a message that is long": failure(400, f"{'x' * 185} {one}\u200b{other}"),
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", replies(KEY))
def test_a_key_that_a_server_quotes_is_kept_nowhere(tmp_path, monkeypatch, form, place):
    monkeypatch.setenv("TEST_KEY", KEY)
    quoted = FORMS[form](KEY)
    with Server(lambda call: replies(quoted)[place]) as server:
        model = chat_model(tmp_path / "l.sqlite", server.url, api_key_env="TEST_KEY", max_tries=1)
        statistics = ask(model, jobs(1))
    (entry,) = entries(tmp_path / "l.sqlite").values()
    spelled = "".join(token for token, _ in entry.logprobs)
    kept = json.dumps(
        [entry.answer, entry.error, entry.finish_reason, spelled, statistics.stopped], ensure_ascii=False
    )
    for secret in (KEY, quoted, json.dumps(quoted)[1:-1], urllib.parse.quote(quoted)):
        assert secret not in kept
    assert not [file for file in tmp_path.iterdir() if KEY.encode() in file.read_bytes()]


@pytest.mark.parametrize("at", range(8, len(KEY) - 7, 2))
@pytest.mark.parametrize("place", apart("", ""))
def test_a_key_that_a_server_takes_apart_is_kept_nowhere(tmp_path, monkeypatch, place, at):
    monkeypatch.setenv("TEST_KEY", KEY)
    with Server(lambda call: apart(KEY[:at], KEY[at:])[place]) as server:
        model = chat_model(tmp_path / "l.sqlite", server.url, api_key_env="TEST_KEY", max_tries=1)
        statistics = ask(model, jobs(1))
    (entry,) = entries(tmp_path / "l.sqlite").values()
    kept = json.dumps([entry.answer, entry.error, statistics.stopped])
    assert "[key]" in kept or "…" in kept
    assert not [KEY[i : i + 8] for i in range(len(KEY) - 7) if KEY[i : i + 8] in kept]


@given(st.text("ab-", min_size=8, max_size=30), st.text("abc-", max_size=60))
def test_a_message_holds_no_long_part_of_a_key(key, text):
    shown = Redactor([key]).message(text).replace("[key]", "\0")
    size = min(8, (len(key) + 1) // 2)
    assert not [key[i : i + size] for i in range(len(key) - size + 1) if key[i : i + size] in shown]
    if "c" in text and not set(text) - {"c"}:
        assert shown == text
