"""Which task a corpus is of is found out once, and not for each document."""

from importlib import metadata

from helpers.studying import make_sentences
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
