"""Gold is found by record id, else by text."""

from helpers.docs import make_doc
from spacy_distill.corpus.matching import match_gold


def found(docs, gold):
    return [(i, gold.index(doc)) for i, doc in match_gold(docs, gold)]


def test_by_id_then_by_text():
    gold = [make_doc("Ana left", id="g:1"), make_doc("Ana left", id="g:2"), make_doc("Bo came", id="g:3")]
    docs = [make_doc("Ana left", id="g:2"), make_doc("BO came", id="x:9"), make_doc("Nobody", id="g:1")]
    assert found(docs, gold) == [(0, 1), (1, 2)]


def test_an_id_with_another_text_is_no_match():
    assert match_gold([make_doc("Ana left", id="1")], [make_doc("Bo came", id="1")]) == []


def test_repeated_texts_are_matched_in_order():
    gold, docs = [make_doc("Ana left") for _ in range(2)], [make_doc("Ana left") for _ in range(3)]
    for doc in [*gold, *docs]:
        del doc.user_data["distill"]
    assert found(docs, gold) == [(0, 0), (1, 1), (2, 1)]
