"""CoNLL files: columns, separators, articles, and errors with file and line."""

import gzip

import pytest

from helpers.importing import ents, import_docs, record

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


def read(path, **options):
    return import_docs(path, format="conll", **options)[0]


@pytest.mark.parametrize("name", ["news.txt", "news.txt.gz"])
def test_sentences_keep_their_article(write, name):
    docs = read(write(TWO_ARTICLES, name))
    assert [doc.text for doc in docs] == ["Ana met Bo Li", "In Oslo", "The end"]
    assert [ents(doc) for doc in docs] == [
        [("Ana", "PER"), ("Bo", "PER"), ("Li", "PER")],
        [("Oslo", "LOC")],
        [],
    ]
    assert [record(doc)["id"] for doc in docs] == ["news.txt:1:1", "news.txt:1:2", "news.txt:2:1"]
    assert [record(doc)["document"] for doc in docs] == ["news.txt:1", "news.txt:1", "news.txt:2"]
    assert record(docs[0])["source"] == name


def test_a_sentence_without_entities_is_annotated_as_such(write):
    *_, last = read(write(TWO_ARTICLES))
    assert last.has_annotation("ENT_IOB")
    assert all(token.ent_iob_ == "O" for token in last)


def test_whole_articles_keep_sentence_borders(write):
    first, second = read(write(TWO_ARTICLES), sentences=False)
    assert first.text == "Ana met Bo Li In Oslo"
    assert [sent.text for sent in first.sents] == ["Ana met Bo Li", "In Oslo"]
    assert ents(first) == [("Ana", "PER"), ("Bo", "PER"), ("Li", "PER"), ("Oslo", "LOC")]
    assert record(first)["id"] == record(first)["document"] == "news.txt:1"
    assert len(second) == 2


def test_an_entity_never_crosses_a_sentence_border(write):
    text = "-DOCSTART- O\n\nin O\nOslo I-LOC\n\nBergen I-LOC\n"
    (doc,) = read(write(text), sentences=False)
    assert ents(doc) == [("Oslo", "LOC"), ("Bergen", "LOC")]


def test_articles_may_be_ended_instead_of_begun(write):
    docs = read(write("Ana I-PER\n\n-DOCSTART- O\n\nBo I-PER\n\n-DOCSTART- O\n"))
    assert [record(doc)["document"] for doc in docs] == ["news.txt:0", "news.txt:1"]


def test_without_articles_each_sentence_stands_for_itself(write):
    docs = read(write("Ana B-PER\n\nBo B-PER\nLi I-PER\n"))
    assert [record(doc)["document"] for doc in docs] == ["news.txt:0:1", "news.txt:0:2"]
    with pytest.raises(ValueError, match="no -DOCSTART- lines"):
        read(write("Ana B-PER\n"), sentences=False)


@pytest.mark.parametrize(("column", "label"), [(2, "ORG"), (3, "LOC"), (-1, "PER"), (-2, "LOC")])
def test_the_label_column_is_chosen_from_either_end(write, column, label):
    (doc,) = read(write("Paris\tB-ORG\tB-LOC\tB-PER\n"), label=column)
    assert ents(doc) == [("Paris", label)]


def test_tabs_and_spaces_separate_and_line_ends_do_not_matter(write):
    (doc,) = read(write("\ufeffAna   NNP  I-PER\r\nsaw\tVBD\tO\r\n \r\n"))
    assert ents(doc) == [("Ana", "PER")]


def test_a_token_may_hold_a_no_break_space(write):
    (doc,) = read(write("10\u00a0000 O\n"))
    assert doc[0].text == "10\u00a0000"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ana O\nBo\n", "line 2: expected a token and its entity tag in columns, found 'Bo' alone"),
        ("Ana O\n\nBo Q-PER\n", "line 3: expected an entity tag such as O, B-LOC or I-LOC, found 'Q-PER'"),
        ("Ana\tO\n\tO\n", "line 2: expected a token, found nothing"),
    ],
)
def test_bad_lines_are_named(write, text, problem):
    with pytest.raises(ValueError, match="news.txt, " + problem):
        read(write(text))


def test_a_column_that_is_not_there_is_named(write):
    with pytest.raises(ValueError, match="line 1: expected entity tags in column 4, found 2 columns"):
        read(write("Ana O\n"), label=4)
    with pytest.raises(ValueError, match="cannot be 0"):
        read(write("Ana O\n"), label=0)


def test_files_that_are_not_text_are_named(write, tmp_path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("Ana O\nJosé B-PER\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.txt, line 2: expected UTF-8 text, found the byte 0xe9"):
        read(latin)
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(TWO_ARTICLES.encode())[:40])
    with pytest.raises(ValueError, match=r"torn.gz is damaged, or not what its name says"):
        read(torn)
    torn.write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"torn.gz is damaged, or not what its name says"):
        read(torn)
    with pytest.raises(ValueError, match="does not exist"):
        read(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no \.conll"):
        read(tmp_path / "empty")


@pytest.mark.parametrize(
    "tags",
    [
        "I-LOC I-LOC O I-PER B-PER I-ORG",  # IOB1: a B only between two entities of one label
        "B-LOC I-LOC O B-PER B-PER B-ORG",  # IOB2
        "B-LOC E-LOC O S-PER S-PER S-ORG",  # IOBES
        "B-LOC L-LOC O U-PER U-PER U-ORG",  # BILUO
        "B-LOC M-LOC O W-PER W-PER W-ORG",  # BMES and BMEWO
        "B-LOC\rI-LOC\rO\rB-PER\rB-PER\rB-ORG",  # line ends of the old Mac
    ],
)
def test_all_flavours_are_read_alike(write, tags):
    end = "\r" if "\r" in tags else "\n"
    (doc,) = read(write(end.join(f"w{i} {tag}" for i, tag in enumerate(tags.split()))))
    assert ents(doc) == [("w0 w1", "LOC"), ("w3", "PER"), ("w4", "PER"), ("w5", "ORG")]


def test_labels_may_hold_dashes(write):
    (doc,) = read(write("a B-work-of-art\nb I-work-of-art"))
    assert ents(doc) == [("a b", "work-of-art")]


@pytest.mark.parametrize("tag", ["B", "B-", "X-LOC", "LOC", "o", "-LOC"])
def test_a_tag_that_is_none_is_named(write, tag):
    with pytest.raises(ValueError, match=f"expected an entity tag.*found '{tag}'"):
        read(write(f"Ana {tag}"))


@pytest.mark.parametrize(
    "comment", ["# id 77\tdomain=en", "# text = Ana is B-PER", "#\thttp://a.b [2009]", "# sent_id = 1"]
)
def test_comments_before_a_sentence_are_passed_over_and_words_are_not(write, comment):
    first, second = read(write(f"{comment}\nAna\tB-PER\n\n#oslo\tB-LOC\n"))
    assert ents(first) == [("Ana", "PER")] and ents(second) == [("#oslo", "LOC")]


def test_an_article_may_be_numbered(write):
    (doc,) = read(write("-DOCSTART-1 O\n\nAna B-PER\n"))
    assert ents(doc) == [("Ana", "PER")]


@pytest.mark.parametrize("first", [0, 1])
def test_a_column_that_counts_is_not_taken_for_the_words(write, first):
    path = write(f"{first}\tAna\tB-PER\n{first + 1}\tleft\tO\n\n{first}\tOslo\tB-LOC\n")
    docs, report = import_docs(path)
    assert [ents(doc) for doc in docs] == [[("Ana", "PER")], [("Oslo", "LOC")]]
    assert "the first column counts the tokens" in report.issues.notes[0]
    with pytest.raises(ValueError, match="column 3 cannot hold both the token and its tag"):
        read(path, token=3)
    assert [doc.text for doc in read(path, token=1)] == [f"{first} {first + 1}", str(first)]


@pytest.mark.parametrize("text", ["1 CD O\n2 CD O\nOslo NNP B-LOC\n", "1 O\n2 O\n", "3 CD O\n4 CD O\n"])
def test_numbers_in_a_text_stay_words(write, text):
    assert read(write(text))[0][0].text == text[0]


def test_tags_of_another_column_than_the_last_are_not_lost(write):
    path = write("Ana\tB-PER\tO\nleft\tO\tO\n")
    with pytest.raises(ValueError, match="the last column is O throughout, but column 2 has entity tags"):
        read(path)
    assert ents(read(path, label=2)[0]) == [("Ana", "PER")] and ents(read(path, label=-1)[0]) == []


@pytest.mark.parametrize("row", ["#id\tO", "#id O", "#text=x -X- O", "# O", "#a=b _ B-X"])
def test_a_hashtag_that_begins_a_sentence_is_a_word(write, row):
    (doc,) = read(write(row))
    assert doc[0].text == row.split()[0]


def test_rows_that_cannot_be_used_are_left_out_on_demand(write):
    path = write("Ana\tB-PER\n\tO\nleft\tO\n\nBo\tB-PER\nx\n\nOslo\tB-LOC\n")
    docs, report = import_docs(path, format="conll", skip_bad=True)
    assert [doc.text for doc in docs] == ["Ana left", "Oslo"]
    assert [problem.split(": ")[0][-6:] for problem in report.issues.skipped] == ["line 2", "line 6"]
    with pytest.raises(ValueError, match=r"line 2: expected a token, found nothing.*--skip-bad"):
        read(path)


def test_tokens_may_be_counted_through_the_file(write):
    path = write("1\tAna\tB-PER\n2\tleft\tO\n\n3\tOslo\tB-LOC\n4\t.\tO\n")
    assert [doc.text for doc in read(path)] == ["Ana left", "Oslo ."]


@pytest.mark.parametrize(("other", "noted"), [("B-LOC", True), ("B-NP", False), ("NNP", False), ("O", False)])
def test_a_second_layer_of_tags_is_said(write, other, noted):
    docs, report = import_docs(write(f"Ana\t{other}\tB-PER\nleft\tO\tO\n"))
    assert ents(docs[0]) == [("Ana", "PER")]
    assert any("column 2 has entity tags too" in note for note in report.issues.notes) is noted


@pytest.mark.parametrize("tag", ["B-location,B-group", "B-PER|I-ORG", "B-PER,O"])
def test_several_tags_in_one_cell_are_refused(write, tag):
    with pytest.raises(ValueError, match=r"expected one entity tag, found .*; keep one of them"):
        read(write(f"Ana\t{tag}\n"))


def test_a_column_without_tags_names_the_options(write):
    path = write("O\t0\t3\tAna\nB-LOC\t4\t8\tOslo\n")
    with pytest.raises(
        ValueError, match="found 'Ana' in column -1; --label-column and --token-column choose"
    ):
        read(path)
    assert ents(read(path, token=4, label=1)[0]) == [("Oslo", "LOC")]
