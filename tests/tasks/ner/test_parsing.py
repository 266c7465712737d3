"""Both formats together: what any answer may be read as, and that nothing makes it raise."""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.answers import ALIASES, TEXTS, answers
from helpers.answers import LABELS as FOUR
from helpers.reading import (
    Candidate,
    LabelSet,
    WordIndex,
    align,
    parse_answer,
    read_any_form,
    read_asked_form,
)

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
@given(answer=junk)
def test_no_answer_makes_parsing_or_alignment_raise(answer):
    parsed = parse_answer(answer, LABELS)
    for candidate in parsed.candidates if parsed else ():
        assert candidate.text.encode("utf8") is not None
        align(WordIndex(["Rome", "", " ", "\u202e", "fell"]), [candidate], LABELS)


names = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(LABELS.labels))))
def test_what_a_model_writes_in_json_is_what_is_read(pairs):
    answer = json.dumps({"entities": [{"text": text, "label": label} for text, label in pairs]})
    expected = tuple(Candidate(text, label, True) for text, label in pairs)
    assert parse_answer(answer, LABELS).candidates == expected
    assert parse_answer(f"Step 1: {{hm}}\n```json\n{answer}\n```", LABELS).candidates == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(LABELS.labels)), min_size=1), st.data())
def test_of_an_answer_cut_off_anywhere_only_a_beginning_is_read(pairs, data):
    answer = json.dumps({"entities": [{"text": text, "label": label} for text, label in pairs]})
    cut = data.draw(st.integers(0, len(answer) - 3))
    parsed = parse_answer(answer[:cut], LABELS)
    assert parsed is None or not parsed.complete


def test_an_answer_in_any_format_is_read():
    for answer in ('{"entities": [{"text": "Rome", "label": "LOC"}]}', "1. Rome | True | (LOC)"):
        assert parse_answer(answer, LABELS).candidates == (Candidate("Rome", "LOC", True),)


def test_lone_surrogates_do_not_come_through():
    answer = '{"entities": [{"text": "Rome\\ud800", "label": "LOC", "reason": "\\ud83d\\ude00 \\udc00"}]}'
    (candidate,) = parse_answer(answer, LABELS).candidates
    assert (candidate.text, candidate.reason) == ("Rome\ufffd", "\U0001f600 \ufffd")


JUNK = {
    "objects": lambda n: "\n".join(json.dumps({"text": f"Inez{i}", "label": "PER"}) for i in range(n)),
    "one list": lambda n: json.dumps({"entities": [{"text": f"Inez{i}", "label": "PER"} for i in range(n)]}),
    "lines": lambda n: "\n".join(f"Inez{i} Caldor{i}: PER" for i in range(n)),
    "asked lines": lambda n: "\n".join(f"{i}. Inez{i} | True | x (PER)" for i in range(1, n + 1)),
    "rows": lambda n: "| Entity | Label |\n|--|--|\n" + "\n".join(f"| Inez{i} | PER |" for i in range(n)),
    "parts of mentions": lambda n: "Ines\nCaldor\n" * n,
    "quotes": lambda n: "{'a': '" + "x'y " * n,
    "pieces": lambda n: "".join(PIECES) * n,
    **{
        piece: lambda n, piece=piece: piece * n
        for piece in ("[{", "| a ", "```json\n", "Text: a\n[]\n", "<a><think>")
    },
}


@pytest.mark.parametrize("kind", JUNK)
def test_the_work_that_junk_makes_grows_with_its_length_alone(kind):
    def calls(answer):
        number = 0

        def count(*_):
            nonlocal number
            number += 1

        index = WordIndex(
            ["Ines", "Calder", "left", "the", "Nordbank", "offices", "in", "Bergen", "on", "Tuesday", "."]
        )
        sys.setprofile(count)
        try:
            parsed = parse_answer(answer, LABELS, index)
            align(index, parsed.candidates if parsed else (), LABELS)
        finally:
            sys.setprofile(None)
        return number

    short, long = calls(JUNK[kind](150)), calls(JUNK[kind](600))
    assert long < 4.5 * short + 1_000
    assert long < 300 * len(JUNK[kind](600))


def test_a_long_answer_of_junk_is_given_up_on():
    for answer in (
        "{" * 300_000,
        "[{" * 100_000,
        "'" * 300_000,
        '{"entities": [' + "'a" * 100_000,
        "| " * 100_000,
    ):
        assert (parse_answer(answer, LABELS) or parse_answer("None", LABELS)) is not None


mentions = st.sampled_from(
    [
        "Rome",
        "U.S.",
        "8",
        "1. FC",
        "A|B",
        "the (old)",
        "'s",
        "x*",
        "É–a",
        "True",
        "none",
        "a\tb",
        "_",
        "as written",
    ]
)
marks = st.sampled_from(
    ["", "None", "(LOC)", "(B-PER)", "(loc)", "(X)", "LOC", "no", "a city", "see (LOC) there"]
)
reasons = st.lists(marks | st.sampled_from(["as it is, e.g. a person's", "True"]), max_size=3).map(" ".join)
verdicts = st.sampled_from(["True", "False", "True", "False", "yes"])
rows = st.lists(st.tuples(mentions | names, verdicts, reasons), max_size=4)
numbered = rows.map(lambda rows: "\n".join(f"{i}. {' | '.join(row)}" for i, row in enumerate(rows, 1)))
items = st.dictionaries(
    st.sampled_from(["text", "label", "text", "label", "reason"]),
    mentions
    | names
    | st.sampled_from(["LOC", "PER", "loc", "B-LOC", "entity as written", "", "[]", "<b>", None]),
)
in_json = st.lists(items, max_size=3).map(lambda found: json.dumps({"entities": found}, ensure_ascii=False))
fenced = st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```\n", "{}\n", "{}.", " {}", "<b>{}</b>"])
texts = st.builds(lambda fence, answer: fence.replace("{}", answer), fenced, numbered | in_json)


@settings(max_examples=600, deadline=None)
@given(texts, st.sampled_from([LABELS, LabelSet(["TEXT", "LOC"]), LabelSet(["B_X", "ENTITY"], {"LOC": "O"})]))
def test_an_asked_form_is_read_at_once_as_it_is_read_among_all_forms(answer, labels):
    index = WordIndex(["Rome", "fell", "."])
    assert parse_answer(answer, labels, index) == read_any_form(answer, labels, index)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_a_mutated_form_is_read_at_once_as_it_is_read_among_all_forms(text, data):
    words, labels = text[0].split(), LabelSet(FOUR, ALIASES)
    answer = data.draw(answers(words, text[1]))
    index = WordIndex(words)
    assert parse_answer(answer, labels, index) == read_any_form(answer, labels, index)


@pytest.mark.parametrize(
    "answer",
    [
        '{"entities": []}',
        '{"entities": [{"text": "Rome", "label": "LOC", "reason": "a city, (old)"}]}',
        '```json\n{\n  "entities": [{"text": "São Tomé", "label": "LOC"}]\n}\n```',
        "1. Rome | True | (LOC)\n2. U.S. | True | as it's a country, 50 % of it (LOC)\n3. 8 | False | None\n",
        "1. Rome | False | as it is a common noun",
    ],
)
def test_the_commonest_answers_are_read_at_once(answer):
    assert read_asked_form(answer, LABELS) == read_any_form(answer, LABELS, None)
