"""Plain text: a document a line, or a document a file."""

import pytest
import spacy

from spacy_distill.corpus.formats.text import Found, read_text
from spacy_distill.corpus.provenance import article_id, doc_id

NLP = spacy.blank("en")


def test_a_file_holds_one_document_a_line(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("Ana  left.\n\n  Bo came.  \n", encoding="utf8")
    found = Found()
    docs = list(read_text(path, NLP, found))
    assert [doc.text for doc in docs] == ["Ana  left.", "Bo came."]
    assert [doc_id(doc) for doc in docs] == ["lines.txt:1", "lines.txt:3"]
    assert found.empty == 1
    assert not docs[0].has_annotation("ENT_IOB")


def test_a_folder_holds_one_document_a_file(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_text("Two.\n\nTwo again.\n", encoding="utf8")
    (tmp_path / "one.txt").write_text("One.", encoding="utf8")
    (tmp_path / "notes.md").write_text("not read", encoding="utf8")
    docs = list(read_text(tmp_path, NLP, Found()))
    assert [(article_id(doc), doc.text) for doc in docs] == [
        ("b/two.txt", "Two.\n\nTwo again."),
        ("one.txt", "One."),
    ]


def test_a_folder_without_text_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"holds no .txt"):
        list(read_text(tmp_path, NLP, Found()))
