"""The declared comparisons: which arms they pair, and how many there are."""

from dataclasses import replace

import pytest

from helpers.counting import Resampler
from helpers.studying import write_config
from spacy_distill import read_study
from spacy_distill.study.comparisons import compare_all
from spacy_distill.study.config import arms_of, make_runs
from spacy_distill.study.pairs import matched
from spacy_distill.study.results import RunResult, StudyResults

EQUAL = "cosine+equal_gold"


def read(folder, **values):
    return read_study(write_config(folder), {f"study.{name}": value for name, value in values.items()})[0]


def made_up(study, right):
    """A study whose runs have so many right entities in each article; others are not finished."""
    runs = make_runs(study)
    results = []
    for run in runs:
        if (found := right.get(run.arm.name)) is not None:
            rows = [
                {"document": str(i), "last": {"PER": [found + run.seed % 2, 40 - found, 40 - found]}}
                for i in range(10)
            ]
            results.append(RunResult(run, {"steps": 6}, {"test": rows}))
    return StudyResults(study, runs, results)


def test_the_family_is_that_of_the_plan_also_before_all_runs_are_finished(tmp_path):
    """Else a difference could be claimed half-way that the whole family does not allow."""
    study = read(tmp_path, regimens=["gold", "simple_mix", "cosine", "linear"], seeds=[0, 1, 2, 3, 4])
    results = made_up(study, {"gold": 20, "simple_mix": 25})
    (row,) = compare_all(results, Resampler(200))
    assert row["family"] == 3
    assert row["p_holm"] == pytest.approx(min(1, 3 * row["p"]))
    every = made_up(study, {"gold": 20, "simple_mix": 25, "cosine": 20, "linear": 20})
    again = next(r for r in compare_all(every, Resampler(200)) if r["first"]["name"] == "simple_mix")
    assert again["p_holm"] == row["p_holm"]


def test_equal_steps_and_equal_gold_are_never_mixed_up(tmp_path):
    study = read(
        tmp_path, regimens=["gold", "simple_mix", "cosine"], seeds=[0], hold=["steps", "gold"],
        comparisons=["* - gold", "* - cosine", "* - cosine+equal_gold"],
    )  # fmt: skip
    pairs = {(a.name, b.name) for a, b in matched(arms_of(make_runs(study)), study)}
    assert pairs == {
        ("simple_mix", "gold"), ("cosine", "gold"), ("simple_mix+equal_gold", "gold"), (EQUAL, "gold"),
        ("gold", "cosine"), ("simple_mix", "cosine"),
        ("gold", EQUAL), ("simple_mix+equal_gold", EQUAL),
    }  # fmt: skip


def test_arms_of_different_gold_sizes_or_students_are_not_compared(tmp_path):
    arms = arms_of(make_runs(read(tmp_path, gold_sizes=[4, 8], seeds=[0])))
    assert {(a.gold_size, b.gold_size) for a, b in matched(arms, read(tmp_path))} == {(4, 4), (8, 8)}
    other = [replace(arm, student="other") for arm in arms if arm.name == "gold"]
    mixes = [arm for arm in arms if arm.name != "gold"]
    assert not list(matched([*mixes, *other], read(tmp_path)))


def pairs_of(study):
    """The arms that are compared: regimen, steps and learning rate of each."""
    return {
        tuple((arm.regimen, arm.max_steps, arm.learn_rate) for arm in pair)
        for pair in matched(arms_of(make_runs(study)), study)
    }


def test_arms_are_compared_with_those_of_as_many_steps_and_the_same_rate(tmp_path):
    study = read(tmp_path, max_steps=[5, 9], learn_rates=[0.1, 0.2], seeds=[0])
    budgets = [(steps, rate) for steps in (5, 9) for rate in (0.1, 0.2)]
    assert pairs_of(study) == {(("simple_mix", *own), ("gold", *own)) for own in budgets}


def test_an_arm_whose_budget_no_other_has_is_compared_with_the_nearest(tmp_path):
    """Gold alone at its own budget, the blend at its own."""
    grids = {
        "blend": {"regimens": ["simple_mix"], "max_steps": [9], "learn_rates": [0.2]},
        "near": {"regimens": ["gold"], "max_steps": [5, 7], "learn_rates": [0.2]},
    }
    study = read(tmp_path, regimens=["gold"], max_steps=5, learn_rates=0.1, grids=grids, seeds=[0])
    assert pairs_of(study) == {
        (("simple_mix", 9, 0.2), ("gold", 5, 0.2)),
        (("simple_mix", 9, 0.2), ("gold", 7, 0.2)),
    }


def test_runs_of_different_processors_or_precision_are_named_where_they_are_paired(tmp_path):
    study = read(tmp_path, seeds=[0, 1, 2])
    results = made_up(study, {"gold": 20, "simple_mix": 25})
    for result in results.results:
        other = result.run.arm.name == "gold" and result.run.seed == 1
        result.record["machine"] = {"processor": "one", "precision": "fp32" if other else "bf16"}
    (row,) = compare_all(results, Resampler(50))
    assert row["across_processors"] == [1]
    assert row["label"] == "simple_mix − gold"
