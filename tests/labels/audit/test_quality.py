"""Scores against gold, confusions and the most frequent errors."""

import pytest
from spacy.tokens import Doc, Span

from spacy_distill.corpus.scores import Counts, add_counts, count_spans
from spacy_distill.labels.audit.quality import score

TEXT = "Ana of Oslo met the ACME board in New York ."


@pytest.fixture
def pairs(make):
    gold = [(0, 1, "PER"), (2, 3, "LOC"), (5, 6, "ORG"), (8, 10, "LOC")]
    return [
        (make(TEXT, gold), make(TEXT, [(0, 1, "PER"), (2, 3, "ORG"), (5, 7, "ORG")], missing=[8], id="a:1")),
        (make(TEXT, gold, id="b:1"), make(TEXT, [(0, 1, "PER"), (2, 3, "ORG")], id="b:1")),
        (make(TEXT, gold, id="b:2"), make(TEXT, id="b:2", labelled=False)),
    ]


def test_what_is_left_open_is_set_aside_or_not_found(pairs):
    quality = score(pairs, "labels", resamples=20)
    assert (quality.documents, quality.usable, quality.open) == (3, 2, 5)
    assert quality.scores.micro.counts == Counts(tp=2, fp=3, fn=5)
    assert quality.all_scores.micro.counts == Counts(tp=2, fp=3, fn=10)
    assert {label: one.counts for label, one in quality.all_scores.labels.items()} == add_counts(
        count_spans(gold, doc) for gold, doc in pairs
    )


def test_intervals_surround_the_scores(pairs):
    scores = score(pairs * 5, "labels").scores
    for one in [scores.micro, *scores.labels.values()]:
        for value, (low, high) in zip(one.prf, one.intervals, strict=True):
            assert low <= value <= high
    assert scores.macro_interval.low <= scores.macro_f <= scores.macro_interval.high


def test_confusions_tell_exact_from_overlapping(pairs):
    cells = {(one.gold, one.found): (one.exact, one.overlapping) for one in score(pairs, "labels").confusion}
    assert cells == {
        ("PER", "PER"): (2, 0),
        ("LOC", "ORG"): (2, 0),
        ("ORG", "ORG"): (0, 1),
        ("ORG", ""): (1, 0),
        ("LOC", ""): (1, 0),
    }


def test_frequent_errors_come_with_texts_and_examples(pairs):
    first, *others = score(pairs, "labels").errors
    assert (first.kind, first.gold, first.found, first.count) == ("type", "LOC", "ORG", 2)
    assert first.strings == [("Oslo", 2)]
    assert [example.id for example in first.examples] == ["a:1", "b:1"]
    assert (first.examples[0].before, first.examples[0].text) == ("Ana of", "Oslo")
    boundary = next(error for error in others if error.kind == "boundary")
    assert boundary.strings == [("ACME → ACME board", 1)]
    assert boundary.examples[0].text == "ACME board"


def test_examples_of_different_texts_come_first(make):
    words = ["Oslo", "Oslo", "Rome", "Bern", "Nice"]
    pairs = [(make(f"in {w}", [(1, 2, "LOC")], id=f"{i}:1"), make(f"in {w}")) for i, w in enumerate(words)]
    (error,) = score(pairs, "labels", resamples=5).errors
    assert [example.text for example in error.examples] == ["Oslo", "Rome", "Bern"]
    assert error.strings[0] == ("Oslo", 2)


def test_views_are_scored_where_their_answer_is_usable(make):
    gold = make("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])
    teachers = {"cot": [(0, 1, "PER"), (2, 3, "ORG")], "standard": "refused"}
    doc = make("Ana of Oslo", [], teachers=teachers)
    assert score([(gold, doc)], "cot", resamples=5).scores.micro.counts == Counts(1, 1, 1)
    refused = score([(gold, doc)], "standard", resamples=5)
    assert (refused.usable, refused.open, refused.scores.micro.counts) == (0, 2, Counts())


def test_other_tokens_of_the_same_text_are_aligned(make, vocab):
    gold = make("from U.S. soil", [(1, 2, "LOC")])
    doc = Doc(vocab, words=["from", "U.", "S.", "soil"], spaces=[True, False, True, False])
    doc.set_ents([Span(doc, 1, 3, "LOC")], missing=[doc[3:4]])
    assert score([(gold, doc)], "labels", resamples=5).scores.micro.counts == Counts(1, 0, 0)
