"""Reading the classes that an answer names: what is understood, and what is left missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.reading import LabelSet
from spacy_distill.tasks.textcat.answers import Named, parse_answer, write_answer

LABELS = LabelSet(["business", "politics", "sport", "tech", "Arts and Crafts"], {"Music": "Arts and Crafts"})

ONE = [
    "sport",
    " Sport.",
    "**Sport**",
    "sports",
    '"sport"',
    "Label: sport",
    "The label is sport.",
    "Final answer: **sport**",
    "Category: Sport (a football match)",
    "Sport\n\nThe text is about a football match.",
    "Sport - it is about a match",
    "The main topic of this article is sport.",
    "The label is sport because it tells of a match",
    "Step 1 - Understanding: a report on a match.\nStep 2 - Candidates: sport; business.\nLabel: sport",
    "It may be business at first sight.\n\nAnswer:\nsport",
    "<think>business? no</think>sport",
    '{"label": "sport"}',
    '```json\n{\n  "label": "sports"\n}\n```',
    '{"labels": ["sport"]}',
    '["sport"]',
    '[{"label": "sport"}]',
    '{"category": "sport", "confidence": 0.7, "reason": "not business"}',
    "{'label': 'sport',}",
    '{"answer": {"topic": "sport"}}',
    '{"sport": true, "business": false}',
    '{"sport": 0.9, "business": 0.05}',
    '{"sport": "yes", "business": "no"}',
    'Step 1 - a match [1].\n{"label": "sport", "reason": "a match"}',
    '{"label": "sport"}\n{"label": "sport"}',
    "- sport",
    "1. sport",
]


@pytest.mark.parametrize("answer", ONE)
def test_one_class(answer):
    assert parse_answer(answer, LABELS) == Named(("sport",))


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("sport, business", ("sport", "business")),
        ("sport and business", ("sport", "business")),
        ("sport\nbusiness", ("sport", "business")),
        ('{"labels": ["sport", "business"]}', ("sport", "business")),
        ("Labels: sport; business", ("sport", "business")),
        ("Arts and Crafts", ("Arts and Crafts",)),
        ("Arts and Crafts, sport", ("Arts and Crafts", "sport")),
        ("music", ("Arts and Crafts",)),
        ('{"labels": []}', ()),
        ("none", ()),
        ("[]", ()),
    ],
)
def test_any_number_of_classes(answer, labels):
    assert parse_answer(answer, LABELS) == Named(labels)


@pytest.mark.parametrize(
    "answer",
    [
        "sport or business",
        "sport/business",
        '{"label": "sport"} {"label": "business"}',
        '{"label": "sport/business"}',
        '{"label": "sport", "alternative": "business"}',
    ],
)
def test_several_candidates_are_left_open(answer):
    assert parse_answer(answer, LABELS) == Named(either=("sport", "business"))


@pytest.mark.parametrize("answer", ["Economy", '{"label": "Economy"}', "Label: Economy"])
def test_a_name_that_was_not_offered_is_kept_as_such(answer):
    assert parse_answer(answer, LABELS) == Named(unknown=("Economy",))


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot help with that, sorry.",
        "This text is not about sport at all.",
        "The text tells of a sport event, but it is really about the money behind it.",
        '{"error": "too long"}',
        '{"sport": "maybe"}',
        '[{"label": "sport", "score": 0.5}, {"label": "business", "score": 0.4}]',
        "<think>sport",
        "",
    ],
)
def test_what_is_in_no_known_form_says_nothing(answer):
    named = parse_answer(answer, LABELS)
    assert named is None or not named.labels


@pytest.mark.parametrize("answer", ["not sport", "anything but sport", "Sport, not business", "non-sport"])
def test_a_denied_class_is_never_a_class_alone(answer):
    named = parse_answer(answer, LABELS)
    assert named is None or named.unknown


def test_an_answer_that_breaks_off_is_incomplete():
    named = parse_answer('{"label": "spor', LABELS)
    assert named is not None and not named.complete


@pytest.mark.parametrize("form", ["json", "plain"])
@pytest.mark.parametrize("exclusive", [True, False])
@given(st.lists(st.sampled_from(LABELS.labels), unique=True, min_size=1), st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_what_the_prompt_shows_is_read_as_it_is_meant(form, exclusive, labels, reason):
    meant = labels[:1] if exclusive else labels
    assert parse_answer(write_answer(meant, reason, form, exclusive), LABELS) == Named(tuple(meant))


@given(st.text(st.sampled_from('{}[]":, \n*sport or business/|')) | st.text())
@settings(max_examples=300, deadline=None)
def test_no_answer_breaks_the_parser(answer):
    named = parse_answer(answer, LABELS)
    assert named is None or set(named.labels) | set(named.either) <= set(LABELS.labels)
