"""Intervals, differences and what may be claimed."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.counting import ArmCounts, Resampler, claim, difference, holm, score_arm, t_test
from spacy_distill.study.comparisons import invert
from spacy_distill.study.findings import lineage_of
from spacy_distill.study.scoring import RANKED
from spacy_distill.study.statistics import score_ranked
from spacy_distill.tasks.scores import average_precision

RNG = np.random.default_rng(0)


def counted(shift=0.0, seeds=10, articles=30):
    """Made-up counts of one label; the higher the shift, the better."""
    rng = np.random.default_rng(1)
    found = rng.integers(1, 9, size=(1, articles)) + np.zeros((seeds, 1))
    right = np.clip(found * (0.6 + shift) + rng.normal(0, 0.3, size=(seeds, articles)), 0, found)
    table = np.stack([right, found - right, found - right], axis=-1)[:, :, None, :]
    return ArmCounts(tuple(f"a{i}" for i in range(articles)), ("PER",), tuple(range(seeds)), table)


def test_with_articles_that_do_not_vary_the_interval_is_that_of_a_t_test_over_seeds():
    values = RNG.normal(0.5, 1, size=6)
    low, high, p = t_test(values, np.tile(values, (100, 1)), 30)
    known = stats.ttest_1samp(values, 0)
    assert p == pytest.approx(known.pvalue)
    assert (low, high) == pytest.approx(tuple(known.confidence_interval(0.95)))


def test_both_variances_count_and_one_seed_has_no_interval():
    values = RNG.normal(0.5, 1, size=10)
    # All seeds move together with the articles.
    samples = values + RNG.normal(0, 1, size=(1000, 1))
    alone, both = t_test(values, np.tile(values, (9, 1)), 30), t_test(values, samples, 30)
    assert both[0] < alone[0] and both[1] > alone[1] and both[2] > alone[2]
    assert t_test(np.array([0.3]), samples[:, :1], 30) == (None, None, None)
    assert t_test(np.array([0.5, 0.5]), np.full((9, 2), 0.5), 30) == (0.5, 0.5, 0.0)
    assert t_test(np.zeros(2), np.zeros((9, 2)), 30) == (0.0, 0.0, 1.0)


def test_what_varies_anew_for_each_seed_and_article_counts_once():
    """The noise of one seed on one article is in the variance over seeds and in that over articles."""
    seeds, articles, rng = 10, 200, np.random.default_rng(2)
    draws = rng.multinomial(articles, np.full(articles, 1 / articles), 500) / articles
    widths = []
    for _ in range(60):
        noise = rng.normal(0, 1, size=(articles, seeds))
        low, high, _ = t_test(noise.mean(axis=0), draws @ noise, articles)
        widths.append((high - low) / 2 * np.sqrt(seeds * articles))
    # A normal distribution has 1.96; both variances in full would make it 2.9.
    assert 2.0 < np.mean(widths) < 2.6


def test_holms_correction_of_a_known_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_value_nor_changes_their_order(values):
    corrected = holm(values)
    assert all(1 >= c >= v for c, v in zip(corrected, values, strict=True))
    order = sorted(range(len(values)), key=lambda i: values[i])
    assert [corrected[i] for i in order] == sorted(corrected)


def test_a_clear_difference_between_arms_may_be_claimed_in_either_direction():
    resampler = Resampler(500)
    found = difference(counted(0.2), counted(0.0), resampler)
    assert found["low"] > 0.1 and found["high"] < 0.3 and found["p"] < 0.001
    assert claim(found, 0.01) == "more" and claim(found, 0.06) == "open"
    assert claim(difference(counted(0.0), counted(0.2), resampler), 0.01) == "less"


def test_a_difference_must_hold_over_seeds_too():
    """Seeds that disagree spoil a difference that every article shows."""
    better, base = counted(0.0), counted(0.0)
    for seed, shift in enumerate((2.0, -0.9, 2.0, -0.9, 0.1) * 2):
        better.table[seed, :, :, 1] = np.maximum(0.1, better.table[seed, :, :, 1] - shift)
    found = difference(better, base, Resampler(500))
    assert found["mean"] > 0 and found["p"] > 0.05
    assert difference(counted(0.2, seeds=1), counted(seeds=1), Resampler(100))["p"] is None


def test_an_arm_does_not_differ_from_itself():
    found = difference(counted(), counted(), Resampler(100))
    assert [found[key] for key in ("mean", "low", "high", "p")] == [0, 0, 0, 1]
    assert claim(found, found["p"]) == "open"


@pytest.mark.parametrize("size", [{"seeds": 9}, {"articles": 19}])
def test_few_seeds_or_articles_carry_no_claim_however_clear_the_difference(size):
    found = difference(counted(0.3, **size), counted(**size), Resampler(100))
    assert claim(found, 0.0001) == "no claim"


def test_arms_are_paired_by_the_seeds_they_share():
    first, second = counted(seeds=5), counted(seeds=3)
    assert difference(first, second, Resampler(10))["seeds"] == [0, 1, 2]
    other = ArmCounts(second.articles, second.labels, (7, 8, 9), second.table)
    assert difference(first, other, Resampler(10)) is None


def test_sentences_of_an_article_stay_together():
    """Articles that differ much give a wide interval, however many sentences they have."""
    table = np.zeros((1, 2, 1, 3))
    table[0, 0, 0] = (1000, 0, 0)
    table[0, 1, 0] = (0, 1000, 1000)
    score = score_arm(ArmCounts(("a", "b"), ("PER",), (0,), table), Resampler(500))
    assert (score["micro"]["f"]["low"], score["micro"]["f"]["high"]) == (0, 1)


def test_scores_of_labels_micro_and_macro():
    table = np.array([[[[3.0, 1, 1], [0, 0, 4]]]])
    score = score_arm(ArmCounts(("a",), ("LOC", "PER"), (0,), table), Resampler(10))
    assert score["labels"]["LOC"]["f"]["mean"] == pytest.approx(0.75)
    assert score["labels"]["PER"]["r"]["mean"] == 0
    assert score["micro"]["p"]["mean"] == pytest.approx(0.75)
    assert score["macro_f"]["mean"] == pytest.approx(0.375)
    assert score["micro"]["f"]["sd"] is None


def test_a_rare_error_has_a_lineage_however_few_the_resamples():
    """One article of forty has the error: no resample may have drawn it."""
    rows = [{"document": str(i), "lineage": {"PER": [int(i == 39), 0, 0, 0, 0, 0]}} for i in range(40)]
    run = SimpleNamespace(run=SimpleNamespace(seed=0), sets={"heldout": rows}, has=lambda *_: True)
    for resamples in range(1, 5):
        found = lineage_of([run], Resampler(resamples))
        assert found["PER"]["inherited"] == {"mean": 1, "low": 1, "high": 1}


def test_what_there_is_nothing_to_score_of_is_undefined_and_not_zero():
    table = np.array([[[[0.0, 0, 4], [0, 0, 0]]]])
    found = score_arm(ArmCounts(("a",), ("LOC", "PER"), (0,), table), Resampler(10))
    assert found["labels"]["LOC"]["p"]["mean"] is None and found["labels"]["LOC"]["r"]["mean"] == 0
    assert found["labels"]["PER"]["f"]["mean"] is None
    assert score_arm(ArmCounts(("a",), (), (0,), table[:, :, :0]), Resampler(10))["macro_f"]["low"] is None


def test_a_learning_curve_is_read_backwards():
    sizes, scores = np.array([100.0, 400.0, 1600.0]), np.array([0.5, 0.6, 0.7])
    assert invert(sizes, scores, 0.6) == pytest.approx(400)
    assert invert(sizes, scores, 0.55) == pytest.approx(200)
    assert invert(sizes, scores, 0.9) == 1600
    assert invert(sizes, scores, 0.1) == pytest.approx(100)


def test_a_dip_in_a_learning_curve_is_made_flat():
    sizes, scores = np.array([100.0, 200.0, 400.0]), np.array([0.5, 0.7, 0.6])
    assert invert(sizes, scores, 0.65) == pytest.approx(200)


def test_a_seed_that_found_nothing_has_no_precision_and_does_not_lower_that_of_others():
    table = np.array([[[[3.0, 1, 1]]], [[[0.0, 0, 4]]]])
    found = score_arm(ArmCounts(("a",), ("LOC",), (0, 1), table), Resampler(10))["labels"]["LOC"]
    assert found["p"] == {"mean": 0.75, "low": 0.75, "high": 0.75, "sd": None}
    assert found["r"]["mean"] == found["f"]["mean"] == pytest.approx(0.375)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12))
def test_average_precision_is_that_of_its_definition(drawn):
    """The precision at the rank of each document that is right, ties counted whole; a weight repeats one."""
    scores, right, weights = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    documents = [(s, r) for s, r, w in zip(scores, right, weights, strict=True) for _ in range(int(w))]
    found = average_precision(scores, right, weights[None])
    relevant = [s for s, r in documents if r]
    above = [[r for s, r in documents if s >= score] for score in relevant]
    expected = sum(sum(some) / len(some) for some in above) / len(relevant) if relevant else np.nan
    assert found == pytest.approx([expected], nan_ok=True)


def test_average_precision_of_labels_and_of_a_study_that_has_no_scores():
    def run(seed, best):
        """Of ten documents in five articles every second has the label; `best` of the scores are right."""
        rows = [{"document": str(i), "last": {}, RANKED: {}} for i in range(5)]
        for i in range(10):
            score = float(i % 2) if i < best else 0.5
            rows[i // 2][RANKED].setdefault("warm", []).append([score, i % 2])
            rows[i // 2][RANKED].setdefault("never", []).append([score, 0])
        return SimpleNamespace(
            run=SimpleNamespace(seed=seed), sets={"test": rows, "plain": [{**r, RANKED: {}} for r in rows]}
        )

    found = score_ranked([run(0, 10), run(1, 0)], "test", Resampler(50))
    assert found["labels"]["warm"]["mean"] == pytest.approx((1 + 0.5) / 2)
    assert found["labels"]["never"]["mean"] is None
    assert found["macro"] == found["labels"]["warm"]
    assert score_ranked([run(0, 10)], "plain", Resampler(50)) == {}


def test_a_label_of_few_articles_is_not_0_where_a_resample_has_none_of_it():
    """One article of twenty has the label: a third of the resamples lack it, and know nothing of it."""
    table = np.zeros((2, 20, 1, 3))
    table[:, 4] = (3, 1, 1)
    found = score_arm(ArmCounts(tuple(map(str, range(20))), ("LOC",), (0, 1), table), Resampler(200))
    assert found["labels"]["LOC"]["f"] == {"mean": 0.75, "low": 0.75, "high": 0.75, "sd": 0.0}
    assert found["macro_f"] == {"mean": 0.75, "low": 0.75, "high": 0.75, "sd": 0.0}
