"""Plain text: a document a line, or a document a file."""

import pytest

from helpers.importing import import_docs, record


def test_a_file_holds_one_document_a_line(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("Ana  left.\n\n  Bo came.  \n", encoding="utf8")
    docs, report = import_docs(path)
    assert [doc.text for doc in docs] == ["Ana  left.", "Bo came."]
    assert [record(doc)["id"] for doc in docs] == ["lines.txt:1", "lines.txt:3"]
    assert report.issues.empty == 1
    assert not docs[0].has_annotation("ENT_IOB")


def test_a_folder_holds_one_document_a_file(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt").write_text("Two.\n\nTwo again.\n", encoding="utf8")
    (tmp_path / "one.txt").write_text("One.", encoding="utf8")
    (tmp_path / "notes.md").write_text("not read", encoding="utf8")
    docs, _ = import_docs(tmp_path)
    assert [(record(doc)["document"], doc.text) for doc in docs] == [
        ("b/two.txt", "Two.\n\nTwo again."),
        ("one.txt", "One."),
    ]


def test_a_folder_without_text_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"holds no file that can be read"):
        import_docs(tmp_path)
