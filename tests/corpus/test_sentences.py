"""Articles in sentences: exact text, the article's id, entities and missing tokens kept."""

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Span

from spacy_distill.corpus.provenance import article_id, doc_id, record, set_origin
from spacy_distill.corpus.text import split_sentences

NLP = spacy.blank("en")


def article(text):
    return set_origin(NLP.make_doc(text), id="a1", document="day1", source="news.jsonl")


def test_sentences_have_the_exact_text_and_their_articles_id():
    text = 'Ana  left.  "Why?" asked\nBo. A title without stop\n\nMore $1.13bn (£600m)!'
    docs = list(split_sentences([article(text)]))
    assert [doc.text for doc in docs] == [
        "Ana  left.",
        '"Why?"',
        "asked\nBo.",
        "A title without stop",
        "More $1.13bn (£600m)!",
    ]
    assert [doc_id(doc) for doc in docs] == [f"a1:{i}" for i in range(1, 6)]
    assert {article_id(doc) for doc in docs} == {"day1"}
    assert not any(doc.has_annotation("ENT_IOB") for doc in docs)


def test_entities_and_missing_tokens_stay():
    doc = article("Yes. Ana left Oslo today. No.")
    doc.set_ents([Span(doc, 2, 3, "PER")], missing=[doc[4:5]])
    record(doc)["meta"] = {"url": "x"}
    first, second, third = split_sentences([doc])
    assert [token.ent_iob_ for token in second] == ["B", "O", "", "O", "O"]
    assert [ent.text for ent in second.ents] == ["Ana"]
    assert all(token.ent_iob_ == "O" for token in [*first, *third])
    assert record(third)["meta"] == {"url": "x"}


def test_no_sentence_ends_within_an_entity():
    doc = article("He read Yahoo! News again. Then left.")
    doc.set_ents([Span(doc, 2, 5, "ORG")])
    first, second = split_sentences([doc])
    assert first.text == "He read Yahoo! News again."
    assert [ent.text for ent in first.ents] == ["Yahoo! News"]
    assert second.text == "Then left."


@settings(max_examples=100, deadline=None)
@given(st.text("aB.!?\n \u00a0\"'é", max_size=60))
def test_nothing_but_space_is_lost(text):
    docs = list(split_sentences([article(text)]))
    assert "".join("".join(doc.text.split()) for doc in docs) == "".join(text.split())
    position = 0
    for doc in docs:
        assert doc.text == doc.text.strip()
        position = text.index(doc.text, position) + len(doc.text)
