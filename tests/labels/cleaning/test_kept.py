"""What labels are worth where they were kept."""

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_distill.corpus.scores import Counts
from spacy_distill.labels.clean import quality, tags


def doc(*spans, missing=(), length=5):
    made = Doc(Vocab(), [f"w{i}" for i in range(length)])
    made.set_ents(
        [Span(made, *s) for s in spans], missing=[made[i : i + 1] for i in missing], default="outside"
    )
    return made


def test_tags():
    assert tags(doc((0, 2, "LOC"), missing=[3])) == ["B-LOC", "I-LOC", "O", None, "O"]


def test_without_missing_tokens_it_is_the_plain_score():
    found = quality([(doc((0, 2, "LOC"), (3, 4, "PER")), doc((0, 2, "LOC"), (2, 3, "PER")))])
    assert found.counts == {"LOC": Counts(1, 0, 0), "PER": Counts(0, 1, 1)}
    assert (found.tokens, found.missing, found.wrong) == (5, 0, 2)
    assert found.error_rate == pytest.approx(2 / 5)


def test_missing_tokens_count_neither_for_nor_against():
    gold = doc((0, 2, "LOC"), (3, 4, "PER"))
    found = quality([(gold, doc((3, 4, "PER"), missing=[1]))])
    assert found.counts == {"PER": Counts(1, 0, 0)}
    assert (found.tokens, found.missing, found.wrong) == (5, 1, 1)
    assert found.share_missing == pytest.approx(1 / 5)


def test_a_wrong_label_for_the_rest_of_a_gold_entity_is_wrong():
    assert quality([(doc((0, 2, "LOC")), doc((0, 1, "PER"), missing=[1]))]).counts == {"PER": Counts(0, 1, 0)}


def test_what_gold_does_not_know_is_left_out():
    found = quality([(doc(missing=[0]), doc((0, 1, "LOC")))])
    assert found.counts == {}
    assert (found.tokens, found.wrong) == (4, 0)


def test_nothing_at_all():
    unlabelled = Doc(Vocab(), ["a"])
    assert quality([(unlabelled, unlabelled)]).error_rate == 0.0
    assert quality([(doc(length=1), unlabelled)]).share_missing == 1.0
