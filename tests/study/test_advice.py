"""What a study says to do next: it follows from the findings, and every sentence has its number."""

import re

import pytest

from helpers.studying import write_config
from spacy_distill import read_study
from spacy_distill.study.config import make_runs
from spacy_distill.study.findings import find_all
from spacy_distill.study.results import RunResult, StudyResults

TEN = list(range(10))


def advice_of(folder, right, *, articles=40, spread=0.0, dev=None, teachers=None, gold_seen=100, **values):
    """The advice on a study whose runs were right in so many of 40 entities of each article.

    right: that number by name of the arm; or a function of the run.
    spread: by how much it differs from seed to seed and from article to article in each arm.
    dev: looks at dev of every run, step and score.
    gold_seen: how many gold examples a run saw.
    teachers: of 40 entities of the pool, how many the labels of each have right.
    """
    study = read_study(write_config(folder), {f"study.{name}": value for name, value in values.items()})[0]
    runs = make_runs(study)
    results = []
    for run in runs:
        hits = right(run) if callable(right) else right[run.arm.name]
        rows = []
        for i in range(articles):
            # Not random, and no arm like another: a fixed pattern of each name.
            own = len(run.arm.name)
            wave = ((run.seed * 7 + own * 5) % 11 - 5) + ((i * 5 + own) % 7 - 3)
            tp = min(40, max(0, round(hits + spread * wave)))
            rows.append({"document": str(i), "last": {"PER": [tp, 40 - tp, 40 - tp]}})
        examples = {"gold": {"examples": 0 if run.arm.regimen == "distilled" else gold_seen, "words": 9}}
        if run.arm.regimen != "gold":
            examples["distilled"] = {"examples": 100, "words": 9}
        shares = {"gold": [0.0] * 6, "distilled": [1.0] * 6}.get(run.arm.regimen, [1.0] * 3 + [0.0] * 3)
        curve = [{"step": i, "planned": share, "share_total": share} for i, share in enumerate(shares)]
        blend = {
            "exposures": examples,
            "documents": {"gold": run.arm.gold_size or 24, "distilled": 30},
            "curve": curve,
            "scores": [{"step": step, "score": score} for step, score in dev or []],
        }
        record = {"steps": run.arm.max_steps, "seconds": {"training": 1.0}, "versions": {}}
        results.append(RunResult(run, record, {"test": rows}, blend))
    labels = {
        name: {"rows": [{"document": "a", "last": {"PER": [hits, 40 - hits, 40 - hits]}}], "documents": 1}
        for name, hits in (teachers or {}).items()
    }
    return find_all(StudyResults(study, runs, results, labels))["advice"]


def about(advice, kind):
    return [each["text"] for each in advice if each["about"] == kind]


def test_what_may_be_claimed_is_what_to_use(tmp_path):
    advice = advice_of(tmp_path, {"gold": 20, "simple_mix": 26}, seeds=TEN)
    (use,) = about(advice, "use")
    assert use.startswith("Use simple_mix: +15.0 points (") and use.endswith("10 seeds, over gold.")
    assert not about(advice, "drop") and not about(advice, "settle")


def test_what_is_worse_is_dropped_and_so_is_a_teacher_that_nobody_gains_by(tmp_path):
    advice = advice_of(tmp_path, {"gold": 30, "simple_mix": 24}, seeds=TEN)
    drop, leave = about(advice, "drop")
    assert drop.startswith("Drop simple_mix: −15.0 points")
    assert "none of 1 ways" in leave and "simple_mix, is at −15.0 points" in leave


def test_of_two_teachers_the_worse_is_dropped(tmp_path):
    names = {"gold": 20, "simple_mix": 26, "simple_mix+standard": 24}
    advice = advice_of(tmp_path, names, seeds=[0, 1], variants=["cot", "standard"])
    assert about(advice, "drop") == [
        "Drop the teacher standard: students of cot are +5.0 points better, mean of 1 way to train with at "
        "least 2 seeds each."
    ]


def test_a_teacher_below_the_student_of_gold_alone_that_nobody_gains_by_is_named(tmp_path):
    teachers = {"cot": 22, "standard": 34}
    advice = advice_of(tmp_path / "a", {"gold": 30, "simple_mix": 30}, seeds=[0], teachers=teachers)
    (text,) = (text for text in about(advice, "drop") if text.startswith("The teacher"))
    assert "cot does worse than the student of gold alone: F1 55.0 on the pool, 75.0 on test" in text
    # Labels that are worse, but many, can help all the same.
    advice = advice_of(tmp_path / "b", {"gold": 30, "simple_mix": 31}, seeds=[0], teachers=teachers)
    assert not about(advice, "drop")


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2], [7, 100, 3]])
def test_no_claim_is_followed_by_the_runs_that_settle_it(tmp_path, seeds):
    (text,) = about(advice_of(tmp_path, {"gold": 20, "simple_mix": 30}, seeds=seeds), "settle")
    assert text.startswith("One comparison carries no claim:")
    listed = [int(n) for n in re.search(r"seeds = \[(.*)\]", text)[1].split(", ")]
    assert listed[: len(seeds)] == seeds and len(set(listed)) == len(listed) == 10
    again = advice_of(tmp_path, {"gold": 20, "simple_mix": 30}, seeds=listed)
    assert not about(again, "settle") and about(again, "use")


def test_few_articles_are_named_with_their_number(tmp_path):
    (text,) = about(advice_of(tmp_path, {"gold": 20, "simple_mix": 30}, seeds=TEN, articles=12), "settle")
    assert "test has 12 of the 20 articles" in text


def test_within_noise_says_how_many_seeds_or_articles_it_would_take(tmp_path):
    advice = advice_of(tmp_path, {"gold": 20, "simple_mix": 20.6}, seeds=TEN, spread=1.0)
    (text,) = about(advice, "settle")
    assert "is within noise" in text and re.search(r"about \d+ (seeds|articles)|\d times as many", text)


def test_steps_that_still_gain_ask_for_more_and_others_say_what_is_enough(tmp_path):
    rising = {300: 20, 600: 24, 1200: 27}
    advice = advice_of(
        tmp_path / "a", lambda run: rising[run.arm.max_steps], seeds=[0], max_steps=[300, 600, 1200]
    )
    gold, mix = about(advice, "train")
    assert gold.startswith("Train gold longer: 1,200 steps are +7.5 points better than 600 (F1 67.5)")
    assert gold.endswith("Try 2,400.") and mix.startswith("Train simple_mix longer")
    flat = {300: 20, 600: 24, 1200: 24}
    advice = advice_of(
        tmp_path / "b", lambda run: flat[run.arm.max_steps], seeds=[0], max_steps=[300, 600, 1200]
    )
    assert about(advice, "train")[0] == (
        "600 steps are enough for gold: F1 60.0, and the best of the longer runs is +0.0 points from it."
    )


def test_a_dev_score_that_still_rises_asks_for_longer_training(tmp_path):
    looks = [(0, 0.0), (150, 0.6), (300, 0.66)]
    advice = advice_of(tmp_path, {"gold": 20, "simple_mix": 20}, seeds=[0], max_steps=300, dev=looks)
    (text,) = about(advice, "train")
    # Of simple_mix it would say nothing: its gold comes late.
    assert "300 steps gold still gained +6.0 points of F1 on dev. Try max_steps = 600." in text
    calm = [(0, 0.0), (150, 0.6), (300, 0.605)]
    advice = advice_of(tmp_path, {"gold": 20, "simple_mix": 20}, seeds=[0], max_steps=300, dev=calm)
    assert not about(advice, "train")


def test_a_learning_curve_says_whether_to_label_more(tmp_path):
    curve = {4: 16, 8: 20, 16: 24}

    def right(run):
        return curve[run.arm.gold_size] + 3 * (run.arm.name != "gold")

    advice = advice_of(tmp_path, right, seeds=[0, 1], gold_sizes=[4, 8, 16])
    more, *worth = about(advice, "label")
    assert more == "Label more: gold gains +10.0 points from 8 to 16 documents."
    assert worth[0].startswith("simple_mix with 4 gold documents is as good as gold with 7 (")


def test_a_curve_of_runs_that_hardly_saw_their_gold_is_no_reason_to_stop_labelling(tmp_path):
    advice = advice_of(tmp_path, lambda run: 20, seeds=[0], gold_sizes=[12, 24], gold_seen=60)
    assert not about(advice, "label")
    assert "gold saw its 24 documents 2.5 times in 6 steps." in about(advice, "train")[0]


def test_a_claim_about_arms_that_differ_in_several_things_is_taken_apart(tmp_path):
    grids = {"long": {"regimens": ["simple_mix"], "max_steps": 9}}
    axes = {"seeds": TEN, "regimens": ["gold"], "max_steps": 5, "grids": grids}
    advice = advice_of(tmp_path, {"gold": 20, "simple_mix": 28}, **axes)
    (text,) = about(advice, "separate")
    assert "but of what is not known: the two differ in share of gold 50% / 100%; steps 9 / 5" in text


def test_every_sentence_has_a_number(tmp_path):
    advice = advice_of(
        tmp_path, {"gold": 22, "simple_mix": 22.4, "distilled": 10, "cosine": 29}, seeds=TEN, spread=0.5,
        regimens=["gold", "simple_mix", "distilled", "cosine"], dev=[(0, 0), (2, 0.3), (6, 0.9)],
    )  # fmt: skip
    assert {each["about"] for each in advice} == {"use", "drop", "train", "settle"}
    assert all(re.search(r"\d", each["text"]) for each in advice)


def test_a_study_without_a_finished_run_gives_no_advice(tmp_path):
    study = read_study(write_config(tmp_path))[0]
    assert find_all(StudyResults(study, make_runs(study), []))["advice"] == []
