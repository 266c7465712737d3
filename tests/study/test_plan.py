"""What runs are going to do: config, steps, and what they depend on."""

import re
import shutil
from pathlib import Path

import pytest
from confection import Config, ConfigValidationError
from spacy.vocab import Vocab

from helpers.studying import carry_out_study, make_sentences, planned, write_config
from helpers.support import ROOT
from spacy_distill import read_docs, views, write_docs


def config_of(plan, name, seed=0):
    (found,) = [p for p in plan.runs if p.run.arm.name == name and p.run.seed == seed]
    return Config().from_str(found.job.config)


def test_a_run_is_the_students_config_with_the_axes_in_it(config, tmp_path):
    made = config_of(planned(config, tmp_path, regimens=["cosine"]), "cosine", seed=1)
    assert made["corpora"]["train"]["share"]["@schedules"] == "spacy_distill.cosine.v1"
    assert made["corpora"]["train"]["seed"] == made["training"]["seed"] == 1
    assert made["training"]["max_steps"] == 6
    assert made["training"]["patience"] == 0
    assert made["training"]["eval_frequency"] == 3
    assert made["initialize"]["components"]["ner"]["labels"]["path"].endswith("gold.spacy")


def test_training_never_stops_before_its_last_step(tmp_path):
    config = write_config(tmp_path)
    config.write_text(config.read_text().replace("eval_frequency = 3", "eval_frequency = 3\npatience = 9"))
    assert config_of(planned(config, tmp_path / "c"), "simple_mix")["training"]["patience"] == 0


def test_labels_come_from_the_whole_gold_corpus_and_not_from_a_subset(config, tmp_path):
    made = config_of(planned(config, tmp_path, gold_sizes=[2]), "gold")
    assert made["paths"]["gold"] != made["paths"]["gold_labels"]
    assert made["initialize"]["components"]["ner"]["labels"]["path"] == made["paths"]["gold_labels"]


def test_gold_alone_gets_no_distilled_corpus(config, tmp_path):
    assert config_of(planned(config, tmp_path), "gold")["corpora"]["train"]["distilled"] is None


def test_the_oracle_is_simple_mix_with_gold_labels(config, tmp_path):
    made = config_of(planned(config, tmp_path, regimens=["oracle"]), "oracle")
    assert made["corpora"]["train"]["share"]["@schedules"] == "spacy_distill.simple_mix.v1"
    assert made["corpora"]["train"]["distilled"].endswith("oracle.spacy")


def test_a_regimen_of_ones_own_is_a_section(tmp_path):
    extra = (
        '\n[study.shares]\n\n[study.shares.late]\n@schedules = "spacy_distill.simple_mix.v1"\nswitch = 0.9\n'
    )
    made = config_of(planned(write_config(tmp_path, extra), tmp_path / "c", regimens=["late"]), "late")
    assert made["corpora"]["train"]["share"] == {
        "@schedules": "spacy_distill.simple_mix.v1", "switch": 0.9, "total_steps": 6,
    }  # fmt: skip


def test_a_schedule_that_nobody_knows_is_named(config, tmp_path):
    with pytest.raises(ValueError, match=r"Regimen 'zigzag'.*spacy_distill\.zigzag\.v1"):
        planned(config, tmp_path, regimens=["zigzag"])


def test_a_share_outside_its_range_is_refused_before_anything_is_trained(tmp_path):
    extra = '\n[study.shares]\n\n[study.shares.odd]\n@schedules = "constant.v1"\nrate = 2.0\n'
    with pytest.raises(ConfigValidationError, match="from 0 to 1"):
        planned(write_config(tmp_path, extra), tmp_path / "c", regimens=["odd"])


@pytest.mark.parametrize("rate", ["constant", "decay", "restart"])
def test_the_learning_rate_is_an_axis_that_keeps_the_students_rate(config, tmp_path, rate):
    plan = planned(config, tmp_path, rates=["student", rate], regimens=["simple_mix"])
    made = config_of(plan, f"simple_mix+{rate}")["training"]["optimizer"]["learn_rate"]
    assert made == {"@schedules": f"spacy_distill.{rate}_rate.v1", "rate": 0.001, "total_steps": 6}


@pytest.mark.parametrize(
    ("configured", "made"),
    [
        ({"@schedules": "warmup_linear.v1", "initial_rate": 0.5}, {"initial_rate": 0.002}),
        ({"@schedules": "spacy_distill.decay_rate.v1", "rate": 0.5}, {"rate": 0.002}),
        (0.5, 0.002),
    ],
)
def test_the_highest_learning_rate_is_an_axis_of_numbers(config, tmp_path, configured, made):
    student = Config().from_disk(ROOT / "configs" / "student_cpu.cfg", interpolate=False)
    student["training"]["optimizer"]["learn_rate"] = configured
    student.to_disk(tmp_path / "student.cfg")
    values = {"configs.tiny": str(tmp_path / "student.cfg"), "learn_rates": [0.0, 0.002], "seeds": [0]}
    plan = planned(config, tmp_path / "c", regimens=["gold"], **values)
    found = {p.run.folder: Config().from_str(p.job.config)["training"]["optimizer"] for p in plan.runs}
    own = found[Path("tiny/gold/steps-6/gold-all/seed-0")]["learn_rate"]
    other = found[Path("tiny/gold/steps-6-rate-0.002/gold-all/seed-0")]["learn_rate"]
    assert own == configured
    assert other == ({**configured, **made} if isinstance(made, dict) else made)


def test_a_learning_rate_reaches_the_other_shapes_too(config, tmp_path):
    plan = planned(config, tmp_path, rates=["constant"], learn_rates=0.004, regimens=["gold"])
    assert config_of(plan, "gold")["training"]["optimizer"]["learn_rate"]["rate"] == 0.004


def test_the_number_of_steps_is_an_axis_and_every_length_has_a_folder_of_its_own(config, tmp_path):
    plan = planned(config, tmp_path, max_steps=[5, 9], learn_rates=[0.001, 0.0001], hold=["steps", "gold"])
    assert len(fingerprints(plan)) == len(set(fingerprints(plan).values())) == 3 * 2 * 2 * 2
    steps = {p.run.folder.parts[1:3]: p.steps for p in plan.runs}
    assert steps["simple_mix", "steps-9-rate-0.0001"] == 9
    assert steps["simple_mix+equal_gold", "steps-9-rate-0.0001"] == 18
    assert [p.run.seed for p in plan.runs] == [0] * 12 + [1] * 12
    one = planned(config, tmp_path, max_steps=9, learn_rates=0.0001)
    assert fingerprints(one).items() <= fingerprints(plan).items()


def test_a_study_without_a_test_corpus_is_scored_on_dev(tmp_path):
    config = write_config(tmp_path)
    config.write_text(re.sub("\ntest = .*", "", config.read_text()))
    (tmp_path / "test.spacy").unlink()
    plan = planned(config, tmp_path / "out")
    assert {tuple(p.job.scored) for p in plan.runs} == {("dev", "heldout")}
    assert {tuple(p.job.predicted) for p in plan.runs} == {("pool",)}


def test_at_equal_gold_a_regimen_sees_as_much_gold_as_the_baseline(config, tmp_path):
    plan = planned(
        config, tmp_path, regimens=["gold", "simple_mix", "distilled"], hold=["steps", "gold"], max_steps=40
    )
    steps = {p.run.arm.name: p.steps for p in plan.runs}
    assert steps == {"gold": 40, "simple_mix": 40, "distilled": 40, "simple_mix+equal_gold": 80}
    assert list(plan.left_out) == ["tiny/distilled+equal_gold"]


def test_a_declared_comparison_that_fits_no_arm_is_told(config, tmp_path):
    declared = ["* - gold", "simple_mx - gold", "cosine - linear", "* - *"]
    plan = planned(config, tmp_path, comparisons=declared)
    assert list(plan.left_out) == ["simple_mx - gold", "cosine - linear", "* - *"]
    assert plan.left_out["simple_mx - gold"] == "no arm is called 'simple_mx'; there are gold, simple_mix"
    assert planned(config, tmp_path, baseline="golden").left_out.keys() == {"* - golden"}
    assert not planned(config, tmp_path, regimens=["gold"]).left_out


def test_a_student_that_blends_nothing_is_refused(config, tmp_path):
    (tmp_path / "plain.cfg").write_text("[paths]\n\n[corpora]\n\n[corpora.train]\npath = null\n")
    with pytest.raises(ValueError, match=r"has no \[corpora.train\] with a share"):
        planned(config, tmp_path / "c", **{"configs.tiny": str(tmp_path / "plain.cfg")})


def without(folder, *sections):
    """A student's config that lacks some sections, and what is below them."""
    student = Config().from_disk(ROOT / "configs" / "student_cpu.cfg", interpolate=False)
    for section in sections:
        *above, name = section.split(".")
        place = student
        for part in above:
            place = place[part]
        del place[name]
    student.to_disk(folder / "student.cfg")
    return {"configs.tiny": str(folder / "student.cfg")}


def test_a_student_needs_no_section_that_spacy_can_fill_in(config, tmp_path):
    student = without(tmp_path, "training.logger", "training.optimizer", "training.eval_frequency")
    out = tmp_path / "out"
    values = {"seeds": [0], "regimens": ["simple_mix"], "train.training": {"batcher": {"size": 4}}, **student}
    assert carry_out_study(config, out, {f"study.{name}": value for name, value in values.items()}) == [
        ("finished", "tiny/simple_mix/steps-6/gold-all/seed-0")
    ]
    assert planned(config, tmp_path / "c", **without(tmp_path, "initialize")).runs


def test_a_section_that_a_run_cannot_do_without_is_named(config, tmp_path):
    with pytest.raises(ValueError, match=r"has no \[paths\], where .*student_cpu\.cfg"):
        planned(config, tmp_path / "c", **without(tmp_path, "paths"))
    with pytest.raises(ValueError, match=r"\[training.optimizer\] has no rate"):
        planned(config, tmp_path / "c", rates=["decay"], **without(tmp_path, "training.optimizer"))


def fingerprints(plan):
    return {str(p.run): p.fingerprint for p in plan.runs}


def test_an_encoder_that_was_not_fetched_is_named_before_anything_is_trained(tmp_path):
    config = write_config(tmp_path)
    text = (ROOT / "configs" / "student_minilm.cfg").read_text()
    (tmp_path / "minilm.cfg").write_text(text.replace('"assets/encoder"', f'"{tmp_path}/encoder"'))
    config.write_text(re.sub(r"tiny = .*", f'tiny = "{tmp_path}/minilm.cfg"', config.read_text()))
    with pytest.raises(ValueError, match=r"no folder .*/encoder\. .*spacy-distill encoder"):
        planned(config, tmp_path / "c")
    (tmp_path / "encoder").mkdir()
    assert planned(config, tmp_path / "c").runs


def test_a_run_depends_on_content_and_not_on_places(config, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(config.parent, copy)
    (copy / "study.cfg").write_text(config.read_text().replace(config.parent.as_posix(), copy.as_posix()))
    assert fingerprints(planned(config, tmp_path / "a")) == fingerprints(
        planned(copy / "study.cfg", tmp_path / "b")
    )


def test_a_run_depends_on_what_corpora_say_and_not_on_how_their_labels_came_about(tmp_path):
    config = write_config(tmp_path)
    before = fingerprints(planned(config, tmp_path / "a"))
    docs = list(read_docs(tmp_path / "cot.spacy", Vocab()))
    for doc in docs:
        views(doc)["cot"]["model"] = "another"
    write_docs(docs, tmp_path / "cot.spacy")
    assert fingerprints(planned(config, tmp_path / "a")) == before


def test_changing_the_study_changes_only_the_runs_concerned(tmp_path):
    config = write_config(tmp_path)
    before = fingerprints(planned(config, tmp_path / "a"))
    write_docs(make_sentences("pool", 32, wrong=0.9), tmp_path / "cot.spacy")
    after = fingerprints(planned(config, tmp_path / "a"))
    changed = {run for run in before if before[run] != after[run]}
    assert changed == {run for run in before if "simple_mix" in run}
    longer = fingerprints(planned(config, tmp_path / "a", max_steps=7))
    assert not set(longer.values()) & set(after.values())
    assert fingerprints(planned(config, tmp_path / "a", keep="none", resamples=7)) == after
    elsewhere = planned(config, tmp_path / "a", ray={"num_cpus": 2, "files": "shared"})
    assert fingerprints(elsewhere) == after


def arms_of(plan):
    return list(dict.fromkeys(planned.run.arm for planned in plan.runs))


def test_a_run_has_a_folder_of_student_regimen_gold_and_seed(config, tmp_path):
    runs = [p.run for p in planned(config, tmp_path, gold_sizes=[8, 0]).runs]
    assert Path("tiny/simple_mix/steps-6/gold-8/seed-1") in {run.folder for run in runs}
    assert Path("tiny/gold/steps-6/gold-all/seed-0") in {run.folder for run in runs}
    assert len(runs) == 2 * 2 * 2


def test_every_arm_gets_its_first_seed_before_any_its_second(config, tmp_path):
    seeds = [p.run.seed for p in planned(config, tmp_path, seeds=[3, 1]).runs]
    assert seeds == [3, 3, 1, 1]


def test_what_sees_no_teacher_is_run_once_for_all_variants(config, tmp_path):
    names = [arm.name for arm in arms_of(planned(config, tmp_path, variants=["cot", "standard"], seeds=[0]))]
    assert names == ["gold", "simple_mix", "simple_mix+standard"]


def test_the_first_value_of_an_axis_leaves_no_trace_in_the_name(config, tmp_path):
    arms = arms_of(
        planned(config, tmp_path, rates=["student", "constant"], hold=["steps", "gold"], seeds=[0])
    )
    assert {arm.name for arm in arms} == {
        "gold", "gold+constant", "simple_mix", "simple_mix+equal_gold",
        "simple_mix+constant", "simple_mix+constant+equal_gold",
    }  # fmt: skip


def test_the_baseline_is_the_same_run_whatever_is_equal(config, tmp_path):
    assert [arm.hold for arm in arms_of(planned(config, tmp_path, hold=["gold"], regimens=["gold"]))] == [
        "steps"
    ]


def test_a_run_that_two_grids_ask_for_is_one_run(tmp_path):
    config = write_config(tmp_path, '\n[study.grids.more]\nregimens = ["gold", "cosine"]\n')
    names = [str(p.run) for p in planned(config, tmp_path / "out").runs]
    assert len(names) == len(set(names)) == 6


def test_two_arms_never_share_a_folder(tmp_path):
    """A teacher called like a learning rate would give two arms one name, and one of them would be lost."""
    config = write_config(tmp_path, '\n[study.grids.more]\nvariants = ["cot", "constant"]\n')
    config.write_text(config.read_text().replace("\nstandard = ", "\nconstant = "))
    assert planned(config, tmp_path / "out").runs
    with pytest.raises(ValueError, match=r"both be called 'simple_mix\+constant'"):
        planned(config, tmp_path / "out", rates=["student", "constant"])
