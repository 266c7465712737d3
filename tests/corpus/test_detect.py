"""Import sees what a file is, reads folders of any format, and notices text that is line by line."""

from pathlib import Path

import pytest

from spacy_distill import ImportOptions, import_corpus

ROW = '{"text": "Ada met Bob.", "spans": [[0, 3, "PER"]]}\n'
COLUMNS = "-DOCSTART- O\n\nAda B-PER\nmet O\n\nBob B-PER\n"
LINES = "Ada met Bob.\nBob left.\nWho saw him?\nNobody did.\nAda slept.\nBob did too.\n"


def imported(path: Path, **options):
    return import_corpus(path, path.parent / "out" / "made.spacy", ImportOptions(**options))


@pytest.mark.parametrize(
    ("name", "content", "documents", "labels"),
    [
        ("a.jsonl", ROW, 1, {"PER": 1}),
        ("rows", ROW, 1, {"PER": 1}),
        ("a.json", f"[\n{ROW}]", 1, {"PER": 1}),
        ("a.conll", COLUMNS, 2, {"PER": 2}),
        ("columns.txt", COLUMNS.replace(" ", "\t"), 2, {"PER": 2}),
        ("a.txt", LINES, 6, {}),
    ],
)
def test_the_format_is_seen(name, content, documents, labels, tmp_path):
    (tmp_path / name).write_text(content, encoding="utf8")
    found = imported(tmp_path / name)
    assert (found.written, found.labels) == (documents, labels)


@pytest.mark.parametrize(("ending", "content"), [("jsonl", ROW), ("conll", COLUMNS), ("txt", COLUMNS)])
def test_the_files_of_a_folder_are_one_corpus(ending, content, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for place in ("a", "deep/b"):
        (tmp_path / "in" / f"{place}.{ending}").write_text(content, encoding="utf8")
    (tmp_path / "in" / "README.md").write_text("not read", encoding="utf8")
    assert imported(tmp_path / "in").labels == {"PER": 2 * content.count("PER")}


def test_a_corpus_of_spacys_own_is_imported(tmp_path):
    (tmp_path / "a.jsonl").write_text(ROW, encoding="utf8")
    imported(tmp_path / "a.jsonl")
    again = import_corpus(tmp_path / "out" / "made.spacy", tmp_path / "again.spacy", ImportOptions())
    assert (again.written, again.labels) == (1, {"PER": 1})


def test_a_folder_of_linewise_text_is_noticed_and_can_be_read_by_line(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(LINES, encoding="utf8")
    assert (imported(tmp_path / "in").written, imported(tmp_path / "in").linewise) == (1, True)
    assert (
        imported(tmp_path / "in", lines=True).written,
        imported(tmp_path / "in", lines=True).linewise,
    ) == (
        6,
        False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Ada met Bob.\n\nThey talked.\n\nBob left.\n\nAda slept.\n\nThe end.\n\nReally.\n",
        "Ada met Bob, and they\ntalked for as long as\nthe rain fell on the\nroof of a house\nand\nleft.\n",
    ],
)
def test_paragraphs_and_wrapped_lines_are_no_documents(text, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(text, encoding="utf8")
    assert not imported(tmp_path / "in").linewise


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "[\n1\n]", "one object a line, or a list of them"),
        ("a.json", '{\n"text": "Ada"\n}', "one object a line, or a list of them"),
        ("a.xlsx", "text,label\nAda,PER\n", r"\.xlsx files are not read"),
        ("a.txt", "\n\n", "is empty"),
    ],
)
def test_what_is_no_corpus_is_refused_with_what_is_read(name, content, message, tmp_path):
    (tmp_path / name).write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=message):
        imported(tmp_path / name)
