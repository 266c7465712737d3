"""Gold is found by record id, else by text."""

from spacy_distill.corpus.leaks import match_gold
from spacy_distill.corpus.provenance import KEY


def found(docs, gold):
    return [(i, gold.index(doc)) for i, doc in match_gold(docs, gold)]


def test_by_id_then_by_text(make):
    gold = [make("Ana left", id="g:1"), make("Ana left", id="g:2"), make("Bo came", id="g:3")]
    docs = [make("Ana left", id="g:2"), make("BO came", id="x:9"), make("Nobody", id="g:1")]
    assert found(docs, gold) == [(0, 1), (1, 2)]


def test_an_id_with_another_text_is_no_match(make):
    assert match_gold([make("Ana left", id="1")], [make("Bo came", id="1")]) == []


def test_repeated_texts_are_matched_in_order(make):
    gold, docs = [make("Ana left") for _ in range(2)], [make("Ana left") for _ in range(3)]
    for doc in [*gold, *docs]:
        del doc.user_data[KEY]
    assert found(docs, gold) == [(0, 0), (1, 1), (2, 1)]


def test_gold_without_annotation_is_no_gold(make):
    assert match_gold([make("Ana left")], [make("Ana left", labelled=False)]) == []
