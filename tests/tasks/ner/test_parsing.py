"""Both formats together: what any answer may be read as, and that nothing makes it raise."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.labels import LabelSet
from spacy_distill.tasks.ner.alignment import align
from spacy_distill.tasks.ner.candidates import Candidate
from spacy_distill.tasks.ner.mention_search import WordIndex
from spacy_distill.tasks.ner.parsing import parse_answer

LABELS = LabelSet(["LOC", "PER"])
PIECES = [
    '{"entities":',
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    ",",
    ":",
    "|",
    "True",
    "(LOC)",
    "1.",
    "\n",
    "\\u12",
    "\ud800",
    "\x00",
    "```",
]
junk = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4))).map("".join))


@settings(max_examples=400, deadline=None)
@given(answer=junk, answer_format=st.sampled_from(["json", "lines"]))
def test_no_answer_makes_parsing_or_alignment_raise(answer, answer_format):
    parsed = parse_answer(answer, answer_format, LABELS)
    for candidate in parsed.candidates if parsed else ():
        assert candidate.text.encode("utf8") is not None
        align(WordIndex(["Rome", "", " ", "\u202e", "fell"]), [candidate], LABELS)


names = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(LABELS.labels))))
def test_what_a_model_writes_in_json_is_what_is_read(pairs):
    answer = json.dumps({"entities": [{"text": text, "label": label} for text, label in pairs]})
    expected = tuple(Candidate(text, label, True) for text, label in pairs)
    assert parse_answer(answer, "json", LABELS).candidates == expected
    assert parse_answer(f"Step 1: {{hm}}\n```json\n{answer}\n```", "json", LABELS).candidates == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(LABELS.labels)), min_size=1), st.data())
def test_of_an_answer_cut_off_anywhere_only_a_beginning_is_read(pairs, data):
    answer = json.dumps({"entities": [{"text": text, "label": label} for text, label in pairs]})
    cut = data.draw(st.integers(0, len(answer) - 3))
    parsed = parse_answer(answer[:cut], "json", LABELS)
    assert parsed is None or not parsed.complete


@pytest.mark.parametrize("answer_format", ["json", "lines"])
def test_an_answer_in_the_other_format_is_read_too(answer_format):
    for answer in ('{"entities": [{"text": "Rome", "label": "LOC"}]}', "1. Rome | True | (LOC)"):
        assert parse_answer(answer, answer_format, LABELS).candidates == (Candidate("Rome", "LOC", True),)


def test_lone_surrogates_do_not_come_through():
    answer = '{"entities": [{"text": "Rome\\ud800", "label": "LOC", "reason": "\\ud83d\\ude00 \\udc00"}]}'
    (candidate,) = parse_answer(answer, "json", LABELS).candidates
    assert (candidate.text, candidate.reason) == ("Rome\ufffd", "\U0001f600 \ufffd")


def test_a_long_answer_of_junk_is_given_up_on():
    for answer in (
        "{" * 300_000,
        "[{" * 100_000,
        "'" * 300_000,
        '{"entities": [' + "'a" * 100_000,
        "| " * 100_000,
    ):
        assert (parse_answer(answer, "json", LABELS) or parse_answer("None", "lines", LABELS)) is not None
