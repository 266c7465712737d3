"""CoNLL files: columns, separators, articles, and errors with file and line."""

import gzip

import pytest
import spacy

from spacy_distill.corpus.formats.conll import read_conll
from spacy_distill.corpus.provenance import article_id, doc_id, record

VOCAB = spacy.blank("en").vocab
TWO_ARTICLES = """-DOCSTART- -X- -X- O

Ana NNP I-NP I-PER
met VBD I-VP O
Bo NNP I-NP I-PER
Li NNP I-NP B-PER

In IN I-PP O
Oslo NNP I-NP I-LOC

-DOCSTART- -X- -X- O

The DT I-NP O
end NN I-NP O
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="news.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


def ents(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


@pytest.mark.parametrize("name", ["news.txt", "news.txt.gz"])
def test_sentences_keep_their_article(write, name):
    docs = list(read_conll(write(TWO_ARTICLES, name), VOCAB))
    assert [doc.text for doc in docs] == ["Ana met Bo Li", "In Oslo", "The end"]
    assert [ents(doc) for doc in docs] == [
        [("Ana", "PER"), ("Bo", "PER"), ("Li", "PER")],
        [("Oslo", "LOC")],
        [],
    ]
    assert [doc_id(doc) for doc in docs] == ["news.txt:1:1", "news.txt:1:2", "news.txt:2:1"]
    assert [article_id(doc) for doc in docs] == ["news.txt:1", "news.txt:1", "news.txt:2"]
    assert record(docs[0])["source"] == name


def test_a_sentence_without_entities_is_annotated_as_such(write):
    *_, last = read_conll(write(TWO_ARTICLES), VOCAB)
    assert last.has_annotation("ENT_IOB")
    assert all(token.ent_iob_ == "O" for token in last)


def test_whole_articles_keep_sentence_borders(write):
    first, second = read_conll(write(TWO_ARTICLES), VOCAB, whole_articles=True)
    assert first.text == "Ana met Bo Li In Oslo"
    assert [sent.text for sent in first.sents] == ["Ana met Bo Li", "In Oslo"]
    assert ents(first) == [("Ana", "PER"), ("Bo", "PER"), ("Li", "PER"), ("Oslo", "LOC")]
    assert doc_id(first) == article_id(first) == "news.txt:1"
    assert len(second) == 2


def test_an_entity_never_crosses_a_sentence_border(write):
    text = "-DOCSTART- O\n\nin O\nOslo I-LOC\n\nBergen I-LOC\n"
    (doc,) = read_conll(write(text), VOCAB, whole_articles=True)
    assert ents(doc) == [("Oslo", "LOC"), ("Bergen", "LOC")]


def test_articles_may_be_ended_instead_of_begun(write):
    docs = list(read_conll(write("Ana I-PER\n\n-DOCSTART- O\n\nBo I-PER\n\n-DOCSTART- O\n"), VOCAB))
    assert [article_id(doc) for doc in docs] == ["news.txt:0", "news.txt:1"]


def test_without_articles_each_sentence_stands_for_itself(write):
    docs = list(read_conll(write("Ana B-PER\n\nBo B-PER\nLi I-PER\n"), VOCAB))
    assert [article_id(doc) for doc in docs] == ["news.txt:0:1", "news.txt:0:2"]
    with pytest.raises(ValueError, match="no -DOCSTART- lines"):
        list(read_conll(write("Ana B-PER\n"), VOCAB, whole_articles=True))


@pytest.mark.parametrize(("column", "label"), [(2, "ORG"), (3, "LOC"), (-1, "PER"), (-2, "LOC")])
def test_the_label_column_is_chosen_from_either_end(write, column, label):
    (doc,) = read_conll(write("Paris\tB-ORG\tB-LOC\tB-PER\n"), VOCAB, label_column=column)
    assert ents(doc) == [("Paris", label)]


def test_tabs_and_spaces_separate_and_line_ends_do_not_matter(write):
    (doc,) = read_conll(write("\ufeffAna   NNP  I-PER\r\nsaw\tVBD\tO\r\n \r\n"), VOCAB)
    assert ents(doc) == [("Ana", "PER")]


def test_a_token_may_hold_a_no_break_space(write):
    (doc,) = read_conll(write("10\u00a0000 O\n"), VOCAB)
    assert doc[0].text == "10\u00a0000"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ana O\nBo\n", "line 2: expected a token and its entity tag in columns, found 'Bo' alone"),
        ("Ana O\n\nBo Q-PER\n", "line 3: expected an entity tag such as O, B-LOC or I-LOC, found 'Q-PER'"),
        ("Ana\tO\n\tO\n", "line 2: expected a token in the first column"),
    ],
)
def test_bad_lines_are_named(write, text, problem):
    with pytest.raises(ValueError, match="news.txt, " + problem):
        list(read_conll(write(text), VOCAB))


def test_a_column_that_is_not_there_is_named(write):
    with pytest.raises(ValueError, match="line 1: expected entity tags in column 4, found 2 columns"):
        list(read_conll(write("Ana O\n"), VOCAB, label_column=4))
    with pytest.raises(ValueError, match="cannot be 0"):
        list(read_conll(write("Ana O\n"), VOCAB, label_column=0))


def test_files_that_are_not_text_are_named(write, tmp_path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Ana O\nJosé B-PER\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.txt, line 2: expected UTF-8 text, found the byte 0xe9"):
        list(read_conll(latin, VOCAB))
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(TWO_ARTICLES.encode())[:40])
    with pytest.raises(ValueError, match=r"torn.gz is not a gzip file, or is damaged"):
        list(read_conll(torn, VOCAB))
    torn.write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"torn.gz is not a gzip file, or is damaged"):
        list(read_conll(torn, VOCAB))
    with pytest.raises(ValueError, match="does not exist"):
        list(read_conll(tmp_path / "none", VOCAB))
    with pytest.raises(ValueError, match="is a folder"):
        list(read_conll(tmp_path, VOCAB))
