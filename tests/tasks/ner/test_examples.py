"""Few-shot examples and label definitions as data files."""

from pathlib import Path

import pytest

from helpers.reading import LabelSet, parse_answer, read_definitions, read_shots, show

LABELS = LabelSet(["LOC", "PER"])
PROMPTS = Path(__file__).parents[3] / "assets" / "prompts"
SHIPPED = {
    "conll": ["LOC", "MISC", "ORG", "PER"],
    "wnut": ["person", "location", "corporation", "product", "creative-work", "group"],
}
EXAMPLE = """
- text: Ann left  Rome in May , and Ann won
  understanding: A report.
  rejected: [{text: May, reason: a month}]
  entities:
    - {text: Rome, label: LOC, reason: a city}
    - {text: Ann, label: PER}
    - {text: Ann, label: PER}
"""


def write(folder, text, name="file.yml"):
    path = folder / name
    path.write_text(text, encoding="utf8")
    return path


def test_an_example_is_shown_in_text_order_in_both_formats(tmp_path):
    (shot,) = read_shots(write(tmp_path, EXAMPLE), LABELS)
    assert shot.text == "Ann left Rome in May , and Ann won"
    assert [c.text for c in shot.candidates] == ["Ann", "Rome", "May", "Ann"]
    assert show(shot, "json").answer == (
        '{"entities": [{"text": "Ann", "label": "PER"}, {"text": "Rome", "label": "LOC"}, '
        '{"text": "Ann", "label": "PER"}]}'
    )
    assert show(shot, "lines").reasoned_answer == (
        "1. Ann | True | (PER)\n2. Rome | True | a city (LOC)\n"
        "3. May | False | a month\n4. Ann | True | (PER)"
    )


@pytest.mark.parametrize("answer_format", ["json", "lines"])
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_examples_are_answers_that_parse_back(name, answer_format):
    labels = LabelSet(SHIPPED[name])
    for shot in read_shots(PROMPTS / f"{name}_examples.yml", labels):
        parsed = parse_answer(show(shot, answer_format).reasoned_answer, labels)
        assert {(c.text, c.accepted, c.reason) for c in parsed.candidates} == {
            (c.text, c.accepted, c.reason) for c in shot.candidates
        }
        assert [c.label for c in parsed.candidates if c.accepted] == [
            c.label for c in shot.candidates if c.accepted
        ]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_definitions_define_every_label(name):
    labels = LabelSet(SHIPPED[name])
    assert list(read_definitions(PROMPTS / f"{name}_labels.yml", labels)) == SHIPPED[name]


def test_json_is_read_too(tmp_path):
    path = write(tmp_path, '[{"text": "Ann", "entities": [{"text": "Ann", "label": "PER"}]}]', "file.json")
    assert read_shots(path, LABELS)[0].text == "Ann"
    assert read_definitions(write(tmp_path, '{"LOC": "a  place"}'), LABELS) == {"LOC": "a place"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text: Ann", "list of examples"),
        ("- Ann", "example 1"),
        ("- {text: Ann, entities: [{text: Ann}]}", "example 1.*label"),
        ("- {text: Ann, entities: [{text: Ann, label: ORG}]}", "'ORG'.*'LOC', 'PER'"),
        (
            "- {text: Ann}\n- {text: Ann, entities: [{text: Bob, label: PER}]}",
            "example 2.*'Bob' is not in its text",
        ),
        ("- {text: Ann", "neither YAML nor JSON"),
    ],
)
def test_examples_that_cannot_be_used_say_where_and_why(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_shots(write(tmp_path, content), LABELS)


@pytest.mark.parametrize(("content", "message"), [("- LOC", "map each label"), ("ORG: x", "ORG.*labels")])
def test_definitions_that_cannot_be_used_say_why(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_definitions(write(tmp_path, content), LABELS)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.yml.*components\.llm\.task"):
        read_shots(tmp_path / "nowhere.yml", LABELS)
