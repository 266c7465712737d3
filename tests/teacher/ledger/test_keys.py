import json

from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.teacher.ledger.keys import (
    again,
    answer_key,
    canonical,
    clean_text,
    messages_hash,
    request_body,
    user_message,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_any_text_can_be_sent_and_stored(text):
    clean = clean_text(text)
    clean.encode("utf-8")
    assert clean_text(clean) == clean
    if "�" not in clean:
        assert clean == text


@given(ANY_TEXT, ANY_TEXT)
def test_different_prompts_have_different_hashes(one, other):
    same = messages_hash(user_message(one)) == messages_hash(user_message(other))
    assert same == (clean_text(one) == clean_text(other))


@given(st.permutations(["temperature", "seed", "top_p", "stop"]))
def test_a_key_does_not_depend_on_the_order_of_parameters(names):
    request = {name: len(name) for name in names}
    keys = {answer_key("e", "m", user_message("p"), request, 0)}
    keys.add(answer_key("e", "m", user_message("p"), dict(sorted(request.items())), 0))
    assert len(keys) == 1


def test_a_key_depends_on_everything_that_can_change_an_answer():
    messages = user_message("p")
    variants = [
        ("e", "m", messages, {"temperature": 0.0}, 0),
        ("f", "m", messages, {"temperature": 0.0}, 0),
        ("e", "n", messages, {"temperature": 0.0}, 0),
        ("e", "m", user_message("q"), {"temperature": 0.0}, 0),
        ("e", "m", again(messages, "a", "c"), {"temperature": 0.0}, 0),
        ("e", "m", messages, {"temperature": 1.0}, 0),
        ("e", "m", messages, {}, 0),
        ("e", "m", messages, {"temperature": 0.0}, 1),
    ]
    assert len({answer_key(*variant) for variant in variants}) == len(variants)


def test_canonical_json_is_json_with_sorted_keys():
    assert canonical({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"\\u00e9"]}'


def test_the_body_carries_the_messages_and_the_sampling_parameters():
    body = request_body("m", user_message("p"), {"temperature": 0.0})
    assert body == {"temperature": 0.0, "model": "m", "messages": [{"role": "user", "content": "p"}]}
    json.dumps(body)
