"""The files of a corpus: found, cut into chunks, read, and what is set aside of them."""

import gzip
import json
import os

import pyarrow
import pyarrow.parquet
import pytest
from spacy.tokens import DocBin

from helpers.predicting import make_blank, read_out, read_rejects, run_predict
from helpers.studying import make_sentences
from spacy_distill.prediction import records, sources
from spacy_distill.prediction.records import Fields


@pytest.fixture
def read(tmp_path):
    """Predict a corpus, three records a chunk: what was predicted, what was set aside, the shards."""
    model = make_blank(tmp_path / "blank")

    def read(corpus, size=3, **options):
        out = tmp_path / "out" / str(len(list((tmp_path / "out").glob("*"))))
        plan, events = run_predict(model, corpus, out, shard_size=size, **options)
        assert not plan.unreadable, plan.unreadable
        assert all(event.kind == "finished" for event in events)
        return read_out(out), read_rejects(out) if (out / "_rejects").exists() else [], events

    return read


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as stream:
        stream.write(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_lines_are_cut_into_chunks_and_keep_their_ids_and_numbers(read, tmp_path, name):
    rows = [{"text": f"t{i}", **({"id": i} if i % 2 else {})} for i in range(7)]
    found, _, events = read(write(tmp_path / name, "\n".join(map(json.dumps, rows))))
    assert [(event.job.name, event.facts["documents"]) for event in events] == [
        ("a-00000.jsonl", 3), ("a-00001.jsonl", 3), ("a-00002.jsonl", 1)
    ]  # fmt: skip
    assert [row["id"] for row in found] == [
        "a.jsonl:1", "1", "a.jsonl:3", "3", "a.jsonl:5", "5", "a.jsonl:7"
    ]  # fmt: skip
    assert [row["text"] for row in found] == [f"t{i}" for i in range(7)]


@pytest.mark.parametrize("block", [1, 7])
@pytest.mark.parametrize("end", ["", "\n"])
def test_every_line_is_in_one_chunk_whatever_the_blocks(read, tmp_path, monkeypatch, block, end):
    monkeypatch.setattr(sources, "BLOCK", block)
    lines = ["a", "", "bcd", "e", " ", "fghijklmnop", "", "", "q", "rs", "t"]
    for size in (2, 5):
        found, _, _ = read(write(tmp_path / "a.txt", "\n".join(lines) + end), size)
        assert [row["id"] for row in found] == [
            f"a.txt:{i + 1}" for i, line in enumerate(lines) if line.strip()
        ]


def test_bad_records_are_set_aside_with_their_line_and_reason(read, tmp_path):
    good = b'{"text": "good"}'
    bad = [b"{nonsense", b'["a list"]', b'{"words": 1}', b'{"text": 7}', b'{"text": "\xff"}', b"[" * 100_000]
    found, rejects, _ = read(write(tmp_path / "a.jsonl", b"\n".join([good, *bad, b"", good])), 4)
    assert [row["id"] for row in found] == ["a.jsonl:1", "a.jsonl:9"]
    assert [(row["source"], row["line"]) for row in rejects] == [("a.jsonl", i) for i in range(2, 8)]
    for row, words in zip(
        rejects, ("JSON", "found list", "no 'text'", "found int", "0xff", "nested"), strict=True
    ):
        assert words in row["reason"]


def test_half_a_character_is_replaced(read, tmp_path):
    found, _, _ = read(write(tmp_path / "a.jsonl", b'{"text": "a \\ud800 b"}'))
    assert found[0]["text"] == "a \ufffd b"


def test_a_huge_line_is_set_aside_without_being_in_memory(read, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LONGEST", 100)
    found, (huge,), _ = read(write(tmp_path / "a.txt", "one\n" + "x" * 1001 + "\ntwo\n"))
    assert [(row["text"], row["id"]) for row in found] == [("one", "a.txt:1"), ("two", "a.txt:3")]
    assert huge["reason"].startswith("longer than") and len(huge["record"]) <= 200


def test_a_folder_of_text_is_a_document_a_file_or_a_line(read, tmp_path):
    write(tmp_path / "c" / "b" / "1.txt", "one\ntwo\n")
    write(tmp_path / "c" / "a.txt.gz", " three ")
    write(tmp_path / "c" / "bad.txt", b"\xff")
    write(tmp_path / "c" / "_rejects" / "a.txt", "no")
    found, rejects, _ = read(tmp_path / "c")
    assert [row["text"] for row in found] == ["three", "one\ntwo"]
    assert "bad.txt: expected UTF-8" in rejects[0]["reason"]
    assert [row["text"] for row in read(tmp_path / "c", lines=True)[0]] == ["three", "one", "two"]


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_parquet_is_read_by_row_groups(read, tmp_path, kind):
    texts = pyarrow.array([*(f"t{i}" for i in range(6)), None])
    column = texts.dictionary_encode() if kind == "dictionary" else texts.cast(getattr(pyarrow, kind)())
    table = pyarrow.table({"body": column, "key": list(range(7))})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    found, rejects, _ = read(tmp_path / "a.parquet", 3, fields=Fields("body", "key"))
    assert [(row["id"], row["text"]) for row in found] == [(str(i), f"t{i}") for i in range(6)]
    assert rejects[0]["line"] == 7


def test_a_docbin_gives_its_texts_and_ids(read, tmp_path):
    write(tmp_path / "c" / "a.spacy", DocBin(docs=make_sentences("x", 5), store_user_data=True).to_bytes())
    found, _, events = read(tmp_path / "c", 2)
    assert [row["id"] for row in found] == [f"x:{i}" for i in range(5)]
    assert len(events) == 3


@pytest.mark.parametrize("lines", [None, True])
def test_a_file_whose_name_is_not_utf8_is_read_like_others(read, tmp_path, lines):
    write(tmp_path / "c" / "a.txt", "one")
    write(tmp_path / "c" / os.fsdecode(b"caf\xe9.txt"), "two")
    if lines:  # Its shard would have a name that is not UTF-8.
        (tmp_path / "c" / "a.txt").unlink()
    found, _, _ = read(tmp_path / "c", lines=lines)
    assert found[-1]["text"] == "two" and found[-1]["id"].startswith("caf\\udce9.txt")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "holds no file of .jsonl"),
        (["a.jsonl", "b.txt"], "several formats (b.txt, a.jsonl)"),
        (["a.jsonl", "a.jsonl.gz"], "the same names"),
        (["a.jsonl", "a.jsonl-old.jsonl", "a.jsonl.gz"], "the same names"),
    ],
)
def test_a_folder_that_cannot_be_a_corpus(read, tmp_path, names, words):
    (tmp_path / "c").mkdir()
    for name in names:
        write(tmp_path / "c" / name, "x")
    with pytest.raises(ValueError) as error:
        read(tmp_path / "c")
    assert words in str(error.value)


def test_a_corpus_that_is_not_there_or_of_no_known_format(read, tmp_path):
    with pytest.raises(ValueError, match="No such corpus"):
        read(tmp_path / "none")
    with pytest.raises(ValueError, match=r"expected a file of \.jsonl"):
        read(write(tmp_path / "a.doc", "x"))


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet", "a.spacy", "body.parquet"])
def test_a_file_that_cannot_be_read_is_left_out_and_named(tmp_path, name):
    whole = gzip.compress(b'{"text": "a"}\n' * 1000)
    (tmp_path / name).write_bytes(whole[:-20])
    if name == "body.parquet":
        pyarrow.parquet.write_table(pyarrow.table({"body": ["a"]}), tmp_path / name)
    plan, events = run_predict(make_blank(tmp_path / "m"), tmp_path / name, tmp_path / "out")
    words = "no column 'text'" if name == "body.parquet" else f"{name} is"
    assert words in plan.unreadable[name.removesuffix(".gz")] and events == []
