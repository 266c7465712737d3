"""What makes two requests the same request."""

import pytest

from helpers.asking import chat_model


def key(prompt="p", **settings):
    """The key under which an answer would be kept."""
    [(key, _)] = chat_model("no ledger", **settings).peek(prompt)
    return key


def test_a_key_depends_on_everything_that_can_change_an_answer():
    variants = [
        {},
        {"endpoint": "http://127.0.0.1:8/v1"},
        {"name": "other"},
        {"prompt": "q"},
        {"request": {"temperature": 1.0}},
        {"request": {}},
    ]
    assert len({key(**variant) for variant in variants}) == len(variants)
    model = chat_model("no ledger", samples=3, request={"temperature": 1.0})
    assert len({key for key, _ in model.peek("p")}) == 3


def test_a_key_depends_on_nothing_else():
    request = {"temperature": 0.0, "seed": 1, "top_p": 0.5}
    other = dict(reversed(request.items()))
    assert key(request=request) == key(request=other, concurrency=3, max_tries=2, timeout=1, reask=2)
    assert key("a\ud800b") == key("a\ufffdb") != key("ab")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, "c3b18828acb06f457c1b7cf8a0bc66ae22b7d55fbf218363f8414949c9793dc3"),
        (
            {"request": {"temperature": 0.5, "stop": ["é"]}},
            "29a1892654ef10efc20dcbd3f402c0fff7972635dad6778e2520d4ec12881a69",
        ),
    ],
)
def test_keys_stay_as_they_were(settings, found):
    """A ledger of before is read by its keys."""
    assert key("Ada é", **settings) == found
