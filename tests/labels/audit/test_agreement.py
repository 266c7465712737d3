"""Cohen's kappa and F1 between annotations, over what both speak of."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.labels.audit.agreement import agreements, cohens_kappa


def test_kappa_of_a_known_table():
    """Cohen's own arithmetic: 70 % observed, 50 % expected."""
    table = Counter({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    assert cohens_kappa(table) == pytest.approx(0.4)


def test_kappa_where_it_is_undefined():
    assert cohens_kappa(Counter()) is None
    assert cohens_kappa(Counter({("O", "O"): 5})) is None


@given(st.dictionaries(st.tuples(*[st.sampled_from("abc")] * 2), st.integers(1, 9), min_size=1))
def test_kappa_is_at_most_one_symmetric_and_one_for_full_agreement(table):
    kappa = cohens_kappa(Counter(table))
    assert kappa == cohens_kappa(Counter({(b, a): n for (a, b), n in table.items()}))
    if kappa is not None:
        assert kappa <= 1
        assert (kappa == 1) == all(a == b for a, b in table)


def test_every_two_annotations_are_compared(make):
    docs = [
        make(
            "Ana of Oslo left",
            [(0, 1, "PER")],
            teachers={"a": [(0, 1, "PER")], "b": [(0, 1, "PER"), (2, 3, "LOC")]},
        ),
        make("Bo left", [], teachers={"a": "failed", "b": [(0, 1, "PER")]}),
    ]
    first, *others = agreements(docs, ["a", "b", "labels"])
    assert [(one.first, one.second) for one in [first, *others]] == [
        ("a", "b"),
        ("a", "labels"),
        ("b", "labels"),
    ]
    assert (first.documents, first.tokens) == (1, 4)
    assert first.labels == {"PER": 1.0, "LOC": 0.0}
    assert first.f == pytest.approx(2 / 3)


def test_tokens_that_one_leaves_open_do_not_count(make):
    doc = make("Ana of Oslo", [(0, 1, "PER")], missing=[2], teachers={"a": [(0, 1, "PER"), (2, 3, "LOC")]})
    (one,) = agreements([doc], ["a", "labels"])
    assert (one.tokens, one.f, one.labels) == (2, 1.0, {"PER": 1.0})


def test_unknown_tokens_of_a_view_are_open(make):
    doc = make("Ana of Oslo", [(0, 1, "PER")], teachers={"a": [(0, 1, "PER")]}, unknown=(1, 2))
    (one,) = agreements([doc], ["a", "labels"])
    assert one.tokens == 1
