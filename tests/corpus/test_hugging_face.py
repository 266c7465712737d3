"""Hugging Face data sets: folders and Parquet as the library writes them, and the hub by a fake of it."""

import json
import sys
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from helpers.importing import ents, import_docs, record
from spacy_distill import DistillError, ImportOptions, export_corpus, import_corpus

TAGS = List(ClassLabel(names=["O", "B-PER", "I-PER", "B-LOC"]))
TOKENS = ["Ana", "Duarte", "left", "Lisbon"]
TAGGED = Features(
    {
        **{"id": Value("string"), "tokens": List(Value("string")), "ner_tags": TAGS},
        "chunk_tags": List(ClassLabel(names=["B-NP", "I-NP", "B-VP"])),
    }
)
ROWS = [
    {"id": "0", "tokens": TOKENS, "ner_tags": [1, 2, 0, 3], "chunk_tags": [0, 1, 2, 0]},
    {"id": "1", "tokens": ["Who", "left"], "ner_tags": [-1, -1], "chunk_tags": [0, 2]},
    {"id": "2", "tokens": ["Oslo", "slept"], "ner_tags": [-1, 0], "chunk_tags": [0, 2]},
]


@pytest.fixture
def tagged():
    return Dataset.from_list(ROWS, features=TAGGED)


def check(docs):
    assert [ents(doc) for doc in docs] == [[("Ana Duarte", "PER"), ("Lisbon", "LOC")], [], []]
    assert [[token.ent_iob for token in doc] for doc in docs] == [[3, 1, 2, 3], [0, 0], [0, 2]]
    assert [record(doc)["id"] for doc in docs] == ["0", "1", "2"]


def test_a_saved_folder_and_parquet_are_recognised_and_numbers_read_by_their_names(tagged, tmp_path):
    tagged.save_to_disk(tmp_path / "saved")
    tagged.to_parquet(tmp_path / "a.parquet")
    for name in ("saved", "a.parquet"):
        docs, report = import_docs(tmp_path / name)
        assert report.format == "datasets"
        check(docs)


def test_a_split_is_chosen(tagged, tmp_path):
    DatasetDict({"train": tagged, "test": tagged.select([0])}).save_to_disk(tmp_path / "saved")
    with pytest.raises(DistillError, match=r"has the splits train, test\. Choose one with --split"):
        import_docs(tmp_path / "saved")
    with pytest.raises(DistillError, match=r"no split 'dev'\. It has train, test"):
        import_docs(tmp_path / "saved", split="dev")
    check(import_docs(tmp_path / "saved", split="train")[0])
    assert len(import_docs(tmp_path / "saved", split="test")[0]) == 1


def test_a_name_is_asked_for_at_the_hub(tagged, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name: asked.append(name) or DatasetDict(train=tagged)
    )
    monkeypatch.chdir(tmp_path)
    check(import_docs(Path("someone/news"), format="datasets")[0])
    assert asked == ["someone/news"]

    def fail(name):
        raise datasets.exceptions.DatasetNotFoundError(f"Dataset '{name}' doesn't exist on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(DistillError, match=r"someone/none cannot be read as a data set.*doesn't exist"):
        import_docs(Path("someone/none"), format="datasets")


def test_spans_and_classes_by_their_names(tmp_path):
    spans = {"start": Value("int32"), "end": Value("int32"), "label": ClassLabel(names=["PER"])}
    for kind, value in (
        (List(spans), [{"start": 0, "end": 3, "label": 0}]),
        ({key: List(one) for key, one in spans.items()}, {"start": [0], "end": [3], "label": [0]}),
    ):
        features = Features({"text": Value("string"), "entities": kind})
        Dataset.from_list([{"text": "Ana left.", "entities": value}], features=features).to_parquet(
            tmp_path / "a.parquet"
        )
        assert ents(import_docs(tmp_path / "a.parquet")[0][0]) == [("Ana", "PER")]
    features = Features({"text": Value("string"), "label": ClassLabel(names=["sport", "tech"])})
    rows = [
        {"text": "A match.", "label": 0},
        {"text": "A phone.", "label": 1},
        {"text": "A what?", "label": -1},
    ]
    Dataset.from_list(rows, features=features).to_parquet(tmp_path / "a.parquet")
    docs, report = import_docs(tmp_path / "a.parquet")
    assert [doc.cats for doc in docs] == [{"sport": 1, "tech": 0}, {"sport": 0, "tech": 1}, {}]
    assert report.unlabelled == 1


def test_numbers_without_names_are_refused(tmp_path):
    Dataset.from_list([{"tokens": ["Ana"], "ner_tags": [1]}]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DistillError, match=r"item 1: expected tags as strings"):
        import_docs(tmp_path / "a.parquet")


def test_what_is_no_data_set_is_named(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DistillError, match="cannot be read as a data set"):
        import_docs(tmp_path / "a.parquet")


@pytest.mark.parametrize("labels", [["x", "y"], [["x", "y"], []], [["x"], ["x", "y"]]])
@pytest.mark.parametrize("name", ["a.parquet", "folder"])
def test_classes_make_the_round_trip(labels, name, tmp_path):
    rows = [
        {"text": f"Number {i}.", "cats": dict.fromkeys("xy", 0) | dict.fromkeys(value, 1)}
        for i, value in enumerate(labels)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    before, _ = import_docs(tmp_path / "a.jsonl")
    export_corpus(tmp_path / "imported.spacy", tmp_path / name, "datasets")
    after, _ = import_docs(tmp_path / name)
    assert [doc.cats for doc in before] == [doc.cats for doc in after]
    assert [record(doc)["task"] for doc in before] == [record(doc)["task"] for doc in after]


def test_a_folder_that_is_not_empty_is_not_written_to(tmp_path):
    (tmp_path / "a.txt").write_text("Ana left.", encoding="utf8")
    import_corpus(tmp_path / "a.txt", tmp_path / "in.spacy", ImportOptions())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")
    with pytest.raises(DistillError, match="is not empty"):
        export_corpus(tmp_path / "in.spacy", tmp_path / "out", "datasets")


def test_without_the_package_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DistillError, match=r"pip install 'spacy-distill\[datasets\]'"):
        import_docs(Path("someone/news").absolute(), format="datasets")
