"""Answers in JSON, as models write them."""

import json

import pytest

from helpers.reading import Candidate, LabelSet, parse_answer

LABELS = LabelSet(["LOC", "PER"], {"Location": "LOC"})
OVID = Candidate("Ovid", "PER", True)
ROME = Candidate("Rome", "LOC", True)


def read(answer):
    parsed = parse_answer(answer, LABELS)
    return None if parsed is None else list(parsed.candidates)


@pytest.mark.parametrize(
    "answer",
    [
        '{"entities": [{"text": "Ovid", "label": "PER"}, {"text": "Rome", "label": "LOC"}]}',
        '```json\n{"entities": [{"text": "Ovid", "label": "PER"}, {"text": "Rome", "label": "LOC"}]}\n```',
        'Sure!\n```\n[{"text": "Ovid", "label": "PER"}, {"text": "Rome", "label": "LOC"}]\n```\nDone [so].',
        "{'entities': [{'text': 'Ovid', 'label': 'PER',}, {'text': 'Rome', 'label': 'LOC'},],}",
        "{“entities”: [{“text”: “Ovid”, “label”: “PER”}, {“text”: “Rome”, “label”: “LOC”}]}",
        '{entities: [{text: "Ovid", label: PER}, {text: "Rome", label: LOC}]}',
        '{"Entities": [{"Entity": "Ovid", "Type": "PER"}, {"Entity": "Rome", "Type": "LOC"}]}',
        '{"result": {"entities": [["Ovid", "PER"], ["Rome", "LOC"]]}}',
        "[('Ovid', 'PER'), ('Rome', 'LOC')]",
        '{"Ovid": "PER", "Rome": "LOC"}',
        '[{"Ovid": "PER"}, {"Rome": "LOC"}]',
        '{"PER": ["Ovid"], "LOC": ["Rome"]}',
        '{"entities": [{"text": "Ovid", "label": "PER"} {"text": "Rome", "label": "LOC"}]}',
        '{"text": "Ovid", "label": "PER"}\n{"text": "Rome", "label": "LOC"}',
        '{"PER": "Ovid", "LOC": "Rome"}',
        '{"entities": [{"PER": "Ovid"}, {"LOC": "Rome"}]}',
    ],
)
def test_forms_of_the_same_answer(answer):
    assert read(answer) == [OVID, ROME]


def test_order_and_repeats_are_kept():
    answer = (
        '{"entities": [{"text": "Rome", "label": "LOC"}, {"text": "Ovid", "label": "PER"}, ["Rome", "LOC"]]}'
    )
    assert read(answer) == [ROME, OVID, ROME]


def test_rejected_candidates_and_reasons():
    answer = json.dumps(
        {
            "entities": [{"text": "Rome", "label": "LOC", "reason": "a city"}],
            "rejected": [{"text": "May", "reason": "a month"}, {"text": "poet", "label": "PER"}, "he"],
        }
    )
    assert read(answer) == [
        Candidate("Rome", "LOC", True, "a city"),
        Candidate("May", "?", False, "a month"),
        Candidate("poet", "PER", False),
        Candidate("he", "?", False),
    ]


def test_an_accepted_mention_without_a_label_is_not_rejected():
    assert read('{"entities": [{"text": "May", "label": null}]}') == [Candidate("May", "?", True)]
    assert read('{"entities": [{"text": "May"}, "June"]}') == [
        Candidate("May", "?", True),
        Candidate("June", "?", True),
    ]


def test_quotes_inside_of_single_quotes():
    assert read("{'Couch's Division': 'PER', \"D'Arc\": 'PER', 'the \"Lion\"': 'PER'}") == [
        Candidate("Couch's Division", "PER", True),
        Candidate("D'Arc", "PER", True),
        Candidate('the "Lion"', "PER", True),
    ]


@pytest.mark.parametrize(("answer", "complete"), [
    ('{"entities": [{"text": "Ovid", "label": "PER"}]', True),
    ('{"entities": [{"text": "Ovid", "label": "PER"}}', True),
    ('{"entities": [{"text": "Ovid", "label": "PER"}', False),
    ('{"entities": [{"text": "Ovid", "label": "PER"}, {"text": "Ro', False),
    ('{"entities": [{"text": "Ovid", "label": "PER"}, {"text":', False),
    ('{"entities": [{"text": "Ovid", "label": "PER"}], "rejected": [{"text": "May", "rea', True),
])  # fmt: skip
def test_cut_off_answers_say_whether_the_list_of_entities_was_closed(answer, complete):
    parsed = parse_answer(answer, LABELS)
    assert parsed.candidates[0] == OVID
    assert parsed.complete is complete


@pytest.mark.parametrize(
    "answer", ["[]", "{}", '{"entities": []}', '{"entities": null}', "None.\n```json\n[]\n```"]
)
def test_no_entity(answer):
    assert read(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot help with that.",
        '{"error": "content policy"}',
        '{"entities": "none that I may list"}',
        '["Ovid", "Rome"]',
        "[1] See the style guide.",
        "{" * 5000,
        "[" * 100_000,
        '{"a":' * 5000,
    ],
)
def test_what_is_no_answer_is_not_read_as_no_entity(answer):
    assert read(answer) is None


def test_the_last_answer_counts():
    first, second = '{"entities": [["Ovid", "PER"]]}', '{"entities": [["Rome", "LOC"]]}'
    assert read(f"{first} No, it is: {second}") == [ROME, Candidate("ovid", "?", True)]


def test_an_empty_value_says_nothing_unless_it_ends_the_answer():
    assert read("I cannot help with [] that.") is None
    assert read("The set {} is empty, sorry.") is None
    assert read("There are none:\n```json\n[]\n```") == []
    assert read('{"LOC": [], "PER": []} is my answer.') == []


def test_null_is_no_mention():
    assert read('{"entities": [{"text": null, "label": "LOC"}]}') == [Candidate("", "LOC", True)]
    assert read('{"LOC": "Rome", "PER": "none"}') == [ROME]
