"""Import as a whole: what is kept, what is counted, and files that others can read."""

import json

import pytest
import spacy

from spacy_distill import (
    DistillError,
    ImportOptions,
    article_id,
    doc_id,
    import_corpus,
    parse_range,
    read_docs,
)

NLP = spacy.blank("en")


def read(path):
    return list(read_docs(path, NLP.vocab))


@pytest.fixture
def articles(tmp_path):
    path = tmp_path / "articles.jsonl"
    rows = [
        {"id": "x/1", "topic": "x", "title": "T", "text": "Ana left. Bo came.\n\nNobody saw it."},
        {"id": "x/2", "topic": "x", "title": "T", "text": "Bo  came. The end."},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return path


def test_articles_by_sentence(articles, tmp_path):
    account = import_corpus(articles, tmp_path / "out.spacy", ImportOptions("jsonl", sentences=True))
    docs = read(tmp_path / "out.spacy")
    assert [doc.text for doc in docs] == ["Ana left.", "Bo came.", "Nobody saw it.", "Bo  came.", "The end."]
    assert [article_id(doc) for doc in docs] == ["x/1"] * 3 + ["x/2"] * 2
    assert [doc_id(doc) for doc in docs][:2] == ["x/1:1", "x/1:2"]
    assert (account.written, account.articles, account.unlabelled, account.repeated) == (5, 2, 5, 1)


def test_no_sentence_of_an_excluded_corpus_is_taken(articles, tmp_path):
    """Case and spacing make no difference; every sentence of a whole document counts."""
    other = tmp_path / "other.conll"
    other.write_text("-DOCSTART- O\n\nBO O\ncame O\n. O\n\nNew O\n", encoding="utf8")
    import_corpus(other, tmp_path / "other.spacy", ImportOptions("conll", sentences=False))
    options = ImportOptions("jsonl", sentences=True, exclude=(tmp_path / "other.spacy",))
    account = import_corpus(articles, tmp_path / "out.spacy", options)
    assert account.excluded == 2
    assert [doc.text for doc in read(tmp_path / "out.spacy")] == ["Ana left.", "Nobody saw it.", "The end."]


def test_ranges_exclusion_and_sample_add_up(articles, tmp_path):
    options = ImportOptions("jsonl", sentences=True, documents=parse_range("0:0.5"), limit=2)
    account = import_corpus(articles, tmp_path / "out.spacy", options)
    assert (account.read, account.outside, account.unsampled, account.written) == (5, 2, 1, 2)


def test_labels_are_counted(tmp_path):
    path = tmp_path / "tags.txt"
    path.write_text("Ana I-PER\nin O\nOslo I-LOC\n\nBo B-PER\n", encoding="utf8")
    account = import_corpus(path, tmp_path / "out.spacy", ImportOptions("conll"))
    assert account.labels == {"LOC": 1, "PER": 2}
    assert (account.tokens, account.unlabelled) == (4, 0)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (ImportOptions("jsonl", lang="zz"), "no language 'zz'"),
        (ImportOptions("conll"), "line 1: expected an entity tag"),
        (ImportOptions("jsonl", exclude=("self",)), "Nothing is left of the 2 documents"),
        (ImportOptions("jsonl", limit=0), "at least 1, got 0"),
    ],
)
def test_bad_input_is_named(articles, tmp_path, options, problem):
    import_corpus(articles, tmp_path / "self", ImportOptions("jsonl"))
    if options.exclude:
        options = ImportOptions("jsonl", exclude=(tmp_path / "self",))
    with pytest.raises(ValueError, match=problem):
        import_corpus(articles, tmp_path / "out.spacy", options)
    assert not (tmp_path / "out.spacy").exists()


def test_an_empty_file_is_an_error(tmp_path):
    path = tmp_path / "empty.txt"
    path.write_text("\n\n", encoding="utf8")
    with pytest.raises(ValueError, match="holds no document"):
        import_corpus(path, tmp_path / "out.spacy", ImportOptions("text"))


def test_a_place_that_cannot_be_written_is_named(articles, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf8")
    with pytest.raises(ValueError, match="Cannot write"):
        import_corpus(articles, tmp_path / "file" / "out.spacy", ImportOptions("jsonl"))


def test_a_text_of_more_than_a_million_characters(tmp_path):
    (tmp_path / "long.jsonl").write_text(json.dumps({"text": "x" * 2**20 + " Ana"}))
    import_corpus(tmp_path / "long.jsonl", tmp_path / "out.spacy", ImportOptions("jsonl"))
    assert [len(doc.text) for doc in read(tmp_path / "out.spacy")] == [2**20 + 4]


def test_classes_of_a_text_are_not_those_of_its_sentences(tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text('{"text": "Rome fell. It rained.", "cats": {"news": 1.0}}\n', encoding="utf8")
    with pytest.raises(DistillError, match=r"without --sentences"):
        import_corpus(source, tmp_path / "out.spacy", ImportOptions(sentences=True))
    assert not (tmp_path / "out.spacy").exists()
