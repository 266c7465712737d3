"""A share is spent exactly, not on average."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.blend.stream import Drawer, Parts

WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.001, 1000), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(shares=st.lists(st.floats(0, 1), max_size=300))
def test_the_distilled_draws_are_within_one_half_of_the_sum_of_their_shares(shares: list[float]):
    drawer = Drawer({"distilled": 1.0})
    planned, drawn = Fraction(0), 0
    for share in shares:
        drawn += drawer.draw(share) is not None
        planned += Fraction(share)
        assert abs(drawn - planned) <= Fraction(1, 2)


@settings(deadline=None, max_examples=40)
@given(weights=WEIGHTS, draws=st.integers(1, 400))
def test_each_part_is_within_one_of_its_weight_at_every_draw(weights: dict[str, float], draws: int):
    parts = Parts(weights)
    total = sum(map(Fraction, weights.values()))
    drawn = dict.fromkeys(weights, 0)
    for n in range(1, draws + 1):
        drawn[parts.draw()] += 1
        assert all(abs(drawn[name] - n * Fraction(weights[name]) / total) < 1 for name in weights)


@settings(deadline=None, max_examples=40)
@given(shares=st.lists(st.sampled_from([0.0, 1.0]), max_size=100))
def test_a_share_of_0_or_1_leaves_no_choice(shares: list[float]):
    drawer = Drawer({"distilled": 1.0})
    assert [drawer.draw(share) is not None for share in shares] == [bool(share) for share in shares]


def test_a_distilled_source_without_weight_is_never_drawn_from():
    drawer = Drawer({"conll": 1.0, "bbc": 0.0})
    assert {drawer.draw(1.0) for _ in range(10)} == {"conll"}
