import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.teacher.errors import (
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    backoff,
    retry_after,
    status_fault,
)


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
    assert status_fault(status, {"error": {"message": "no"}}, {}).scope == scope


def test_an_empty_account_is_not_asked_again():
    fault = status_fault(429, {"error": {"message": "no money", "code": "insufficient_quota"}}, {})
    assert fault.scope == "run"
    assert "no money" in fault.message


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


@given(st.integers(1, 10_000), st.integers())
def test_waits_grow_to_a_cap_and_are_jittered(tries, seed):
    wait = backoff(tries, random.Random(seed))
    assert 0.25 <= wait <= LONGEST_WAIT
    assert backoff(tries, random.Random(seed), first=0) == 0
    assert backoff(tries, random.Random(seed)) != backoff(tries, random.Random(seed + 1))


def test_a_page_of_html_is_shortened_and_escaped():
    fault = status_fault(502, "<html>\n" + "\x1b[2J" * 500, {})
    assert fault.message.startswith("HTTP 502: <html> \\x1b[2J")
    assert len(fault.message) < 1000
    assert fault.message.isprintable()
