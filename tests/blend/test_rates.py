"""The learning rate is an axis of its own."""

import math
from typing import Any

import pytest
from spacy import registry

from helpers.blending import registered, shares_of

make_constant_rate, make_decay_rate, make_restart_rate = (
    registered("schedules", f"{name}_rate") for name in ("constant", "decay", "restart")
)


def test_constant():
    assert shares_of(make_constant_rate(2e-4, 3), 3) == [2e-4] * 4


def test_decay_rises_in_the_warm_up_and_falls_to_0_at_the_end():
    rates = shares_of(make_decay_rate(1.0, 10, warmup=0.2), 10)
    assert rates == pytest.approx([0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0])


def test_restart_decays_within_each_phase():
    rates = shares_of(make_restart_rate(1.0, 8, warmup=0.0, switch=0.5), 8)
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.25, 1.0, 0.75, 0.5, 0.25, 0.0])


@pytest.mark.parametrize("switch", [0.0, 1.0])
def test_a_restart_at_either_end_is_one_decay(switch: float):
    restarted = shares_of(make_restart_rate(1.0, 20, switch=switch), 19)
    assert restarted == pytest.approx(shares_of(make_decay_rate(1.0, 20), 19))


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (make_constant_rate, {"rate": 0}, "rate is 0"),
        (make_constant_rate, {"total_steps": 0}, "total_steps is 0"),
        (make_decay_rate, {"rate": math.nan}, "rate is nan"),
        (make_decay_rate, {"warmup": 1.5}, "warmup is 1.5"),
        (make_restart_rate, {"switch": -1}, "switch is -1"),
    ],
)
def test_wrong_arguments_are_refused_when_it_is_made(make: Any, arguments: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        make(**{"rate": 1e-3, "total_steps": 10, **arguments})


@pytest.mark.parametrize("name", ["constant", "decay", "restart"])
def test_one_override_chooses(name: str):
    block = {"@schedules": f"spacy_distill.{name}_rate.v1", "rate": 1e-3, "total_steps": 10}
    assert max(shares_of(registry.resolve({"rate": block})["rate"], 10)) == pytest.approx(1e-3)
