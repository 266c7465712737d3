"""Voting on documents: views of several files or of one."""

import pytest

from helpers.docs import (
    make_answer,
    make_doc,
    make_ner_task,
    missing_tokens,
    read_docs,
    record_of,
    write_docs,
)
from spacy_distill import VoteRule
from spacy_distill import vote as vote_files

TEXT = "He left Rome in May"


def answered(view, answer, number=1, text=TEXT):
    doc = make_doc(text, labelled=False, id=f"x:{number}")
    return make_ner_task(["LOC", "ORG", "PER"], view=view).annotate(doc, answer)


def write(folder, name, *docs):
    return write_docs(folder / f"{name}.spacy", *docs)


def vote(folder, *sources, rule=None, negatives=False):
    report = vote_files(list(sources), folder / "out.spacy", rule or VoteRule(), negatives=negatives)
    return read_docs(folder / "out.spacy"), report


LOC = '{"entities": [["Rome", "LOC"]], "rejected": [["May", "PER"], {"text": "He", "reason": "a pronoun"}]}'
ORG = '{"entities": [["Rome", "ORG"], ["May", "LOC"]]}'


def test_views_votes_and_record_are_kept(tmp_path):
    files = [
        write(tmp_path, name, answered(name, answer)) for name, answer in [("a", LOC), ("b", LOC), ("c", ORG)]
    ]
    (doc,), report = vote(tmp_path, *files)
    assert [(e.text, e.label_) for e in doc.ents] == [("Rome", "LOC")]
    assert missing_tokens(doc) == ["May"]
    assert {name for name in doc.spans if name.startswith("teacher:")} == {
        "teacher:a",
        "teacher:b",
        "teacher:c",
    }
    assert set(record_of(doc)["views"]) == {"a", "b", "c"}
    scores = dict(zip(map(str, doc.spans["votes"]), doc.spans["votes"].attrs["scores"], strict=True))
    assert scores == {"Rome": pytest.approx(1 / 3), "May": pytest.approx(1 / 3)}
    assert record_of(doc)["vote"]["views"] == ("a", "b", "c")
    assert record_of(doc)["id"] == "x:1"
    assert (report.documents, report.size, report.missing, report.voted["LOC"]) == (1, 5, 1, 1)


def test_a_rejected_candidate_that_another_view_accepts_is_not_rejected(tmp_path):
    files = [write(tmp_path, "a", answered("a", LOC)), write(tmp_path, "b", answered("b", ORG))]
    (doc,), _ = vote(tmp_path, *files)
    assert [s.text for s in doc.spans["rejected"]] == ["He"]


def test_two_files_with_the_same_view_are_two_views(tmp_path):
    files = [write(tmp_path, "a", answered("cot", LOC)), write(tmp_path, "b", answered("cot", ORG))]
    (doc,), report = vote(tmp_path, *files)
    assert list(report.found) == ["cot", "cot-2"]
    assert set(record_of(doc)["views"]) == {"cot", "cot-2"}


def test_a_refusal_is_silence_and_a_document_without_any_label_is_left_unset(tmp_path):
    refused = make_answer("", state="refused")
    files = [
        write(tmp_path, "a", answered("a", LOC), answered("a", LOC, 2)),
        write(tmp_path, "b", answered("b", refused), answered("b", LOC, 2)),
    ]
    (doc, _), report = vote(tmp_path, *files)
    assert not doc.has_annotation("ENT_IOB")
    assert report.unlabelled == 1
    assert record_of(doc)["vote"]["silent"] == ("b",)
    (doc, _), _ = vote(tmp_path, *files, rule=VoteRule("union"))
    assert [e.text for e in doc.ents] == ["Rome"]


def test_documents_are_matched_by_id_and_not_by_order(tmp_path):
    one, two = answered("a", LOC, 1), answered("a", ORG, 2)
    files = [
        write(tmp_path, "a", one, two),
        write(tmp_path, "b", answered("b", ORG, 2), answered("b", LOC, 1)),
    ]
    docs, _ = vote(tmp_path, *files)
    assert [[e.label_ for e in doc.ents] for doc in docs] == [["LOC"], ["ORG", "LOC"]]


def test_a_view_does_not_vote_on_a_document_that_its_file_lacks(tmp_path):
    files = [
        write(tmp_path, "a", answered("a", LOC, 1), answered("a", LOC, 3)),
        write(tmp_path, "b", answered("b", LOC, 2), answered("b", LOC, 3)),
    ]
    docs, _ = vote(tmp_path, *files, rule=VoteRule("union"))
    assert [len(doc.ents) for doc in docs] == [1, 1, 1]
    docs, _ = vote(tmp_path, *files)
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [False, True, False]


def test_documents_whose_ids_differ_in_the_two_files_are_matched_by_text(tmp_path):
    one, two = answered("a", LOC, 1), answered("b", LOC, 2)
    (doc,), report = vote(tmp_path, write(tmp_path, "a", one), write(tmp_path, "b", two))
    assert [e.text for e in doc.ents] == ["Rome"]
    assert report.documents == 1


def test_nothing_is_written_where_nothing_was_voted_on(tmp_path):
    one = write(tmp_path, "a", answered("a", LOC))
    other = write(tmp_path, "b", answered("b", LOC, 2, "Bonn"))
    with pytest.raises(ValueError, match=r"a\.spacy.*b\.spacy share no document"):
        vote(tmp_path, one, other)
    with pytest.raises(ValueError, match=r"no document in .*c\.spacy"):
        vote(tmp_path, one, write(tmp_path, "c"))
    refused = write(tmp_path, "d", answered("d", make_answer("", state="refused")))
    with pytest.raises(ValueError, match="None of the 1 documents would get a label"):
        vote(tmp_path, one, refused)
    assert not (tmp_path / "out.spacy").exists()


def test_a_view_is_not_written_over_but_an_earlier_vote_is(tmp_path):
    files = [write(tmp_path, name, answered(name, LOC)) for name in "abc"]
    before = files[2].read_bytes()
    with pytest.raises(ValueError, match=r"c\.spacy is there and was not made by a vote"):
        vote_files(files[:2], files[2])
    assert files[2].read_bytes() == before
    assert vote(tmp_path, *files)[1].documents == vote(tmp_path, *files)[1].documents == 1


def test_one_file_with_several_views_or_samples(tmp_path):
    doc = answered("a", LOC)
    make_ner_task(["LOC", "ORG", "PER"], view="b").annotate(doc, ORG)
    (voted,), report = vote(tmp_path, write(tmp_path, "both", doc), rule=VoteRule("union"))
    assert list(report.found) == ["a", "b"]
    assert len(voted.ents) == 2


def test_of_several_views_in_one_file_a_failed_one_does_not_vote(tmp_path):
    doc = answered("a", LOC)
    make_ner_task(["LOC", "ORG", "PER"], view="b").annotate(doc, make_answer("", state="refused"))
    (voted, _), _ = vote(tmp_path, write(tmp_path, "both", doc, _both(2)))
    assert not voted.has_annotation("ENT_IOB")
    assert record_of(voted)["vote"]["silent"] == ("b",)


def _both(number):
    doc = answered("a", LOC, number)
    return make_ner_task(["LOC", "ORG", "PER"], view="b").annotate(doc, ORG)


def test_labels_of_no_teacher_vote_under_the_name_of_their_file(tmp_path):
    doc = make_doc(TEXT, [(2, 3, "LOC")], id="x:1")
    files = [write(tmp_path, "crowd", doc), write(tmp_path, "a", answered("a", LOC))]
    (voted,), report = vote(tmp_path, *files)
    assert list(report.found) == ["crowd", "a"]
    assert [s.text for s in voted.spans["teacher:crowd"]] == ["Rome"]
    assert [e.label_ for e in voted.ents] == ["LOC"]


def test_what_was_masked_in_a_file_stays_out_of_the_vote(tmp_path):
    masked = answered("a", LOC)
    masked.set_ents([], missing=[masked[2:3]], default="outside")
    files = [write(tmp_path, "a", masked), write(tmp_path, "b", answered("b", LOC))]
    (doc,), _ = vote(tmp_path, *files)
    assert not doc.ents
    assert missing_tokens(doc) == ["Rome"]


def test_negative_annotation_of_rejected_candidates_over_missing_tokens(tmp_path):
    other = '{"entities": [["in May", "ORG"], ["He left", "PER"]]}'
    files = [write(tmp_path, "a", answered("a", LOC)), write(tmp_path, "b", answered("b", other))]
    (doc,), _ = vote(tmp_path, *files, negatives=True)
    assert [(s.text, s.label_) for s in doc.spans["negative"]] == [
        ("He", "LOC"), ("He", "ORG"), ("He", "PER"), ("May", "PER")
    ]  # fmt: skip


def test_what_cannot_be_voted_on(tmp_path):
    one = write(tmp_path, "a", answered("a", LOC))
    with pytest.raises(ValueError, match="only one view"):
        vote(tmp_path, one)
    with pytest.raises(ValueError, match=r"'x:1'.*other tokens"):
        vote(tmp_path, one, write(tmp_path, "b", answered("b", LOC, text="Rome")))
    with pytest.raises(ValueError, match="only 2 views"):
        vote(
            tmp_path,
            one,
            write(tmp_path, "b", answered("b", ORG)),
            rule=VoteRule("threshold", threshold=3),
        )
    assert not (tmp_path / "out.spacy").exists()
