"""Classes of documents in foreign files."""

import json
from collections import Counter

import pytest

from helpers.importing import import_docs, record
from spacy_distill import Annotation, Item
from spacy_distill.corpus.categories import CategoryFields
from spacy_distill.tasks.base import task_of

TEXTS = ["Shares fell.", "They won.", "A new phone."]
NAMES = ["business", "sport", "tech"]


@pytest.fixture
def read(tmp_path):
    """Import rows as JSON Lines, or text as it is."""

    def read(rows, name="rows.jsonl", fields=None, **options):
        text = rows if isinstance(rows, str) else "\n".join(map(json.dumps, rows))
        (tmp_path / name).write_text(text, encoding="utf8")
        return import_docs(tmp_path / name, fields=CategoryFields(**(fields or {})), **options)

    return read


def labelled(field, values):
    return [{"text": text, field: value} for text, value in zip(TEXTS, values, strict=True)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        *((name, NAMES) for name in ("label", "category", "class", "cats", "accept", "labels")),
        ("cats", [{name: 1.0} for name in NAMES]),
        ("cats", [{other: other == name for other in NAMES} for name in NAMES]),
        ("accept", [[name] for name in NAMES]),
        ("labels", [[name] for name in NAMES]),
    ],
)
def test_one_class_a_document(read, field, values):
    if field == "cats" and isinstance(values[0], str):
        values = [[value] for value in values]
    docs, report = read(labelled(field, values))
    assert task_of(docs).name == "textcat"
    assert [doc.cats for doc in docs] == [{n: float(n == name) for n in NAMES} for name in NAMES]
    assert report.labels == dict.fromkeys(NAMES, 1)
    assert report.unlabelled == 0


def test_any_number_of_classes_where_a_document_has_none_or_several(read):
    docs, _ = read(labelled("accept", [["business", "tech"], ["sport"], ["tech"]]))
    assert task_of(docs).name == "textcat_multilabel"
    assert docs[0].cats == {"business": 1.0, "sport": 0.0, "tech": 1.0}
    docs, _ = read(labelled("label", NAMES), fields={"multilabel": True})
    assert task_of(docs).name == "textcat_multilabel"


def test_a_list_of_chosen_classes_that_is_empty_denies_all(read):
    docs, report = read(labelled("accept", [["business"], [], ["tech"]]))
    assert docs[1].cats == {"business": 0.0, "tech": 0.0} and report.unlabelled == 0
    assert all("whole" not in doc.user_data["distill"] for doc in docs)


def test_what_is_not_said_of_a_class_is_missing(read):
    docs, _ = read(labelled("cats", [{"a": 1, "b": 0}, {"b": 1, "a": 1}, {"c": 1}]))
    task = task_of(docs)
    assert task.read(docs[0]) == Annotation(3, (Item(0, 1, "a"),), frozenset({2}))
    assert task.read(docs[2]) == Annotation(3, (Item(2, 3, "c"),), frozenset({0, 1}))


def test_several_classes_where_one_is_expected_are_refused(read):
    with pytest.raises(ValueError, match="exactly one is expected"):
        read(labelled("labels", [["business", "tech"], ["sport"], ["tech"]]), fields={"multilabel": False})


def test_documents_without_a_class_stay_without_one(read):
    docs, report = read([*labelled("label", NAMES), {"text": "Who knows."}])
    assert report.unlabelled == 1
    assert not docs[3].cats


def test_classes_of_a_data_set_are_numbers_with_names(read):
    docs, _ = read(labelled("label", [2, 0, 1]), fields={"names": tuple(NAMES)})
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == ["tech", "business", "sport"]
    with pytest.raises(ValueError, match="--label-names"):
        read(labelled("label", [2, 0, 1]))


def test_fields_of_other_names_and_a_text_of_several(read):
    rows = labelled("topic", NAMES)
    for name, row in zip(NAMES, rows, strict=True):
        row |= {"title": name.title(), "id": name}
    docs, _ = read(rows, fields={"text": ("title", "text"), "label": "topic"})
    assert docs[0].text == "Business\n\nShares fell."
    assert [record(doc)["id"] for doc in docs] == NAMES
    with pytest.raises(ValueError, match='a string in "body"'):
        read(rows, fields={"text": ("title", "body")})


@pytest.mark.parametrize(("name", "sep"), [("a.csv", ","), ("a.csv", ";"), ("b.csv", "\t")])
def test_a_table_with_a_header(read, name, sep):
    lines = [sep.join(("id", "text", "label")), f'x1{sep}"He said ""no""{sep}\nand left"{sep}sport']
    docs, _ = read("\n".join([*lines, f"x2{sep}A new phone.{sep}tech", ""]), name)
    assert [doc.text for doc in docs] == [f'He said "no"{sep}\nand left', "A new phone."]
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == ["sport", "tech"]


@pytest.mark.parametrize(
    ("rows", "name", "problem"),
    [
        ("just text\nno table\n", "a.csv", "no header with several columns"),
        ("text,label\na,b,c\n", "a.csv", "more cells"),
        ([{"text": "a", "cats": {"x": 0.5}}], "a.jsonl", "expected 0 or 1"),
        ([{"text": "a", "accept": [["x"]]}], "a.jsonl", "expected"),
    ],
)
def test_what_cannot_be_read_is_refused(read, rows, name, problem):
    with pytest.raises(ValueError, match=problem):
        read(rows, name)


def test_a_sample_by_label_is_as_even_as_can_be(read):
    numbers = {"business": 20, "sport": 20, "tech": 3}
    rows = [{"text": f"{n} {name}", "label": name} for name in NAMES for n in range(numbers[name])]
    for limit, counts in ((6, (2, 2, 2)), (12, (5, 4, 3)), (15, (6, 6, 3))):
        docs, _ = read(rows, limit=limit, by_label=True)
        found = Counter(max(doc.cats, key=doc.cats.get) for doc in docs)
        assert sorted(found.values()) == sorted(counts)
    assert len(read(rows, limit=99, by_label=True)[0]) == len(rows)
