"""JSON Lines of all kinds: what each row becomes, and what is counted instead of lost."""

import json

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpus.formats.jsonl import read_jsonl
from spacy_distill.corpus.formats.text import Found
from spacy_distill.corpus.provenance import article_id, doc_id, record

NLP = spacy.blank("en")
OSLO = {"text": "Ana  left Oslo.", "spans": [{"start": 10, "end": 14, "label": "LOC"}]}


@pytest.fixture
def read(tmp_path):
    def read(*rows, found=None):
        path = tmp_path / "rows.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf8")
        return list(read_jsonl(path, NLP, found or Found()))

    return read


def ents(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


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
    assert (doc_id(first), article_id(first)) == ("7", "d1")
    assert record(first)["meta"] == {"url": "x"}
    assert doc_id(second) == article_id(second) == "rows.jsonl:2"
    assert record(second)["source"] == "rows.jsonl"


def test_prodigy_rows_keep_their_tokens_and_rejected_ones_are_counted(read):
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
    found = Found()
    (doc,) = read(row, row | {"answer": "reject"}, row | {"answer": "ignore"}, found=found)
    assert [token.text for token in doc] == ["Ana", "left", "Oslo", "-West."]
    assert doc.text == row["text"]
    assert ents(doc) == [("Oslo", "LOC")]
    assert found.rejected == 2


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


def test_spans_that_fit_no_token_borders_are_missing_and_listed(read):
    found = Found()
    row = {
        "text": "Ana met Boli in Oslo.",
        "spans": [{"start": 8, "end": 10, "label": "PER"}, {"start": 16, "end": 20, "label": "LOC"}],
    }
    (doc,) = read(OSLO, row, found=found)[1:]
    assert ents(doc) == [("Oslo", "LOC")]
    assert [token.ent_iob_ for token in doc] == ["O", "O", "", "O", "B", "O"]
    (misfit,) = found.misfits
    assert "rows.jsonl, line 2: 'Bo' (PER)" in misfit and "'Boli'" in misfit


def test_empty_rows_and_lines_are_passed_over(read):
    found = Found()
    docs = read({"text": "A."}, "", {"text": "  "}, {"text": ""}, {"tokens": []}, found=found)
    assert len(docs) == 1
    assert found.empty == 3


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
        ({"tokens": ["A", "b"], "ner_tags": ["O"]}, "found 1 tags for 2 tokens"),
        ({"tokens": ["A"], "ner_tags": ["Q"]}, "expected an entity tag"),
        ({"text": "A", "ner_tags": ["O"]}, 'expected "tokens" beside tags'),
        ({"text": "A b", "tokens": ["A", "c"]}, "they differ"),
        ({"text": "B.", "id": "one"}, "'one' stands on line 1 already"),
    ],
)
def test_bad_rows_are_named(read, row, problem):
    with pytest.raises(ValueError, match=rf"rows.jsonl, line 2: .*{problem}"):
        read({"text": "A.", "id": "one"}, row)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip))
def test_any_text_is_kept_to_the_character(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    path.write_text(json.dumps({"text": text}), encoding="utf8")
    (doc,) = read_jsonl(path, NLP, Found())
    assert doc.text == text
