"""Shares are checked for the whole run before it starts."""

import math
from itertools import repeat
from typing import Any

import numpy
import pytest
from confection import ConfigValidationError
from spacy import registry

from helpers.blending import Corpus, blended


@pytest.fixture
def draw(corpus: Corpus) -> Any:
    """Draws the shares of a run of some steps, over 10 gold and 30 distilled documents."""
    gold, distilled = corpus("gold", 10), corpus("distilled", 30)
    return lambda share, steps: blended(gold, distilled, share).plan(steps).shares


def test_a_number_holds_at_every_step(draw: Any):
    assert draw(0.25, 3) == [0.25] * 4


def test_an_endless_schedule_gives_one_share_for_each_of_max_steps_and_one_updates(draw: Any):
    assert draw(iter([1.0, 0.5, 0.0, 0.0, 7.0]), 3) == [1.0, 0.5, 0.0, 0.0]


def test_schedules_of_thinc_and_of_numpy_can_be_used(draw: Any):
    block = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 2, "total_steps": 4}
    assert draw(registry.resolve({"share": block})["share"], 4) == [0.0, 0.5, 1.0, 0.5, 0.0]
    assert draw(repeat(numpy.float32(0.5)), 1) == [0.5, 0.5]


@pytest.mark.parametrize(
    ("share", "message"),
    [
        (1.5, "the share at step 0 is 1.5"),
        (iter([1.0, 0.5, -0.01, 0.0, 0.0]), "the share at step 2 is -0.01"),
        (iter([1.0, 0.5, 0.5, math.nan, 0.0]), "the share at step 3 is nan"),
        (iter([1.0, "0.5", 0.5, 0.5, 0.0]), "the share at step 1 is '0.5'"),
        (iter([1.0, 0.5]), "the schedule ends after 2 values, but training makes 5 updates"),
        ("linear", "'linear' is neither a schedule nor a number"),
        ({"a": 1}, "neither a schedule nor a number"),
    ],
)
def test_a_share_that_is_none_is_refused_with_its_step(draw: Any, share: object, message: str):
    with pytest.raises(ConfigValidationError, match=f"(?s)corpora -> train -> share.*{message}"):
        draw(share, 4)


def test_in_proportion_to_the_documents(draw: Any):
    assert draw(iter([1.0, None, 0.0]), 2) == [1.0, 0.75, 0.0]
