"""Several samples of one prompt, voted on inside of the task."""

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill.corpus.docbin import read_docs, write_docs
from spacy_distill.corpus.provenance import record, views
from spacy_distill.labels.vote import vote
from spacy_distill.tasks.answer import Answer
from spacy_distill.tasks.base import VoteRule
from spacy_distill.tasks.ner.task import make_ner_task

ROME, MAY = '{"entities": [["Rome", "LOC"]]}', '{"entities": [["Rome", "LOC"], ["May", "PER"]]}'


def annotate(first, *others, **arguments):
    doc = Doc(Vocab(), ["Rome", "in", "May"])
    answer = Answer(first, others=tuple(o if isinstance(o, Answer) else Answer(o) for o in others))
    return make_ner_task(["LOC", "PER"], view="cot", **arguments).annotate(doc, answer)


def iob(doc):
    return [token.ent_iob_ for token in doc]


def test_samples_vote_and_each_stays_a_view():
    doc = annotate(ROME, MAY, ROME)
    assert iob(doc) == ["B", "O", ""]
    assert set(views(doc)) == {"cot", "cot/1", "cot/2", "cot/3"}
    assert [s.text for s in doc.spans["teacher:cot/2"]] == ["Rome", "May"]
    assert [s.text for s in doc.spans["teacher:cot"]] == ["Rome"]
    assert doc.spans["votes"].attrs["scores"] == [1.0, pytest.approx(1 / 3)]
    assert views(doc)["cot"]["samples"] == 3
    assert views(doc)["cot"]["candidates"] == 4
    assert record(doc)["vote"]["rule"] == "majority"


def test_the_rule_comes_from_the_config():
    assert iob(annotate(ROME, MAY, ROME, vote={"rule": "union"})) == ["B", "O", "B"]
    assert iob(annotate(ROME, MAY, ROME, vote={"disputed": "O"})) == ["B", "O", "O"]


def test_a_sample_that_failed_is_silent():
    refused = Answer("", state="refused")
    assert iob(annotate(MAY, refused, MAY)) == ["B", "O", "B"]
    doc = annotate(MAY, refused, refused)
    assert not doc.has_annotation("ENT_IOB")
    assert views(doc)["cot"]["state"] == "refused"


def test_the_samples_of_a_file_can_be_voted_on_again(tmp_path):
    write_docs([annotate(ROME, MAY, ROME)], tmp_path / "a.spacy")
    report = vote([tmp_path / "a.spacy"], tmp_path / "out.spacy", VoteRule("union"))
    assert list(report.found) == ["cot/1", "cot/2", "cot/3"]
    (doc,) = read_docs(tmp_path / "out.spacy", Vocab())
    assert iob(doc) == ["B", "O", "B"]


def test_negatives_where_samples_dispute():
    rejecting = '{"entities": [["Rome", "LOC"]], "rejected": [{"text": "in", "label": "PER"}]}'
    doc = annotate(rejecting, '{"entities": [["Rome in", "LOC"]]}', negatives=True)
    assert [(s.text, s.label_) for s in doc.spans["negative"]] == [("in", "PER")]


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"rules.*Allowed are \['rule', 'disputed', 'threshold'\]"):
        make_ner_task(["LOC"], vote={"rules": "union"})
