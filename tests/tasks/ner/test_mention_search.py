"""Finding a mention among tokens."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.reading import Places, WordIndex, normalize, normalize_loosely


def found(text, mention):
    places = WordIndex(text.split(" ")).find(mention)
    return places and [" ".join(text.split(" ")[start:end]) for start, end in places.spans]


@pytest.mark.parametrize(
    ("text", "mention", "expected"),
    [
        ("sales rose 1.8 % here", "1.8%", ["1.8 %"]),
        ("sales rose 1.8% here", "1.8 %", ["1.8%"]),
        ("McDonald 's said", "McDonald’s", ["McDonald 's"]),
        ("the `` Gazette '' said", "“Gazette”", ["`` Gazette ''"]),
        ("Jean-Paul spoke", "Jean‑Paul", ["Jean-Paul"]),
        ("the oﬃce of Ray", "office", ["oﬃce"]),
        ("Ｎew York", "New York", ["Ｎew York"]),
        ("Rome and Rome", "Rome", ["Rome", "Rome"]),
        ("ROME fell , Rome rose", "Rome", ["Rome"]),
        ("ROME fell", "Rome", ["ROME"]),
        ("It is IT", "IT", ["IT"]),
        ("lISTANBUL İstanbul", "istanbul", ["İstanbul"]),
        ("in ISPARTA", "ısparta", ["ISPARTA"]),
        ("STRASSE 5", "Straße", ["STRASSE"]),
        ("near Malmö", "Malmo", ["Malmö"]),
        ("Foo Inc. rose", "Foo Inc", ["Foo Inc."]),
        ("Foo Inc rose", "Foo Inc.", ["Foo Inc"]),
        ("Jim Fox Jr .", "Jim Fox Jr.", ["Jim Fox Jr"]),
        ("( Rome )", '"Rome,"', ["Rome"]),
        ("a\u202eb c", "ab", ["a\u202eb"]),
        ("Rome fell", "Carthage", None),
        ("Rome fell", "", None),
        ("Rome fell", "\u202e ", None),
    ],
)
def test_a_mention_is_found_however_it_is_written(text, mention, expected):
    assert found(text, mention) == expected


def test_what_stands_only_inside_of_a_token_is_not_aligned():
    assert WordIndex(["Polish-born", "poet"]).find("Polish") == Places(((0, 1),), aligned=False)
    assert WordIndex(["unit", "It"]).find("it").aligned


def test_tokens_of_spaces_do_not_break_a_mention():
    assert WordIndex(["New", "\n", "York", " "]).find("New York").spans == ((0, 3),)


@given(st.text())
@example("R¸")
def test_normalizing_is_idempotent(text):
    assert normalize(normalize(text)) == normalize(text)
    assert normalize_loosely(normalize(text)) == normalize_loosely(text)


@example(["a", "\u0304", "\u0327"])
@example(["0", "\u00af", "\u00b8"])
@given(st.lists(st.text(min_size=1), min_size=1))
def test_marks_that_stand_alone_hide_no_word(words):
    whole = WordIndex(words).find(" ".join(words))
    assert whole is not None or not any(map(normalize_loosely, words))


@given(st.lists(st.text(min_size=1).filter(normalize), min_size=1), st.data())
def test_every_run_of_tokens_is_found_where_it_stands(words, data):
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    places = WordIndex(words).find(data.draw(st.sampled_from([" ", "", "\n"])).join(words[start:end]))
    assert places is not None
    assert all(0 <= first < last <= len(words) for first, last in places.spans)


def test_one_endless_token_is_no_trouble():
    index = WordIndex(["a" * 20_000, "-" * 20_000])
    assert index.find("a") == Places(((0, 1),), aligned=False)
    assert index.find("--").spans == ((1, 2),)


@given(
    st.sampled_from(["the ", "a ", "Mr. ", "", "<b>"]),
    st.text(st.characters(categories=["Mn", "Cf", "Lm", "Sk"]), max_size=3),
    st.sampled_from(["", " (x)", " [y]", "</b>", "'s"]),
)
def test_what_has_no_letter_left_is_nowhere(before, marks, after):
    places = WordIndex(["Rome", "", " ", "\u202e", "fell"]).find(before + marks + after)
    assert places is None or all(0 <= first < last <= 5 for first, last in places.spans)
