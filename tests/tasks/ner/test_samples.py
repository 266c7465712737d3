"""Several samples of one prompt, voted on inside of the task."""

import pytest

from helpers.docs import make_answer, make_doc, make_ner_task, read_docs, record_of, write_docs
from spacy_distill import VoteRule, vote

ROME, MAY = '{"entities": [["Rome", "LOC"]]}', '{"entities": [["Rome", "LOC"], ["May", "PER"]]}'


def annotate(first, *others, **arguments):
    doc = make_doc("Rome in May", labelled=False)
    answers = [answer if hasattr(answer, "state") else make_answer(answer) for answer in others]
    answer = make_answer(first, others=tuple(answers))
    return make_ner_task(["LOC", "PER"], view="cot", **arguments).annotate(doc, answer)


def iob(doc):
    return [token.ent_iob_ for token in doc]


def test_samples_vote_and_each_stays_a_view():
    doc = annotate(ROME, MAY, ROME)
    assert iob(doc) == ["B", "O", ""]
    assert set(record_of(doc)["views"]) == {"cot", "cot/1", "cot/2", "cot/3"}
    assert [s.text for s in doc.spans["teacher:cot/2"]] == ["Rome", "May"]
    assert [s.text for s in doc.spans["teacher:cot"]] == ["Rome"]
    assert doc.spans["votes"].attrs["scores"] == [1.0, pytest.approx(1 / 3)]
    assert record_of(doc)["views"]["cot"]["samples"] == 3
    assert record_of(doc)["views"]["cot"]["candidates"] == 4
    assert record_of(doc)["vote"]["rule"] == "majority"


def test_the_rule_comes_from_the_config():
    assert iob(annotate(ROME, MAY, ROME, vote={"rule": "union"})) == ["B", "O", "B"]
    assert iob(annotate(ROME, MAY, ROME, vote={"disputed": "O"})) == ["B", "O", "O"]


def test_a_sample_that_failed_does_not_vote():
    refused = make_answer("", state="refused")
    assert iob(annotate(MAY, refused, MAY)) == ["B", "O", "B"]
    doc = annotate(MAY, refused, refused)
    assert not doc.has_annotation("ENT_IOB")
    assert record_of(doc)["views"]["cot"]["state"] == "refused"


def test_the_samples_of_a_file_can_be_voted_on_again(tmp_path):
    write_docs(tmp_path / "a.spacy", annotate(ROME, MAY, ROME))
    report = vote([tmp_path / "a.spacy"], tmp_path / "out.spacy", VoteRule("union"))
    assert list(report.found) == ["cot/1", "cot/2", "cot/3"]
    (doc,) = read_docs(tmp_path / "out.spacy")
    assert iob(doc) == ["B", "O", "B"]


def test_negatives_where_samples_dispute():
    rejecting = '{"entities": [["Rome", "LOC"]], "rejected": [{"text": "in", "label": "PER"}]}'
    doc = annotate(rejecting, '{"entities": [["Rome in", "LOC"]]}', negatives=True)
    assert [(s.text, s.label_) for s in doc.spans["negative"]] == [("in", "PER")]


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"rules.*Allowed are \['rule', 'disputed', 'threshold'\]"):
        make_ner_task(["LOC"], vote={"rules": "union"})
