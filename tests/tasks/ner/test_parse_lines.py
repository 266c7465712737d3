"""Answers of numbered lines."""

import pytest

from helpers.reading import Candidate, LabelSet, parse_answer

LABELS = LabelSet(["LOC", "PER"], {"Location": "LOC"})


def read(answer):
    parsed = parse_answer(answer, LABELS)
    return None if parsed is None else list(parsed.candidates)


@pytest.mark.parametrize(
    "line",
    [
        "1. U.S. | True | as it is a country (LOC)",
        "1) U.S. | True | as it is a country (LOC)",
        "(1) U.S. | true | as it is a country [LOC]",
        "- U.S. | True | as it is a country (LOC)",
        "* **U.S.** | **True** | as it is a country (**LOC**)",
        "• U.S.|TRUE|as it is a country (LOC)",
        "U.S. | True | as it is a country (LOC)",
        "| 1 | U.S. | True | as it is a country (LOC) |",
        "1. `U.S.` | Yes | as it is a country (loc)",
        '1. "U.S." | True | as it is a country (Location)',
        "1. U.S. | True | LOC | as it is a country",
        "1. U.S. | True | as it is a country | (LOC)",
        "1. U.S. | True | as it is a country LOC",
        "1. U.S. | True | as it is a country (of the NATO) (LOC) (see above)",
        "**1.** **U.S.** | **True** | as it is a country (**LOC**)",
        "**1. U.S.** | True | as it is a country (LOC)",
        "1.) U.S. | True | as it is a country (LOC)",
        "[1] U.S. | True | as it is a country (LOC)",
        "|1.|U.S.|True|as it is a country (LOC)|",
        "1. | U.S. || True || as it is a country (LOC)",
        "1. U.S. | True. | as it is a country (LOC)",
        "1. U.S. | True (LOC) | as it is a country",
        "1. U.S. | Yes, as it is a country (LOC)",
        "1. U.S. | LOC | True | as it is a country",
    ],
)
def test_forms_of_the_same_line(line):
    (candidate,) = read(line)
    assert candidate.text == "U.S."
    assert candidate.accepted
    assert LABELS.resolve(candidate.label) == "LOC"
    assert "as it is a country" in candidate.reason


def test_reason_and_rejection():
    assert read("1. 10 | False | None\n2. May | False | as it is a month\n3. 1.8 % | False | a number") == [
        Candidate("10", "", False),
        Candidate("May", "", False, "as it is a month"),
        Candidate("1.8 %", "", False, "a number"),
    ]


def test_a_pipe_in_the_candidate_and_numbers_without_a_number():
    assert [c.text for c in read("1. A|B | True | x (PER)\n3 | False | a rank\n1.8 | False | a number")] == [
        "A|B",
        "3",
        "1.8",
    ]


def test_what_is_accepted_without_a_known_label_keeps_the_label_that_it_names():
    assert read("1. Friday | True | (DATE)\n2. it | True | why not") == [
        Candidate("Friday", "DATE", True, ""),
        Candidate("it", "", True, "why not"),
    ]


def test_of_two_labels_none_is_taken():
    (candidate,) = read("1. the institute | True | a place or a body (LOC/PER)")
    assert LABELS.resolve(candidate.label) is None


def test_table_header_prose_and_rules_are_passed_over():
    rows = [
        "Here it is:",
        "| # | Candidate | Entity? | Reason |",
        "|---|---|---|---|",
        "| 1 | Rome | True | (LOC) |",
    ]
    assert read("\n".join([*rows, "Done."])) == [Candidate("Rome", "LOC", True, "")]


def test_an_answer_that_ends_in_a_bare_number_was_cut_off():
    assert not parse_answer("1. Rome | True | (LOC)\n2.", LABELS).complete
    assert not parse_answer("1. Rome | True | (LOC)\n2. Ovid | Tr", LABELS).complete
    assert parse_answer("1. Rome | True | (LOC)\nNothing else.", LABELS).complete


@pytest.mark.parametrize(
    "answer",
    ["None", "1. None", "None.", "No entities.", "No entities present in this paragraph."],
)
def test_no_entity(answer):
    assert read(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n\n",
        "I'm sorry, I cannot label this.",
        "None of this is for me to label",
        "No entities can be listed as I am not able to help with that request",
        "a | b | c",
    ],
)
def test_what_is_no_answer_is_not_read_as_no_entity(answer):
    assert read(answer) is None


def test_a_mention_and_its_label_are_enough():
    assert read("1. Rome | LOC\n2. Ovid | (PER)") == [
        Candidate("Rome", "LOC", True),
        Candidate("Ovid", "(PER)", True),
    ]
    assert read("1. Rome | a city\n2. Ovid | a poet") is None
    assert read("1. Rome | maybe | LOC") is None


def test_an_item_that_cannot_be_read_is_a_candidate_of_which_nothing_is_known():
    lines = "1. Rome | True | a city (LOC)\n2. Ovid | perhaps | (PER)\n3. it | False | no"
    assert [(c.text, LABELS.resolve(c.label)) for c in read(lines) if c.accepted] == [
        ("Rome", "LOC"),
        ("Ovid", None),
    ]


def test_no_and_yes_are_verdicts_only_where_nothing_else_is_said():
    assert [c.text for c in read("1. Ovid | No Rome | True | (PER)")] == ["Ovid | No Rome"]
    assert read("1. Rome | No doubt a city (LOC)") is None


def test_after_the_steps_of_a_chain_of_thought_none_says_that_there_is_no_entity():
    assert read("Step 1 - Understanding: a table row.\nStep 2 - Candidates: none\nSteps 3 and 4:\nNone") == []
    assert read("None of it can be answered.\nTry again.") is None


def test_a_long_reason_with_an_open_bracket_is_read_at_once():
    (candidate,) = read("1. Rome | True | a city" + " " * 200_000 + "(")
    assert candidate.text == "Rome"


def test_a_last_line_whose_bracket_is_open_was_cut_off():
    for cut in ("(", "(LO", "a city ("):
        assert not parse_answer(f"1. Ovid | True | (PER)\n2. Rome | True | {cut}", LABELS).complete
    assert parse_answer("1. Ovid | True | (PER", LABELS) is not None
    assert parse_answer("1. Ovid | True | a poet (of Rome) (PER)", LABELS).complete
