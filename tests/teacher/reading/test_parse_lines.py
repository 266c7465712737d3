"""Answers of numbered lines."""

import pytest

from spacy_distill.teacher.reading.candidates import Candidate, LabelSet
from spacy_distill.teacher.reading.parse_lines import parse_lines

LABELS = LabelSet(["LOC", "PER"], {"Location": "LOC"})


def read(answer):
    parsed = parse_lines(answer, LABELS)
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
    ],
)
def test_forms_of_the_same_line(line):
    (candidate,) = read(line)
    assert candidate.text == "U.S."
    assert candidate.accepted
    assert LABELS.resolve(candidate.label) == "LOC"
    assert candidate.reason.startswith("as it is a country") or "LOC" in candidate.reason


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
    assert not parse_lines("1. Rome | True | (LOC)\n2.", LABELS).complete
    assert not parse_lines("1. Rome | True | (LOC)\n2. Ovid | Tr", LABELS).complete
    assert parse_lines("1. Rome | True | (LOC)\nNothing else.", LABELS).complete


@pytest.mark.parametrize(
    "answer",
    ["None", "1. None", "None.", "No entities.", "No entities present in this paragraph. All is verbs."],
)
def test_no_entity(answer):
    assert read(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n\n",
        "I'm sorry, I cannot label this.",
        "Rome (LOC)",
        "None of this is for me to label",
        "a | b | c",
    ],
)
def test_what_is_no_answer_is_not_read_as_no_entity(answer):
    assert read(answer) is None
