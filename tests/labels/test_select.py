"""Documents that are worth the money, as many as a budget pays for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.committees import make_committee
from helpers.docs import make_doc, read_docs, write_docs
from spacy_distill import DistillError, SelectOptions, parse_limit, select
from spacy_distill.corpus.duplicates import NEAR, likeness, shingles
from spacy_distill.labels.select import SpendingLimit, by_new_words, by_value, choose

WORDS = ("rome", "fell", "to", "acme", "in", "may", "and", "june")
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join), min_size=1, max_size=30
)


@given(TEXTS, st.floats(0.5, 200), st.sampled_from(["words", "docs"]), st.integers(0, 9), st.data())
def test_a_budget_is_kept_and_nothing_repeats(texts, amount, unit, seed, data):
    docs = [make_doc(text) for text in texts]
    costs = [len(doc) if unit == "words" else 1 for doc in docs]
    values = data.draw(st.lists(st.floats(0, 5), min_size=len(docs), max_size=len(docs)))
    known = docs[: data.draw(st.integers(0, 3))]
    limit = SpendingLimit(amount, unit)
    for order in (by_value(values, costs, seed), list(by_new_words(docs, costs, known))):
        assert sorted(order) == list(range(len(docs)))
        if min(costs) > amount:
            with pytest.raises(DistillError, match="below the cheapest"):
                choose(docs, order, costs, limit, known)
            continue
        found = choose(docs, order, costs, limit, known)
        assert found == choose(docs, order, costs, limit, known)
        assert found.cost == sum(costs[i] for i in found.chosen) <= amount
        taken = [*known, *(docs[i] for i in found.chosen)]
        for j, doc in enumerate(taken[len(known) :], start=len(known)):
            for other in taken[:j]:
                assert doc.text != other.text
                if min(len(doc), len(other)) >= 8:
                    assert likeness(shingles(doc.text), shingles(other.text)) < NEAR
        # Nothing that would still fit, and repeats nothing, is left.
        everything = choose(docs, order, costs, SpendingLimit(math.inf, unit), known)
        left = [costs[i] for i in everything.chosen if i not in found.chosen]
        assert not left or found.cost + min(costs) > amount or min(left) + found.cost > amount


@given(st.text(max_size=12))
def test_a_budget_is_a_number_and_what_it_counts(text):
    try:
        limit = parse_limit(text)
    except DistillError as error:
        assert '"5000 words", "200 docs" or "3 USD"' in str(error)
    else:
        assert limit.amount > 0


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5000 words", (5000, "words")),
        ("200 DOCS", (200, "docs")),
        (" 2.5usd ", (2.5, "USD")),
        ("5,000 words", (5000, "words")),
    ],
)
def test_budgets(text, limit):
    assert parse_limit(text) == limit


@pytest.fixture
def corpus(tmp_path):
    """Members disagree on Rome, and on nothing else."""
    texts = [
        "Nothing at all happened there",
        "Rome fell",
        "Nothing at all happened there",
        "It rained on Monday",
    ]
    return write_docs(
        tmp_path / "in.spacy", *(make_doc(t, id=f"a:{n}", labelled=False) for n, t in enumerate(texts))
    )


@pytest.fixture
def committee(tmp_path):
    return make_committee(
        tmp_path / "committee", {"gold/seed-0": {"Rome": "LOC"}, "gold/seed-1": {}}, labels=("LOC",)
    )


def test_what_members_disagree_on_comes_first(corpus, committee, tmp_path):
    report = select(corpus, tmp_path / "out.spacy", parse_limit("3 docs"), SelectOptions(committee=committee))
    texts = [doc.text for doc in read_docs(tmp_path / "out.spacy")]
    assert texts[0] == "Rome fell" and len(set(texts)) == len(texts) == report.documents == 3
    assert (report.strategy, report.disagreement, report.of_documents) == ("disagreement", 1.0, 4)


def test_new_words_come_first_and_excluded_documents_not_at_all(corpus, tmp_path):
    known = write_docs(tmp_path / "known.spacy", make_doc("It rained on Monday"))
    options = SelectOptions("diverse", exclude=[known])
    report = select(corpus, tmp_path / "out.spacy", parse_limit("7 words"), options)
    assert {doc.text for doc in read_docs(tmp_path / "out.spacy")} == {
        "Nothing at all happened there",
        "Rome fell",
    }
    assert report.words == 7
    select(tmp_path / "out.spacy", tmp_path / "more.spacy", parse_limit("1 docs"))
    with pytest.raises(DistillError, match="repeat"):
        select(known, tmp_path / "none.spacy", parse_limit("1 docs"), options)
