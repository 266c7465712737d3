"""Strict span counts: the same as spaCy's scorer, per label, missing gold skipped."""

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_distill.corpus.scores import Counts, add_counts, count_spans, macro_f, micro, prf

VOCAB = spacy.blank("en").vocab
WORDS = ["Ana", "of", "New", "York", "left", "ACME", "Inc", "."]


def doc_with(ents=(), missing=(), words=WORDS):
    doc = Doc(VOCAB, words=list(words))
    doc.set_ents([Span(doc, *ent) for ent in ents], missing=[doc[a:b] for a, b in missing])
    return doc


def test_a_span_counts_only_with_its_exact_borders_and_label():
    gold = doc_with([(0, 1, "PER"), (2, 4, "LOC"), (5, 7, "ORG")])
    found = doc_with([(0, 1, "PER"), (2, 3, "LOC"), (5, 7, "LOC")])
    assert count_spans(gold, found) == {
        "PER": Counts(1, 0, 0),
        "LOC": Counts(0, 2, 1),
        "ORG": Counts(0, 0, 1),
    }


def test_predictions_over_missing_gold_are_neither_right_nor_wrong():
    gold = doc_with([(0, 1, "PER")], missing=[(3, 6)])
    found = doc_with([(0, 1, "PER"), (2, 4, "LOC"), (4, 5, "ORG"), (7, 8, "ORG")])
    assert count_spans(gold, found) == {"PER": Counts(1, 0, 0), "ORG": Counts(0, 1, 0)}


def test_gold_without_any_annotation_counts_nothing():
    assert count_spans(Doc(VOCAB, words=WORDS), doc_with([(0, 1, "PER")])) == {}


def test_missing_predictions_are_entities_not_found():
    found = Doc(VOCAB, words=WORDS)
    assert count_spans(doc_with([(0, 1, "PER")]), found) == {"PER": Counts(0, 0, 1)}


def test_other_tokens_of_the_same_text_are_aligned():
    gold = Doc(VOCAB, words=["Ana", "left", "U.S.", "soil"])
    gold.set_ents([Span(gold, 0, 1, "PER"), Span(gold, 2, 3, "LOC")])
    found = Doc(VOCAB, words=["Ana", "left", "U.", "S.", "soil"])
    found.set_ents([Span(found, 0, 1, "PER"), Span(found, 2, 4, "LOC")])
    assert count_spans(gold, found) == {"PER": Counts(1, 0, 0), "LOC": Counts(1, 0, 0)}


def test_another_text_is_an_error():
    with pytest.raises(ValueError):
        count_spans(doc_with(), doc_with(words=["Something", "else"]))


def test_scores_where_nothing_is_defined_are_zero():
    assert prf(Counts()) == (0.0, 0.0, 0.0)
    assert prf(Counts(0, 3, 0)) == (0.0, 0.0, 0.0)
    assert macro_f({}) == 0.0
    assert macro_f({"LOC": Counts()}) == 0.0


def test_micro_sums_and_macro_averages_the_labels_that_occur():
    counts = add_counts([{"LOC": Counts(1, 0, 0)}, {"PER": Counts(0, 1, 1), "LOC": Counts(1, 2, 0)}])
    assert counts == {"LOC": Counts(2, 2, 0), "PER": Counts(0, 1, 1)}
    assert micro(counts) == Counts(2, 3, 1)
    assert macro_f(counts | {"ORG": Counts()}) == pytest.approx((2 / 3 + 0) / 2)


@st.composite
def annotations(draw):
    """Entities and missing tokens that do not overlap, for a text of eight words."""
    ents, missing, i = [], [], 0
    while i < len(WORDS):
        end = min(len(WORDS), i + draw(st.integers(1, 3)))
        kind = draw(st.sampled_from(["O", "O", "LOC", "PER", "missing"]))
        if kind == "missing":
            missing.append((i, end))
        elif kind != "O":
            ents.append((i, end, kind))
        i = end
    return ents, missing


@settings(max_examples=200, deadline=None)
@given(annotations(), annotations())
def test_counts_are_those_of_spacys_scorer(right, guess):
    gold, found = doc_with(*right), doc_with(*guess)
    total = micro(count_spans(gold, found))
    scores = get_ner_prf([Example(found, gold)])
    ours = prf(total)
    if scores["ents_f"] is None:
        assert total == Counts()
    else:
        assert ours == pytest.approx((scores["ents_p"], scores["ents_r"], scores["ents_f"]))
