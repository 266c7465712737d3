"""Any curriculum is a list of phases."""

import math
from typing import Any

import pytest
from confection import Config
from spacy import registry

from helpers.blending import registered, shares_of

make_linear, make_phases, make_simple_mix = (
    registered("schedules", name) for name in ("linear", "phases", "simple_mix")
)

CONFIG = """
[share]
@schedules = "spacy_distill.phases.v1"
total_steps = 10

[share.*.first]
fraction = 0.4
share = 1.0

[share.*.second]
steps = 4

[share.*.second.share]
@schedules = "spacy_distill.linear.v1"
total_steps = 4

[share.*.third]
fraction = 0.2
share = null
"""


def test_phases_are_written_as_sections():
    schedule = registry.resolve(Config().from_str(CONFIG))["share"]
    assert shares_of(schedule, 10) == [1, 1, 1, 1, 1.0, 0.75, 0.5, 0.25, None, None, None]


def test_simple_mix_is_two_phases():
    two = make_phases({"fraction": 0.3, "share": 1}, {"fraction": 0.7, "share": 0}, total_steps=37)
    assert shares_of(two, 37) == shares_of(make_simple_mix(37, switch=0.3), 37)


def test_a_schedule_of_the_last_phase_goes_on_to_its_end():
    two = make_phases({"steps": 2, "share": 0.5}, {"steps": 4, "share": make_linear(4)}, total_steps=6)
    assert shares_of(two, 6) == [0.5, 0.5, 1, 0.75, 0.5, 0.25, 0]


def test_a_schedule_that_ends_before_its_phase_does_not_let_the_next_one_come_early():
    short = make_phases({"steps": 4, "share": [1.0, 0.5]}, {"steps": 2, "share": 0.0}, total_steps=6)
    with pytest.raises(ValueError, match=r"Phase 1: its schedule ends after 2 values, .* lasts 4 steps"):
        shares_of(short, 6)


def test_fractions_that_add_up_but_for_rounding_are_the_whole_run():
    tenths = [{"fraction": 0.1, "share": i / 10} for i in range(10)]
    assert shares_of(make_phases(*tenths, total_steps=20), 20) == [i // 2 / 10 for i in range(20)] + [0.9]


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([], "at least one phase"),
        ([{"fraction": 0.5, "share": 1}], "last 5 steps together, but the run has 10"),
        ([{"steps": 20, "share": 1}], "last 20 steps together"),
        ([{"fraction": 1.0}], "Phase 1 has fraction, but needs share"),
        ([{"fraction": 1.0, "steps": 10, "share": 1}], "exactly one of fraction and steps"),
        ([{"share": 1}], "exactly one of fraction and steps"),
        ([{"fraction": 1.0, "shares": 1}], "Phase 1 is .*shares"),
        ([{"fraction": 1.2, "share": 1}], "fraction is 1.2"),
        ([{"steps": 2.5, "share": 1}], "steps is 2.5"),
        ([{"steps": 10, "share": 1.5}], "share is 1.5"),
        ([{"steps": 10, "share": math.nan}], "share is nan"),
        ([{"steps": 10, "share": "linear"}], "share is 'linear'"),
        ([{"steps": 10, "share": {"total_steps": 10}}], "share is {'total_steps': 10}, .* with @schedules"),
        (["first"], "Phase 1 is 'first'"),
    ],
)
def test_phases_that_make_no_run_are_refused_when_they_are_made(phases: list[Any], message: str):
    with pytest.raises(ValueError, match=message):
        make_phases(*phases, total_steps=10)
