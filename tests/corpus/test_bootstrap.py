"""Intervals: articles are what is drawn, seeds repeat, bad arguments are named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpus.scores import (
    Counts,
    Interval,
    bootstrap_f1,
    bootstrap_scores,
    count_table,
    draw_weights,
    f1_samples,
    interval,
    micro,
    prf,
    prf_array,
    resampled_counts,
)

GOOD, BAD = {"LOC": Counts(1, 0, 0)}, {"LOC": Counts(0, 1, 1)}


def test_interval_surrounds_the_f1_of_the_whole():
    low, high = bootstrap_f1([GOOD, GOOD, BAD] * 40, [str(i // 2) for i in range(120)])
    assert 0.5 < low < 2 / 3 < high < 0.85


def test_sentences_of_one_article_are_drawn_together():
    """Forty copies of a sentence in one article say no more than one."""
    per_doc = [GOOD, BAD] * 40
    apart = bootstrap_f1(per_doc, [str(i) for i in range(80)])
    together = bootstrap_f1(per_doc, [str(i % 2) for i in range(80)])
    assert together == Interval(0.0, 1.0)
    assert apart.high - apart.low < 0.3


def test_a_document_without_article_stands_for_itself():
    per_doc = [GOOD, BAD] * 40
    assert bootstrap_f1(per_doc, [None] * 80) == bootstrap_f1(per_doc, [str(i) for i in range(80)])


def test_seeds_repeat_and_differ():
    per_doc, articles = [GOOD, BAD, GOOD] * 10, [str(i) for i in range(30)]
    assert bootstrap_f1(per_doc, articles, seed=1) == bootstrap_f1(per_doc, articles, seed=1)
    assert np.any(f1_samples(per_doc, articles, seed=1) != f1_samples(per_doc, articles, seed=2))


def test_samples_of_two_runs_are_paired():
    """A run that is better on every article is better on every resample."""
    articles = [str(i) for i in range(30)]
    worse = [{"LOC": Counts(i % 3, 2, 2)} for i in range(30)]
    better = [{"LOC": Counts(i % 3 + 1, 1, 1)} for i in range(30)]
    assert np.all(f1_samples(better, articles) > f1_samples(worse, articles))


def test_labels_micro_and_macro_each_have_an_interval():
    per_doc = [{"LOC": Counts(1, 0, 0), "PER": Counts(0, 1, 0)}] * 20
    scores = bootstrap_scores(per_doc, [str(i) for i in range(20)], resamples=50)
    assert scores.labels["LOC"].f == Interval(1.0, 1.0)
    assert scores.labels["PER"].p == Interval(0.0, 0.0)
    assert scores.micro.p == Interval(0.5, 0.5)
    assert scores.micro.r == Interval(1.0, 1.0)
    assert scores.macro_f == Interval(0.5, 0.5)
    assert bootstrap_f1(per_doc, ["a"] * 20, label="LOC") == Interval(1.0, 1.0)
    assert bootstrap_f1(per_doc, ["a"] * 20, label="ORG") == Interval(0.0, 0.0)


def test_every_resample_draws_as_many_articles_as_there_are():
    weights = np.concatenate(list(draw_weights(7, 50, np.random.default_rng(0))))
    assert weights.shape == (50, 7)
    assert np.all(weights.sum(axis=1) == 7)


def test_large_corpora_are_drawn_in_parts(monkeypatch):
    per_doc, articles = [GOOD, BAD, GOOD] * 10, [str(i) for i in range(30)]
    whole = f1_samples(per_doc, articles, resamples=25)
    monkeypatch.setattr("spacy_distill.corpus.scores.CHUNK", 100)
    assert np.array_equal(f1_samples(per_doc, articles, resamples=25), whole)


def test_counts_are_summed_by_article():
    labels, table = count_table([GOOD, BAD, {"PER": Counts(1, 2, 3)}], ["a", "b", "a"])
    assert labels == ["LOC", "PER"]
    assert table.tolist() == [[[1, 0, 0], [1, 2, 3]], [[0, 1, 1], [0, 0, 0]]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=20))
def test_array_scores_are_those_of_prf(rows):
    expected = [prf(micro({"LOC": Counts(*row)})) for row in rows]
    assert np.allclose(prf_array(np.array(rows, dtype=float)), np.array(expected))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: bootstrap_f1([], []), "no documents"),
        (lambda: bootstrap_f1([GOOD], ["a", "b"]), "articles of 2"),
        (lambda: resampled_counts([GOOD], ["a"], resamples=0), "got 0"),
        (lambda: interval(np.zeros(3), 1.5), "1.5"),
    ],
)
def test_bad_arguments_are_named(call, names):
    with pytest.raises(ValueError, match=names):
        call()
