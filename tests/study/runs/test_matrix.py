"""The run matrix."""

from pathlib import Path

import pytest

from spacy_distill.study.config import arms_of, make_runs, read_study
from studying import write_config


def runs_of(config, **overrides):
    return make_runs(read_study(config, {f"study.{name}": value for name, value in overrides.items()})[0])


def test_a_run_has_a_folder_of_student_regimen_gold_and_seed(config):
    runs = runs_of(config, gold_sizes=[8, 0])
    assert Path("tiny/simple_mix/gold-8/seed-1") in {run.folder for run in runs}
    assert Path("tiny/gold/gold-all/seed-0") in {run.folder for run in runs}
    assert len(runs) == 2 * 2 * 2


def test_every_arm_gets_its_first_seed_before_any_its_second(config):
    seeds = [run.seed for run in runs_of(config, seeds=[3, 1])]
    assert seeds == [3, 3, 1, 1]


def test_what_sees_no_teacher_is_run_once_for_all_variants(config):
    names = [arm.name for arm in arms_of(runs_of(config, variants=["cot", "standard"], seeds=[0]))]
    assert names == ["gold", "simple_mix", "simple_mix+standard"]


def test_the_first_value_of_an_axis_leaves_no_trace_in_the_name(config):
    arms = arms_of(runs_of(config, rates=["student", "constant"], hold=["steps", "gold"], seeds=[0]))
    assert {arm.name for arm in arms} == {
        "gold", "gold+constant", "simple_mix", "simple_mix+equal_gold",
        "simple_mix+constant", "simple_mix+constant+equal_gold",
    }  # fmt: skip


def test_the_baseline_is_the_same_run_whatever_is_held(config):
    assert [arm.hold for arm in arms_of(runs_of(config, hold=["gold"], regimens=["gold"]))] == ["steps"]


def test_a_run_that_two_grids_ask_for_is_one_run(tmp_path):
    config = write_config(tmp_path, '\n[study.grids.more]\nregimens = ["gold", "cosine"]\n')
    names = [str(run) for run in runs_of(config)]
    assert len(names) == len(set(names)) == 6


def test_two_arms_never_share_a_folder(tmp_path):
    """A teacher called like a learning rate would give two arms one name, and one of them would be lost."""
    config = write_config(tmp_path, '\n[study.grids.more]\nvariants = ["cot", "constant"]\n')
    config.write_text(config.read_text().replace("\nstandard = ", "\nconstant = "))
    assert runs_of(config)
    with pytest.raises(ValueError, match=r"both be called 'simple_mix\+constant'"):
        runs_of(config, rates=["student", "constant"])
