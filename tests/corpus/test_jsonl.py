"""JSON Lines of all kinds: what each row becomes, and what is counted instead of lost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.importing import ents, import_docs, record

OSLO = {"text": "Ana  left Oslo.", "spans": [{"start": 10, "end": 14, "label": "LOC"}]}


@pytest.fixture
def load(tmp_path):
    def load(*rows, **options):
        path = tmp_path / "rows.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf8")
        return import_docs(path, format="jsonl", **options)

    return load


@pytest.fixture
def read(load):
    return lambda *rows: load(*rows)[0]


@pytest.mark.parametrize(
    "row",
    [
        OSLO,
        {"text": OSLO["text"], "entities": OSLO["spans"]},
        {"text": OSLO["text"], "entities": [[10, 14, "LOC"]]},
        {"text": OSLO["text"], "spans": [{"start": 9, "end": 14, "label": "LOC"}]},  # outer space cut off
    ],
)
def test_text_with_character_spans(read, row):
    (doc,) = read(row)
    assert doc.text == OSLO["text"]
    assert ents(doc) == [("Oslo", "LOC")]
    assert doc[0].ent_iob_ == "O"


def test_rows_without_spans_are_unlabelled_and_with_none_are_labelled(read):
    plain, labelled = read({"text": "Hello there."}, {"text": "Hello there.", "spans": []})
    assert not plain.has_annotation("ENT_IOB")
    assert labelled.has_annotation("ENT_IOB")


def test_half_a_character_is_replaced_and_shifts_no_span(read):
    row = {"text": "\ud83d Ana left Oslo. \udc00 \U0001f600 Ana", "spans": [[11, 15, "LOC"], [21, 24, "PER"]]}
    (doc,) = read(row)
    assert doc.text == "\ufffd Ana left Oslo. \ufffd \U0001f600 Ana"
    assert ents(doc) == [("Oslo", "LOC"), ("Ana", "PER")]


def test_ids_articles_and_meta(read):
    first, second = read({"text": "A.", "id": 7, "document": "d1", "meta": {"url": "x"}}, {"text": "B."})
    assert (record(first)["id"], record(first)["document"]) == ("7", "d1")
    assert record(first)["meta"] == {"url": "x"}
    assert record(second)["id"] == record(second)["document"] == "rows.jsonl:2"
    assert record(second)["source"] == "rows.jsonl"


def test_prodigy_rows_keep_their_tokens_and_rejected_ones_are_counted(load):
    row = {
        "text": "Ana left Oslo-West.",
        "tokens": [
            {"text": "Ana", "start": 0, "end": 3, "id": 0, "ws": True},
            {"text": "left", "start": 4, "end": 8, "id": 1, "ws": True},
            {"text": "Oslo", "start": 9, "end": 13, "id": 2, "ws": False},
            {"text": "-West.", "start": 13, "end": 19, "id": 3, "ws": False},
        ],
        "spans": [{"start": 9, "end": 13, "label": "LOC", "token_start": 2, "token_end": 2}],
        "answer": "accept",
    }
    (doc,), report = load(row, row | {"answer": "reject"}, row | {"answer": "ignore"})
    assert [token.text for token in doc] == ["Ana", "left", "Oslo", "-West."]
    assert doc.text == row["text"]
    assert ents(doc) == [("Oslo", "LOC")]
    assert report.issues.rejected == 2


def test_tokens_alone_are_joined_by_single_spaces(read):
    tokens = ["Ana", "left", "New", "York"]
    unlabelled, tagged = read(
        {"tokens": tokens, "answer": "1. Ana | True | (PER)"},
        {"tokens": tokens, "ner_tags": ["B-PER", "O", "B-LOC", "I-LOC"]},
    )
    assert unlabelled.text == "Ana left New York"
    assert not unlabelled.has_annotation("ENT_IOB")
    assert ents(tagged) == [("Ana", "PER"), ("New York", "LOC")]


def test_tags_fit_tokens_of_a_text_with_any_spacing(read):
    row = {"text": "Ana   left\n\nOslo", "tokens": ["Ana", "left", "Oslo"], "tags": ["B-PER", "O", "B-LOC"]}
    (doc,) = read(row)
    assert doc.text == row["text"]
    assert ents(doc) == [("Ana", "PER"), ("Oslo", "LOC")]


def test_spans_that_fit_no_token_borders_are_missing_and_listed(load):
    row = {
        "text": "Ana met Boli in Oslo.",
        "spans": [{"start": 8, "end": 10, "label": "PER"}, {"start": 16, "end": 20, "label": "LOC"}],
    }
    docs, report = load(OSLO, row)
    doc = docs[1]
    assert ents(doc) == [("Oslo", "LOC")]
    assert [token.ent_iob_ for token in doc] == ["O", "O", "", "O", "B", "O"]
    (misfit,) = report.issues.misfits
    assert "rows.jsonl, line 2: 'Bo' (PER)" in misfit and "'Boli'" in misfit


def test_empty_rows_and_lines_are_passed_over(load):
    docs, report = load({"text": "A."}, "", {"text": "  "}, {"text": ""}, {"tokens": []})
    assert len(docs) == 1
    assert report.issues.empty == 3


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{'text': 'A'}", "expected a JSON object, but Expecting property name"),
        ("[1]", "expected a JSON object, found list"),
        ({"txt": "A."}, 'expected "text" .* or "tokens"'),
        ({"text": 3}, 'expected a string as "text", found int'),
        ({"text": "A.", "spans": {}}, 'expected a list as "spans"'),
        ({"text": "A.", "spans": [[0, 1]]}, "expected a span such as"),
        ({"text": "A.", "spans": [{"start": 0, "end": 1}]}, "expected a span such as"),
        ({"text": "A.", "spans": [[0, 1, ""]]}, "label that is not empty"),
        ({"text": "A.", "spans": [[0, 9, "LOC"]]}, "does not lie within the 2 characters"),
        ({"text": "A.", "spans": [[-1, 1, "LOC"]]}, "does not lie within"),
        ({"text": "A b", "spans": [[1, 2, "LOC"]]}, "nothing but space"),
        ({"text": "A b c", "spans": [[0, 3, "LOC"], [2, 5, "ORG"]]}, "overlap"),
        ({"text": "A b c", "spans": [[0, 1, "LOC"], [0, 1, "ORG"]]}, "overlap"),
        ({"text": "A.", "spans": [], "entities": []}, "in one field, found spans and entities"),
        ({"tokens": "A"}, 'expected a list as "tokens"'),
        ({"tokens": ["A", None]}, "found None"),
        ({"tokens": ["A", ""]}, "found ''"),
        ({"tokens": ["A"], "ner_tags": [3]}, "expected tags as strings"),
        ({"tokens": ["A", "b"], "ner_tags": ["O"]}, "found 1 tag for 2 tokens"),
        ({"tokens": ["A"], "ner_tags": ["Q"]}, "expected an entity tag"),
        ({"text": "A", "ner_tags": ["O"]}, 'expected "tokens" beside tags'),
        ({"text": "A b", "tokens": ["A", "c"]}, "they differ"),
        ({"text": "B.", "id": "one"}, "'one' stands on line 1 of .* already"),
    ],
)
def test_bad_rows_are_named(read, row, problem):
    with pytest.raises(ValueError, match=rf"rows.jsonl, line 2: .*{problem}"):
        read({"text": "A.", "id": "one"}, row)


@pytest.mark.parametrize(
    "entities",
    [
        {"label": [[10, 14, "LOC"]]},
        {"labels": [[10, 14, "LOC"]]},
        {"ents": [{"start": 10, "end": 14, "label": "LOC"}]},
        {"label": [{"start": 10, "end": 14, "text": "Oslo", "labels": ["LOC"]}]},
        {"entities": [{"start_offset": 10, "end_offset": 14, "label": "LOC"}]},
        {"annotations": {"entities": [[10, 14, "LOC"]]}},
        {"annotation": [[10, 14, "LOC"]]},
        {"tokens": ["Ana", "left", "Oslo", "."], "labels": ["O", "O", "B-LOC", "O"]},
    ],
)
def test_entities_under_the_names_of_other_tools(read, entities):
    (doc,) = read({"text": OSLO["text"], **entities})
    assert ents(doc) == [("Oslo", "LOC")]
    assert record(doc)["task"] == "ner"


@pytest.mark.parametrize(
    ("entities", "problem"),
    [
        ({"annotations": [{"result": []}]}, "expected a span such as"),
        ({"my_spans": [[10, 14, "LOC"]]}, 'the field "my_spans" looks like entities; call it "spans"'),
        ({"gold": ["O", "O", "B-LOC"]}, 'the field "gold" looks like entities'),
        ({"gold": {"entities": [[10, 14, "LOC"]]}}, 'the field "gold" looks like entities'),
        ({"gold": [{"result": [{"value": {"start": 10, "end": 14, "labels": ["LOC"]}}]}]}, "looks like"),
        ({"found": [{"text": "Oslo", "label": "LOC"}]}, 'the field "found" looks like entities'),
        ({"found": [{"offset": 10, "length": 4, "category": "LOC"}]}, "looks like entities"),
        ({"found": [["LOC", 10, 14]]}, "looks like entities"),
        ({"ents": [], "label": []}, "in one field, found label and ents"),
    ],
)
def test_no_field_of_entities_is_passed_over(read, entities, problem):
    with pytest.raises(ValueError, match=problem):
        read({"text": OSLO["text"], **entities})


def test_a_span_that_stands_twice_counts_once(load):
    (doc,), report = load({"text": "Ana left.", "spans": [[0, 3, "PER"], [0, 3, "PER"]]})
    assert ents(doc) == [("Ana", "PER")] and report.issues.duplicates == 1


def test_rows_that_cannot_be_used_are_left_out_on_demand(load):
    quotes = {"text": '"' * 20_000}
    docs, report = load("{", quotes, {"text": "Ana"}, {"text": "Bo", "spans": [[0, 9, "PER"]]}, skip_bad=True)
    assert [doc.text for doc in docs] == ["Ana"]
    assert [problem.split(": ")[0][-6:] for problem in report.issues.skipped] == [
        "line 1",
        "line 2",
        "line 4",
    ]
    with pytest.raises(ValueError, match=r"line 1: .*20,000 of them punctuation.*--skip-bad"):
        load(quotes)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip))
def test_any_text_is_kept_to_the_character(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    path.write_text(json.dumps({"text": text}), encoding="utf8")
    ((doc,), _) = import_docs(path, format="jsonl")
    assert doc.text == text


def test_fields_of_unlabelled_rows_that_are_not_read_are_named(load):
    _, report = load({"text": "Ana left.", "Labels": "PER", "meta": {"year": 1}}, {"text": "Bo", "spans": []})
    assert report.issues.unread == {"Labels"}
    _, report = load({"text": "Ana left.", "authors": [{"name": "Bo", "year": 2020}], "sizes": [1, 2]})
    assert report.issues.unread == {"authors", "sizes"}
