"""Precision, recall, F1 and their averages; intervals: articles are drawn, seeds repeat."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.counting import Counts, add_counts, bootstrap_scores, macro_f, micro, prf

GOOD, BAD = {"LOC": Counts(1, 0, 0)}, {"LOC": Counts(0, 1, 1)}
FEW = [GOOD, BAD, GOOD] * 10
ARTICLES = [str(i) for i in range(30)]


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


def test_the_interval_surrounds_the_f1_of_the_whole():
    low, high = bootstrap_scores([GOOD, GOOD, BAD] * 40, [str(i // 2) for i in range(120)]).micro.f
    assert 0.5 < low < 2 / 3 < high < 0.85


def test_sentences_of_one_article_are_drawn_together():
    """Forty copies of a sentence in one article say no more than one."""
    per_doc = [GOOD, BAD] * 40
    apart = bootstrap_scores(per_doc, [str(i) for i in range(80)]).micro.f
    together = bootstrap_scores(per_doc, [str(i % 2) for i in range(80)]).micro.f
    assert together == (0.0, 1.0)
    assert apart.high - apart.low < 0.3
    assert bootstrap_scores(per_doc, [None] * 80).micro.f == apart


def test_seeds_repeat_and_differ_and_parts_are_drawn_as_a_whole(monkeypatch):
    def found(seed):
        return bootstrap_scores(FEW, ARTICLES, resamples=25, seed=seed)

    first = found(1)
    assert first != found(2)
    monkeypatch.setattr("spacy_distill.tasks.scores.CHUNK", 100)
    assert found(1) == first


def test_labels_micro_and_macro_each_have_an_interval():
    per_doc = [{"LOC": Counts(1, 0, 0), "PER": Counts(0, 1, 0)}] * 20
    scores = bootstrap_scores(per_doc, [str(i) for i in range(20)], resamples=50)
    assert scores.labels["LOC"].f == (1.0, 1.0)
    assert scores.labels["PER"].p == (0.0, 0.0)
    assert (scores.micro.p, scores.micro.r) == ((0.5, 0.5), (1.0, 1.0))
    assert scores.macro_f == (0.5, 0.5)


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=20))
def test_one_article_has_the_scores_of_its_counts(rows):
    per_doc = [{"LOC": Counts(*row)} for row in rows]
    scores = bootstrap_scores(per_doc, ["a"] * len(rows), resamples=3)
    for value, (low, high) in zip(prf(micro(add_counts(per_doc))), scores.micro, strict=True):
        assert low == high == pytest.approx(value)


@pytest.mark.parametrize(
    ("per_doc", "articles", "options", "names"),
    [
        ([], [], {}, "no documents"),
        ([GOOD], ["a", "b"], {}, "articles of 2"),
        ([GOOD], ["a"], {"resamples": 0}, "got 0"),
        ([GOOD], ["a"], {"level": 1.5}, "1.5"),
    ],
)
def test_bad_arguments_are_named(per_doc, articles, options, names):
    with pytest.raises(ValueError, match=names):
        bootstrap_scores(per_doc, articles, **options)
