"""Study configs: what they may say, and what is told to a user who says something else."""

import pytest
from confection import ConfigValidationError

from helpers.studying import write_config
from spacy_distill import read_study


def test_a_config_is_read_and_can_be_overridden_on_the_command_line(config):
    study, resolved = read_study(config, {"study.max_steps": 9, "study.regimens": ["cosine"]})
    assert (study.max_steps, study.regimens, study.seeds) == ([9], ["cosine"], [0, 1])
    assert resolved["study"]["max_steps"] == 9


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"study.students": ["big"]}, ["'big'", "[study.configs]", "tiny"]),
        ({"study.variants": ["gpt"]}, ["'gpt'", "[study.teachers]", "cot"]),
        ({"study.rates": ["warp"]}, ["'warp'", "constant", "restart"]),
        ({"study.seeds": [1, 1]}, ["seeds", "listed twice: 1"]),
        ({"study.gold_sizes": [-5]}, ["gold_sizes", "0 for all"]),
        ({"study.hold": ["words"]}, ["hold", "steps", "gold"]),
        ({"study.heldout": 1.5}, ["heldout", "less than 1"]),
        ({"study.max_steps": 0}, ["max_steps", "greater than 0"]),
        ({"study.max_steps": []}, ["max_steps", "at least 1 item"]),
        ({"study.max_steps": [5, 5]}, ["max_steps", "listed twice"]),
        ({"study.learn_rates": [-0.1]}, ["learn_rates", "greater than or equal to 0"]),
        ({"study.learn_rates": float("inf")}, ["learn_rates", "finite"]),
        ({"study.keep": "some"}, ["keep", "last"]),
        ({"study.steps": 3}, ["study -> steps", "not permitted"]),
        ({"study.comparisons": ["gold"]}, ["comparisons", "first - second"]),
        ({"study.name": "a/b"}, ["name"]),
        ({"study.ledgers": {"cto": "a.sqlite"}}, ["'cto'", "[study.teachers]", "cot, standard"]),
        ({"study.tests": {"test": "a.spacy"}}, ["tests", "called test"]),
        ({"study.tests": {"gold": "a.spacy"}}, ["tests", "called gold"]),
        ({"study.tests": {"a/b": "a.spacy"}}, ["tests: 'a/b'", "name of a folder", "letters, digits"]),
        ({"study.teachers": {"cot": "a.spacy", "../up": "b.spacy"}}, ["teachers: '../up'"]),
        ({"study.teachers": {"cot": {"a\\b": "a.spacy"}}}, ["teachers", "name of a folder"]),
        ({"study.configs": {"tiny": "a.cfg", "a*b": "b.cfg"}}, ["configs: 'a*b'"]),
        ({"study.shares": {"late/r": {"@schedules": "constant.v1"}}}, ["shares: 'late/r'"]),
        ({"study.teachers": {"cot": "a.spacy", "gold": "b.spacy"}}, ["no teacher may be called gold"]),
        ({"study.teachers": {"cot": "a.spacy", "dev": "b.spacy"}}, ["no teacher may be called dev"]),
        (
            {"study.teachers": {"cot": "a.spacy"}, "study.tests": {"cot": "b.spacy"}},
            ["no teacher may be called cot"],
        ),
        (
            {"study.teachers": {"cot": {"a": "a.spacy"}, "cot-a": "b.spacy"}},
            ["would both be called 'cot-a'"],
        ),
        (
            {"study.teachers": {"cot": "{seed}.spacy", "cot-seed-1": "b.spacy"}},
            ["would both be called 'cot-seed-1'"],
        ),
        ({"study.corpora.pool": None}, ["heldout", "pool"]),
        ({"study.corpora.pool": None, "study.heldout": 0, "study.regimens": ["oracle"]}, ["oracle", "pool"]),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(config, overrides, words):
    with pytest.raises(ConfigValidationError) as caught:
        read_study(config, overrides)
    for word in words:
        assert word in str(caught.value)


def test_a_grid_takes_what_it_leaves_out_from_the_study(tmp_path):
    config = write_config(tmp_path, '\n[study.grids.more]\nregimens = ["cosine"]\nseeds = [7]\n')
    grid = read_study(config)[0].all_grids()["study.grids.more"]
    assert (grid.regimens, grid.seeds, grid.students) == (["cosine"], [7], ["tiny"])


def test_a_wrong_grid_is_named(tmp_path):
    config = write_config(tmp_path, '\n[study.grids.more]\nvariants = ["gpt"]\n')
    with pytest.raises(ConfigValidationError, match=r"study\.grids\.more\.variants"):
        read_study(config)


def test_a_student_cannot_be_called_as_a_folder_of_the_study(tmp_path):
    config = write_config(tmp_path)
    config.write_text(
        config.read_text().replace("\ntiny = ", "\ncorpora = ").replace('["tiny"]', '["corpora"]')
    )
    with pytest.raises(ConfigValidationError, match="no student may be called corpora"):
        read_study(config)


def test_a_file_that_is_not_there_and_one_that_is_no_study(tmp_path):
    with pytest.raises(ValueError, match="No such study config"):
        read_study(tmp_path / "none.cfg")
    other = tmp_path / "other.cfg"
    other.write_text('[nlp]\nlang = "en"\n')
    with pytest.raises(ConfigValidationError, match=r"no section \[study\]"):
        read_study(other)


def test_a_section_needs_no_empty_parent(tmp_path):
    late = '\n[study.shares.late]\n@schedules = "spacy_distill.simple_mix.v1"\nswitch = 0.8\n'
    config = write_config(tmp_path, late)
    config.write_text(config.read_text("utf8").replace("[study.train]\n", ""), encoding="utf8")
    study, _ = read_study(config, {"study.train.training.eval_frequency": 2})
    assert study.shares["late"]["switch"] == 0.8 and study.train["training"]["eval_frequency"] == 2
