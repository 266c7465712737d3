"""The record of a document: plain, and still there after a DocBin."""

import spacy
from spacy.tokens import DocBin

from spacy_distill import article_id, doc_id, set_origin, views
from spacy_distill.corpus.provenance import record

NLP = spacy.blank("en")


def test_a_document_without_record_has_no_ids():
    doc = NLP.make_doc("Ana left.")
    assert doc_id(doc) is None
    assert article_id(doc) is None
    assert "distill" not in doc.user_data


def test_the_record_survives_a_docbin_and_holds_plain_values_only():
    doc = set_origin(NLP.make_doc("Ana left."), id="a:1", document="a", source="a.txt")
    views(doc)["cot"] = {"state": "ok"}
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin(store_user_data=True).from_bytes(data).get_docs(NLP.vocab)
    assert (doc_id(again), article_id(again)) == ("a:1", "a")
    assert record(again) == {
        "id": "a:1",
        "document": "a",
        "source": "a.txt",
        "views": {"cot": {"state": "ok"}},
    }
