"""Each regimen is the formula of its table row, and wrong arguments fail before training."""

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.blending import registered, shares_of

SIMPLE = ("distilled", "gold", "pooled", "constant")
DECAYS = ("linear", "cosine", "sigmoid", "power")
MIXES = ("simple_mix", "simple_mix_union", "gold_first")


def make(name: str, *arguments: Any, **settings: Any) -> Any:
    """A share schedule by its registered name."""
    return registered("schedules", name)(*arguments, **settings)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("distilled", {}, [1, 1, 1, 1, 1]),
        ("gold", {}, [0, 0, 0, 0, 0]),
        ("pooled", {}, [None] * 5),
        ("constant", {}, [0.5] * 5),
        ("constant", {"share": 0.8}, [0.8] * 5),
        ("simple_mix", {}, [1, 1, 0, 0, 0]),
        ("simple_mix", {"switch": 0.75}, [1, 1, 1, 0, 0]),
        ("simple_mix_union", {}, [1, 1, None, None, None]),
        ("gold_first", {}, [0, 0, 1, 1, 1]),
        ("linear", {}, [1, 0.75, 0.5, 0.25, 0]),
        ("linear", {"start": 0.8, "end": 0.4}, [0.8, 0.7, 0.6, 0.5, 0.4]),
        ("cosine", {}, [1, (1 + math.cos(math.pi / 4)) / 2, 0.5, (1 - math.cos(math.pi / 4)) / 2, 0]),
        ("power", {"exponent": 2}, [1, 0.5625, 0.25, 0.0625, 0]),
        ("power", {"exponent": 0.5}, [1, math.sqrt(0.75), math.sqrt(0.5), 0.5, 0]),
    ],
)
def test_a_regimen_is_its_formula(name: str, arguments: dict[str, Any], expected: list[Any]):
    drawn = shares_of(make(name, 4, **arguments), 4)
    assert [v is None for v in drawn] == [v is None for v in expected]
    assert [v or 0 for v in drawn] == pytest.approx([v or 0 for v in expected])


def test_the_sigmoid_is_rescaled_to_begin_at_1_and_end_at_0():
    def logistic(t: float) -> float:
        return 1 / (1 + math.exp(10 * (t - 0.5)))

    drawn = shares_of(make("sigmoid", 10), 10)
    span = logistic(0) - logistic(1)
    assert drawn == pytest.approx([(logistic(i / 10) - logistic(1)) / span for i in range(11)])
    assert (drawn[0], drawn[5], drawn[10]) == pytest.approx((1, 0.5, 0))


def test_a_very_steep_sigmoid_is_a_switch():
    drawn = shares_of(make("sigmoid", 100, steepness=100_000, midpoint=0.305), 100)
    assert drawn[:31] == pytest.approx([1] * 31)
    assert drawn[31:] == pytest.approx([0] * 70)


@settings(deadline=None, max_examples=40)
@given(
    steps=st.integers(1, 300),
    start=st.floats(0, 1),
    end=st.floats(0, 1),
    name=st.sampled_from(DECAYS),
)
def test_a_decay_runs_from_start_to_end_and_never_leaves_them(
    steps: int, start: float, end: float, name: str
):
    drawn = shares_of(make(name, steps, start=start, end=end), steps + 5)
    assert all(0 <= share <= 1 for share in drawn)
    assert drawn[0] == pytest.approx(start)
    assert drawn[steps:] == pytest.approx([end] * 6)
    falls = [a - b for a, b in pairwise(drawn)]
    assert all(fall * (start - end) >= -1e-9 for fall in falls)


@settings(deadline=None, max_examples=40)
@given(steps=st.integers(1, 500), percent=st.integers(0, 100))
def test_the_switch_comes_at_the_first_step_that_is_late_enough(steps: int, percent: int):
    # In whole numbers: percent / 100 as a float is sometimes a little above or below.
    drawn = shares_of(make("simple_mix", steps, switch=percent / 100), steps)
    expected = [1.0 if step * 100 < percent * steps else 0.0 for step in range(steps + 1)]
    if percent == 100:
        assert drawn[:-1] == expected[:-1]
    else:
        assert drawn == expected


@pytest.mark.parametrize("name", [*SIMPLE, *DECAYS, *MIXES])
@pytest.mark.parametrize("steps", [0, -1, 2.5, True, None])
def test_a_schedule_without_a_length_is_refused_when_it_is_made(name: str, steps: Any):
    with pytest.raises(ValueError, match=r"total_steps is .* above 0.*max_steps"):
        make(name, steps)


@pytest.mark.parametrize("name", DECAYS)
@pytest.mark.parametrize("bound", ["start", "end"])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "1"])
def test_a_start_or_end_that_is_no_share_is_refused_when_it_is_made(name: str, bound: str, value: Any):
    with pytest.raises(ValueError, match=f"{bound} is .* from 0 to 1"):
        make(name, 10, **{bound: value})


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("constant", {"share": 1.2}, "share is 1.2, .* from 0 to 1"),
        ("simple_mix", {"switch": 1.5}, "switch is 1.5"),
        ("gold_first", {"switch": math.nan}, "switch is nan"),
        ("sigmoid", {"steepness": 0}, "steepness is 0, .* above 0"),
        ("sigmoid", {"steepness": 1e-20}, "steepness is 1e-20, too small .*linear"),
        ("sigmoid", {"midpoint": 2}, "midpoint is 2"),
        ("power", {"exponent": -1}, "exponent is -1"),
    ],
)
def test_other_wrong_arguments_are_refused_when_it_is_made(name: str, arguments: Any, message: str):
    with pytest.raises(ValueError, match=message):
        make(name, 10, **arguments)
