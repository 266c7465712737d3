"""Finding the files of a corpus, cutting them, and reading the pieces."""

import gzip
import json
import os

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.corpus.docbin import write_docs
from spacy_distill.corpus.files import digest
from spacy_distill.predict import files as pieces
from spacy_distill.predict import records
from spacy_distill.predict.files import cut, find_sources
from spacy_distill.predict.records import Fields, Record, Reject, read_records
from studying import make_sentences


def read(path, size=3, fields=None, **options):
    """All records of a corpus, piece by piece."""
    fields = fields or Fields()
    found = []
    for source in find_sources(path, **options):
        for piece in cut(source, size, fields.text):
            found.append((piece.name, list(read_records(piece, fields))))
    return found


def flat(found):
    return [record for _, piece in found for record in piece]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as stream:
        stream.write(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_lines_are_cut_into_pieces_and_keep_their_ids_and_numbers(tmp_path, name):
    rows = [{"text": f"t{i}", **({"id": i} if i % 2 else {})} for i in range(7)]
    path = write(tmp_path / name, "\n".join(map(json.dumps, rows)))
    found = read(path)
    assert [(name, len(piece)) for name, piece in found] == [("a-00000", 3), ("a-00001", 3), ("a-00002", 1)]
    assert [record.id for record in flat(found)] == [
        "a.jsonl:1", "1", "a.jsonl:3", "3", "a.jsonl:5", "5", "a.jsonl:7"
    ]  # fmt: skip
    assert [record.text for record in flat(found)] == [f"t{i}" for i in range(7)]


@given(st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\n", b"")), max_size=30), st.integers(1, 7),
       st.integers(1, 20), st.booleans())  # fmt: skip
def test_every_line_is_in_one_piece_whatever_the_blocks(tmp_path_factory, lines, size, block, end):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    text = b"\n".join(lines) + (b"\n" if end and lines else b"")
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "BLOCK", block)
        (source,) = find_sources(path)
        made = list(cut(source, size, "text"))
    assert [piece.start for piece in made] == list(
        range(0, text.count(b"\n") + bool(text.rpartition(b"\n")[2]), size)
    )
    numbers = [record.number for piece in made for record in read_records(piece, Fields())]
    assert numbers == [i + 1 for i, line in enumerate(text.split(b"\n")) if line.strip()]


def test_bad_records_are_set_aside_with_their_line_and_reason(tmp_path):
    good = b'{"text": "good"}'
    bad = [b"{nonsense", b'["a list"]', b'{"words": 1}', b'{"text": 7}', b'{"text": "\xff"}',
           b'{"text": "\\ud800"}', b"[" * 100_000]  # fmt: skip
    path = write(tmp_path / "a.jsonl", b"\n".join([good, *bad, b"", good]))
    found = flat(read(path, 4))
    assert [record.number for record in found] == [1, 2, 3, 4, 5, 6, 7, 8, 10]
    assert [isinstance(record, Reject) for record in found] == [False, *[True] * 7, False]
    reasons = " | ".join(record.reason for record in found if isinstance(record, Reject))
    for words in ("Not JSON", "found list", "no 'text'", "found int", "0xff", "surrogate", "nested"):
        assert words in reasons


def test_a_huge_line_is_set_aside_without_being_held(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LONGEST", 100)
    path = write(tmp_path / "a.txt", "one\n" + "x" * 1001 + "\ntwo\n")
    one, huge, two = flat(read(path))
    assert (one.text, two.text, two.number) == ("one", "two", 3)
    assert huge.reason.startswith("Longer than") and len(huge.excerpt) <= 200


def test_a_folder_of_text_is_a_document_a_file_or_a_line(tmp_path):
    write(tmp_path / "c" / "b" / "1.txt", "one\ntwo\n")
    write(tmp_path / "c" / "a.txt.gz", " three ")
    write(tmp_path / "c" / "bad.txt", b"\xff")
    write(tmp_path / "c" / "_rejects" / "a.txt", "no")
    found = flat(read(tmp_path / "c"))
    assert [record.text for record in found if isinstance(record, Record)] == ["three", "one\ntwo"]
    assert "bad.txt: Expected UTF-8" in next(r.reason for r in found if isinstance(r, Reject))
    assert [r.text for r in flat(read(tmp_path / "c", lines=True)) if isinstance(r, Record)] == [
        "three",
        "one",
        "two",
    ]


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_parquet_is_read_by_row_groups(tmp_path, kind):
    texts = pyarrow.array([*(f"t{i}" for i in range(6)), None])
    column = texts.dictionary_encode() if kind == "dictionary" else texts.cast(getattr(pyarrow, kind)())
    table = pyarrow.table({"body": column, "key": list(range(7))})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    found = flat(read(tmp_path / "a.parquet", 3, Fields("body", "key")))
    assert [(r.id, r.text) for r in found[:6]] == [(str(i), f"t{i}") for i in range(6)]
    assert isinstance(found[6], Reject) and found[6].number == 7


def test_parquet_without_the_column_says_which_there_are(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"body": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"no column 'text'.*--text-field: body"):
        read(tmp_path / "a.parquet")


def test_a_docbin_gives_its_texts_and_ids(tmp_path):
    write_docs(make_sentences("x", 5), tmp_path / "c" / "a.spacy")
    found = read(tmp_path / "c", 2)
    assert [record.id for record in flat(found)] == [f"x:{i}" for i in range(5)]
    assert len(found) == 3


@pytest.mark.parametrize("lines", [None, True])
def test_a_file_whose_name_is_not_utf8_is_read_like_others(tmp_path, lines):
    write(tmp_path / "c" / "a.txt", "one")
    write(tmp_path / "c" / os.fsdecode(b"caf\xe9.txt"), "two")
    found = flat(read(tmp_path / "c", lines=lines))
    assert [record.text for record in found] == ["one", "two"]
    assert found[1].id.startswith("caf\\udce9.txt")
    assert len(digest(tmp_path / "c")) == 64


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "holds no file of .jsonl"),
        (["a.jsonl", "b.txt"], "several formats (b.txt, a.jsonl)"),
        (["a.jsonl", "a.jsonl.gz"], "the same names"),
        (["a.jsonl", "a.jsonl-old.jsonl", "a.jsonl.gz"], "the same names"),
    ],
)
def test_a_folder_that_cannot_be_a_corpus(tmp_path, names, words):
    (tmp_path / "c").mkdir()
    for name in names:
        write(tmp_path / "c" / name, "x")
    with pytest.raises(ValueError) as error:
        find_sources(tmp_path / "c")
    assert words in str(error.value)


def test_a_corpus_that_is_not_there_or_of_no_known_format(tmp_path):
    with pytest.raises(ValueError, match="No such corpus"):
        find_sources(tmp_path / "none")
    with pytest.raises(ValueError, match=r"expected a file of \.jsonl"):
        find_sources(write(tmp_path / "a.doc", "x"))


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet", "a.spacy"])
def test_a_damaged_file_is_named(tmp_path, name):
    whole = gzip.compress(b'{"text": "a"}\n' * 1000)
    (tmp_path / name).write_bytes(whole[:-20])
    with pytest.raises(ValueError, match=f"{name} is"):
        read(tmp_path / name)
