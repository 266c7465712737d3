"""Which task a corpus is of: found out once, and not for each document."""

from importlib import metadata

import pytest
import srsly

from helpers.docs import read_docs
from helpers.studying import make_sentences
from spacy_distill import import_corpus
from spacy_distill.tasks import base


def test_registered_tasks_are_looked_for_as_often_whatever_the_number_of_documents(monkeypatch):
    asked = []

    def counted(**wanted):
        asked.append(wanted)
        return metadata.entry_points(**wanted)

    monkeypatch.setattr(base, "entry_points", counted)
    numbers = []
    for count in (1, 50):
        asked.clear()
        assert base.task_of(make_sentences("gold", count)).name == "ner"
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("labels", [["cold", "warm"], ["cold"]])
def test_a_document_without_annotation_is_of_the_task_of_the_others(labels, tmp_path):
    """An empty list of classes says nothing; `import` leaves such documents without a task."""
    rows = [{"text": "Cold wind.", "labels": labels}, {"text": "Who knows?", "labels": []}]
    srsly.write_jsonl(tmp_path / "in.jsonl", [*rows, {"text": "Warm rain.", "labels": ["warm"]}])
    import_corpus(tmp_path / "in.jsonl", tmp_path / "out.spacy")
    docs = read_docs(tmp_path / "out.spacy")
    task = base.task_of(docs)
    assert task.name == ("textcat" if len(labels) == 1 else "textcat_multilabel")
    assert [task.read(doc).usable for doc in docs] == [True, False, True]
    assert base.task_of(docs[1:2]).name == base.DEFAULT
