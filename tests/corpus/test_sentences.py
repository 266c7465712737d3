"""Articles in sentences: exact text, the article's id, entities and missing tokens kept."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.importing import import_docs, record


@pytest.fixture
def split(tmp_path):
    def split(text, spans=None):
        path = tmp_path / "news.jsonl"
        row = {"id": "a1", "document": "day1", "text": text, "meta": {"url": "x"}, "spans": spans}
        path.write_text(json.dumps(row), encoding="utf8")
        return import_docs(path, sentences=True)[0]

    return split


def test_sentences_have_the_exact_text_and_their_articles_id(split):
    text = 'Ana  left.  "Why?" asked\nBo. A title without stop\n\nMore $1.13bn (£600m)!'
    docs = split(text)
    assert [doc.text for doc in docs] == [
        "Ana  left.",
        '"Why?"',
        "asked\nBo.",
        "A title without stop",
        "More $1.13bn (£600m)!",
    ]
    assert [record(doc)["id"] for doc in docs] == [f"a1:{i}" for i in range(1, 6)]
    assert {record(doc)["document"] for doc in docs} == {"day1"}
    assert not any(doc.has_annotation("ENT_IOB") for doc in docs)


def test_entities_and_missing_tokens_stay(split):
    first, second, third = split("Yes. Ana left Oslo today. No.", [[5, 8, "PER"], [14, 17, "LOC"]])
    assert [token.ent_iob_ for token in second] == ["B", "O", "", "O", "O"]
    assert [ent.text for ent in second.ents] == ["Ana"]
    assert all(token.ent_iob_ == "O" for token in [*first, *third])
    assert record(third)["meta"] == {"url": "x"}


def test_no_sentence_ends_within_an_entity(split):
    first, second = split("He read Yahoo! News again. Then left.", [[8, 19, "ORG"]])
    assert first.text == "He read Yahoo! News again."
    assert [ent.text for ent in first.ents] == ["Yahoo! News"]
    assert second.text == "Then left."


@settings(max_examples=30, deadline=None)
@given(st.text("aB.!?\n \u00a0\"'é", max_size=60).filter(str.strip))
def test_nothing_but_space_is_lost(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    path.write_text(json.dumps({"text": text}), encoding="utf8")
    docs, _ = import_docs(path, sentences=True)
    assert "".join("".join(doc.text.split()) for doc in docs) == "".join(text.split())
    position = 0
    for doc in docs:
        assert doc.text == doc.text.strip()
        position = text.index(doc.text, position) + len(doc.text)
