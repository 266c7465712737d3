"""`.spacy` files: records survive, damaged files are named, nothing is written by halves."""

import pytest
import spacy

from spacy_distill import doc_id, read_docs, set_origin, write_docs
from spacy_distill.corpus.docbin import count_docs

NLP = spacy.blank("en")


def docs(n):
    return [set_origin(NLP.make_doc(f"Word {i}"), id=str(i), document="a", source="x") for i in range(n)]


def test_records_survive_and_folders_are_read_in_order(tmp_path):
    assert write_docs(docs(2), tmp_path / "deep" / "b.spacy") == 2
    write_docs(docs(1), tmp_path / "a.spacy")
    assert [doc_id(doc) for doc in read_docs(tmp_path, NLP.vocab)] == ["0", "0", "1"]
    assert count_docs(tmp_path) == 3


def test_a_file_that_is_not_a_corpus_is_named(tmp_path):
    path = tmp_path / "bad.spacy"
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match=r"bad.spacy is not a .spacy file"):
        list(read_docs(path, NLP.vocab))
    write_docs(docs(1), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"bad.spacy is not a .spacy file"):
        list(read_docs(path, NLP.vocab))


def test_nothing_to_read_is_named(tmp_path):
    with pytest.raises(ValueError, match="No such corpus"):
        list(read_docs(tmp_path / "none.spacy", NLP.vocab))
    with pytest.raises(ValueError, match=r"holds no .spacy file"):
        list(read_docs(tmp_path, NLP.vocab))


def test_what_stood_there_stays_if_writing_fails(tmp_path):
    path = tmp_path / "out.spacy"
    write_docs(docs(1), path)

    def failing():
        yield from docs(1)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_docs(failing(), path)
    assert count_docs(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["out.spacy"]
