"""What each error is called, and that the counts are those of strict scoring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.corpus.scores import Counts, add_counts
from spacy_distill.tasks.ner.errors import Pairing, count_pairs, pair_spans

NONE = frozenset()


@pytest.mark.parametrize(
    ("gold", "found", "kind"),
    [
        (("LOC", 0, 2), ("LOC", 0, 2), "correct"),
        (("LOC", 0, 2), ("ORG", 0, 2), "type"),
        (("LOC", 0, 2), ("LOC", 1, 2), "boundary"),
        (("LOC", 0, 2), ("ORG", 1, 3), "both"),
    ],
)
def test_two_entities_that_share_a_token(gold, found, kind):
    assert pair_spans([gold], [found], NONE) == [Pairing(kind, gold, found)]


def test_entities_alone():
    gold, found = [("LOC", 0, 1), ("PER", 3, 5)], [("ORG", 1, 2)]
    assert pair_spans(gold, found, frozenset({4})) == [
        Pairing("missed", gold=gold[0]),
        Pairing("spurious", found=found[0]),
        Pairing("open", gold=gold[1]),
    ]


def test_larger_overlaps_come_before_smaller_ones():
    gold = [("LOC", 0, 4), ("LOC", 4, 6)]
    found = [("LOC", 0, 1), ("LOC", 1, 5), ("LOC", 5, 6)]
    assert pair_spans(gold, found, NONE) == [
        Pairing("spurious", None, found[0]),
        Pairing("boundary", gold[0], found[1]),
        Pairing("boundary", gold[1], found[2]),
    ]


def test_same_borders_come_first_then_the_same_label():
    gold = [("LOC", 0, 3)]
    wide, same, exact = ("ORG", 0, 2), ("LOC", 2, 4), ("ORG", 0, 3)
    assert Pairing("boundary", gold[0], same) in pair_spans(gold, [wide, same], NONE)
    assert Pairing("type", gold[0], exact) in pair_spans(gold, [wide, same, exact], NONE)


def test_open_entities_may_be_set_aside():
    pairs = pair_spans([("LOC", 0, 1), ("PER", 2, 3)], [("LOC", 0, 1)], frozenset({2}))
    assert count_pairs(pairs, set_aside=True) == {"LOC": Counts(1, 0, 0)}
    assert count_pairs(pairs, set_aside=False) == {"LOC": Counts(1, 0, 0), "PER": Counts(0, 0, 1)}


spans = st.lists(
    st.tuples(st.sampled_from(["LOC", "PER"]), st.integers(0, 9), st.integers(1, 3)).map(
        lambda t: (t[0], t[1], t[1] + t[2])
    ),
    max_size=6,
    unique_by=lambda key: key[1:],
)


@given(spans, spans, st.frozensets(st.integers(0, 11), max_size=4))
def test_every_entity_stands_in_one_pair_and_counts_are_strict(gold, found, left_open):
    pairs = pair_spans(gold, found, left_open)
    assert sorted(pair.gold for pair in pairs if pair.gold) == sorted(gold)
    assert sorted(pair.found for pair in pairs if pair.found) == sorted(found)
    right, wrong, absent = set(gold) & set(found), set(found) - set(gold), set(gold) - set(found)
    strict = add_counts(
        [{key[0]: Counts(tp=1)} for key in right]
        + [{key[0]: Counts(fp=1)} for key in wrong]
        + [{key[0]: Counts(fn=1)} for key in absent]
    )
    assert add_counts([count_pairs(pairs, set_aside=False)]) == strict
