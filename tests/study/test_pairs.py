"""What the two arms of a comparison differ in: everything is named, and more than one thing is marked."""

import pytest

from helpers.studying import carry_out_study, planned, write_config
from spacy_distill import read_results
from spacy_distill.study.findings import find_all
from spacy_distill.study.pairs import difference_text, is_confounded

ORDER, SHARE = "order of gold and distilled", "share of gold"


def compared(plan):
    """By pair of names: the things of their own in which the arms differ."""
    return {
        (first.name, second.name): [each["what"] for each in found if each["own"]]
        for first, second, found in plan.pairs
    }


REGIMENS = ["gold", "distilled", "constant", "pooled", "simple_mix", "cosine", "gold_first", "power"]


@pytest.mark.parametrize(
    ("first", "second", "differs"),
    [
        ("simple_mix", "constant", [ORDER]),
        ("cosine", "simple_mix", [ORDER]),
        ("gold_first", "simple_mix", [ORDER]),
        ("simple_mix", "gold", [SHARE]),
        ("distilled", "gold", [SHARE]),
        ("constant", "pooled", [SHARE]),
        # What was once published as a finding on order.
        ("simple_mix", "pooled", [SHARE, ORDER]),
        ("power", "cosine", [SHARE, ORDER]),
    ],
)
def test_ratio_and_order_are_two_things(config, tmp_path, first, second, differs):
    values = {"regimens": REGIMENS, "comparisons": [f"{first} - {second}"]}
    plan = planned(config, tmp_path, **values, max_steps=300, gold_sizes=[8])
    assert compared(plan) == {(first, second): differs}
    (pair,) = plan.pairs
    assert is_confounded(pair[2]) == (len(differs) > 1)


def test_steps_rates_and_labels_are_named(config, tmp_path):
    grids = {
        "long": {"regimens": ["cosine"], "max_steps": 60},
        "fast": {"regimens": ["linear"], "learn_rates": 0.5},
        "other": {"regimens": ["simple_mix"], "variants": ["standard"]},
    }
    declared = ["cosine - constant", "linear - constant", "simple_mix+standard - simple_mix"]
    regimens = ["constant", "simple_mix"]
    plan = planned(config, tmp_path, regimens=regimens, grids=grids, comparisons=declared, max_steps=40)
    assert compared(plan) == {
        ("cosine", "constant"): [ORDER, "steps"],
        ("linear", "constant"): [ORDER, "learning rate"],
        ("simple_mix+standard", "simple_mix"): ["labels"],
    }
    texts = {first.name: difference_text(found) for first, _, found in plan.pairs}
    assert "steps 60 / 40" in texts["cosine"]
    assert "passes over gold" in texts["cosine"]
    assert "labels standard / cot" in texts["simple_mix+standard"]


def test_equal_gold_costs_steps_and_says_so(config, tmp_path):
    plan = planned(config, tmp_path, regimens=["gold", "constant"], hold=["gold"], max_steps=40)
    assert compared(plan) == {("constant+equal_gold", "gold"): [SHARE, "steps"]}
    (pair,) = plan.pairs
    assert "passes over gold" not in difference_text(pair[2])


def test_what_was_trained_says_what_was_planned(tmp_path):
    """The report goes by what runs have on record, the plan by the config: both name the same."""
    config = write_config(tmp_path)
    values = {
        "study.regimens": ["gold", "constant", "simple_mix", "pooled"], "study.seeds": [0],
        "study.max_steps": 30, "study.gold_sizes": [8], "study.keep": "none", "study.score_best": False,
        "study.comparisons": ["* - gold", "simple_mix - constant", "simple_mix - pooled"],
    }  # fmt: skip
    carry_out_study(config, tmp_path / "out", values)
    found = find_all(read_results(tmp_path / "out"))["comparisons"]
    plan = planned(config, tmp_path / "other", **{key.partition(".")[2]: v for key, v in values.items()})
    own = {
        (row["first"]["name"], row["second"]["name"]): [e["what"] for e in row["differences"] if e["own"]]
        for row in found
    }
    assert own == compared(plan)
    assert {pair for pair, things in own.items() if len(things) > 1} == {("simple_mix", "pooled")}
