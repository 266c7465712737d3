"""Shares are checked for the whole run before it starts."""

import math
from itertools import repeat

import numpy
import pytest
from confection import ConfigValidationError
from spacy import registry

from spacy_distill.blend.schedules import draw_shares, fill_shares


def test_a_number_holds_at_every_step():
    assert draw_shares(0.25, 3) == [0.25] * 4


def test_an_endless_schedule_gives_one_share_for_each_of_max_steps_and_one_updates():
    assert draw_shares(iter([1.0, 0.5, 0.0, 0.0, 7.0]), 3) == [1.0, 0.5, 0.0, 0.0]


def test_schedules_of_thinc_and_of_numpy_can_be_used():
    block = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 2, "total_steps": 4}
    assert draw_shares(registry.resolve({"share": block})["share"], 4) == [0.0, 0.5, 1.0, 0.5, 0.0]
    assert draw_shares(repeat(numpy.float32(0.5)), 1) == [0.5, 0.5]


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
def test_a_share_that_is_none_is_refused_with_its_step(share: object, message: str):
    with pytest.raises(ConfigValidationError, match=f"(?s)corpora -> train -> share.*{message}"):
        draw_shares(share, 4)


def test_in_proportion_to_the_documents():
    assert fill_shares([1.0, None, 0.0], distilled=30, gold=10) == [1.0, 0.75, 0.0]
