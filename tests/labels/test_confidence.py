"""How sure votes are, and F1 of a whole pool from gold of a part."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.counting import Counts
from spacy_distill import Annotation, DistillError, Item
from spacy_distill.labels.confidence import Rated, calibrate, calibration_error, reliability
from spacy_distill.labels.estimate import Expected, estimate_f1, expect

rated = st.lists(st.builds(Rated, st.floats(0.01, 1), st.booleans()), min_size=1)


@given(rated, st.lists(st.floats(0, 1), min_size=2))
def test_a_chance_never_falls_with_the_share_of_votes(items, shares):
    chance = calibrate(items)
    chances = [chance(share) for share in sorted(shares)]
    assert all(0 <= one <= other + 1e-12 <= 1 + 1e-9 for one, other in pairwise(chances))


def test_confidence_learned_on_a_few_hundred_items_is_off_by_less_than_three_points():
    drawn = random.Random(0)
    truth = {1 / 3: 0.1, 2 / 3: 0.4, 1.0: 0.9}  # Far from the shares themselves.

    def draw(number):
        shares = drawn.choices(list(truth), [1, 2, 7], k=number)
        return [Rated(share, drawn.random() < truth[share]) for share in shares]

    chance = calibrate(draw(400))
    new = draw(20_000)
    assert calibration_error(new) > 0.1
    assert calibration_error([Rated(chance(one.score), one.right) for one in new]) < 0.03


def test_imagined_items_do_not_outnumber_those_of_scores_that_are_all_different():
    drawn = random.Random(0)

    def draw(number):
        shares = [drawn.uniform(0.5, 1) for _ in range(number)]
        return [Rated(share, drawn.random() < 0.6 * share) for share in shares]

    chance = calibrate(draw(400))
    new = draw(20_000)
    assert calibration_error(new) > 0.25
    assert calibration_error([Rated(chance(one.score), one.right) for one in new]) < 0.05


@given(rated)
def test_the_bars_of_a_diagram_have_every_item_once(items):
    bars = reliability(items)
    assert sum(bar.items for bar in bars) == len(items)
    assert all(0 <= bar.right <= 1 for bar in bars)
    assert 0 <= calibration_error(items) <= 1


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(DistillError, match="no item"):
        calibrate([])
    assert calibration_error([]) is None


def test_an_item_is_expected_to_be_right_as_often_as_it_has_votes():
    rome, acme = Item(0, 1, "LOC"), Item(2, 3, "ORG")
    assert expect(Annotation(4, (rome,)), {rome: 0.75, acme: 0.5}) == Expected(0.75, 0.25, 0.5)
    assert expect(Annotation(4, (rome,)), {}) == Expected(1, 0, 0)


def draw_pool(drawn, documents, article):
    """Counts of each document, and expectations that are too high by some points."""
    counts, expected = [], []
    for _ in range(documents):
        items, skill = drawn.choice([0, 1, 1, 2, 4]), drawn.choice([0.6, 0.8, 0.9])
        right = sum(drawn.random() < skill for _ in range(items))
        false = sum(drawn.random() < 1 - skill for _ in range(items))
        counts.append(Counts(right, false, items - right))
        high = drawn.uniform(0.5, 1)
        expected.append(Expected(right + high * 0.4 * false, false * 0.6, (items - right) * 0.5 * high))
    return counts, expected, [i // article for i in range(documents)]


@pytest.mark.parametrize(("article", "gold"), [(1, 50), (1, 200), (5, 100)])
def test_intervals_have_the_whole_pools_f1_as_often_as_they_say(article, gold):
    drawn, hits, biases = random.Random(1), 0, []
    for _ in range(60):
        counts, expected, articles = draw_pool(drawn, 600, article)
        total = sum(counts, Counts())
        truth = 2 * total.tp / (2 * total.tp + total.fp + total.fn)
        chosen = set(drawn.sample(sorted(set(articles)), gold // article))
        known = {i: counts[i] for i, one in enumerate(articles) if one in chosen}
        found = estimate_f1(known, expected, articles)
        hits += found.interval.low <= truth <= found.interval.high
        biases.append(found.f - truth)
    # Fewer of 60 would come once in a thousand times, were the coverage 95 %.
    assert hits >= 51
    assert abs(sum(biases) / len(biases)) < 0.01


def test_expectations_that_say_nothing_leave_the_plain_estimate():
    drawn = random.Random(2)
    counts, _, articles = draw_pool(drawn, 400, 1)
    known = {i: counts[i] for i in range(0, 400, 4)}
    found = estimate_f1(known, [Expected(1, 1, 1)] * 400, articles)
    assert found.f == pytest.approx(found.plain)
    assert found.interval == pytest.approx(found.plain_interval)


def test_too_little_gold_is_refused():
    with pytest.raises(DistillError, match="at least 10"):
        estimate_f1({0: Counts(1, 0, 0)}, [Expected(1, 0, 0)] * 9, list(range(9)))
