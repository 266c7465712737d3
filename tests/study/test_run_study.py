"""Carrying out a study: every run once, whole, and the same each time."""

import json
from pathlib import Path

import pytest
import spacy
import srsly
from confection import Config

from helpers.studying import carry_out_study, write_config
from spacy_distill import read_results
from spacy_distill.corpus.files import read_text

RUNS = [
    f"tiny/{regimen}/steps-6/gold-all/seed-{seed}" for seed in (0, 1) for regimen in ("gold", "simple_mix")
]


def test_a_finished_run_has_its_config_its_blend_its_scores_and_its_model(study_dir):
    folder = study_dir / RUNS[1]
    assert sorted(place.name for place in folder.iterdir()) == [
        "blend.jsonl", "config.cfg", "log.txt", "model-last", "predictions.jsonl.gz", "run.json",
        "scores.json",
    ]  # fmt: skip
    rows = srsly.read_json(folder / "scores.json")["sets"]
    assert {name: len(found) for name, found in rows.items()} == {"test": 16, "heldout": 8}
    assert rows["test"][0]["document"] == "test-0"
    record = srsly.read_json(folder / "run.json")
    assert (record["regimen"], record["seed"], record["steps"]) == ("simple_mix", 0, 6)
    assert set(record["seconds"]) == {"loading", "training", "dev", "saving", "scoring"}
    assert all(seconds > 0 for seconds in record["seconds"].values())
    assert record["machine"]["processor"]
    assert record["machine"]["precision"] == "fp32"
    assert len(record["inputs"]["gold"]["sha256"]) == 64
    assert spacy.load(folder / "model-last").pipe_names == ["tok2vec", "ner"]


def test_the_config_of_a_run_is_complete(study_dir):
    config = Config().from_disk(study_dir / RUNS[0] / "config.cfg")
    assert config["corpora"]["train"]["share"]["@schedules"] == "spacy_distill.gold.v1"
    assert Path(config["paths"]["gold"]).exists()


def test_a_run_keeps_what_it_found_in_test_dev_and_pool(study_dir):
    """Committees are made of it: the pool's part that is trained on and the held-out part are apart."""
    lines = list(srsly.read_gzip_jsonl(study_dir / RUNS[1] / "predictions.jsonl.gz"))
    assert {line["set"] for line in lines} == {"test", "heldout", "dev", "pool"}
    ids = {name: {line["id"] for line in lines if line["set"] == name} for name in ("pool", "heldout")}
    assert not ids["pool"] & ids["heldout"]
    assert all(key.startswith("pool:") for found in ids.values() for key in found)
    record = srsly.read_json(study_dir / RUNS[1] / "run.json")
    assert set(record["predicted"]) == {"dev", "pool"}


def test_no_text_of_a_corpus_is_in_the_results_of_a_run(study_dir):
    for name in ("scores.json", "predictions.jsonl.gz", "blend.jsonl", "run.json"):
        assert "visited" not in read_text(study_dir / RUNS[0] / name)


def test_a_finished_run_is_never_done_again_and_a_changed_study_does_only_what_changed(tmp_path):
    config, out = write_config(tmp_path), tmp_path / "out"
    one = {"study.seeds": [0], "study.keep": "none"}
    assert carry_out_study(config, out, one) == [("finished", RUNS[0]), ("finished", RUNS[1])]
    before = (out / RUNS[0] / "scores.json").stat().st_mtime_ns
    assert carry_out_study(config, out, one) == [("skipped", RUNS[0]), ("skipped", RUNS[1])]
    more = {**one, "study.regimens": ["gold", "simple_mix", "cosine"]}
    assert carry_out_study(config, out, more)[-1] == ("finished", "tiny/cosine/steps-6/gold-all/seed-0")
    assert (out / RUNS[0] / "scores.json").stat().st_mtime_ns == before
    assert not (out / RUNS[0] / "model-last").exists()
    changed = {
        **one,
        "study.shares": {"simple_mix": {"@schedules": "spacy_distill.simple_mix.v1", "switch": 0.3}},
    }
    assert carry_out_study(config, out, changed) == [("skipped", RUNS[0]), ("finished", RUNS[1])]


def test_the_same_run_gives_the_same_scores(study_dir, config, tmp_path):
    carry_out_study(config, tmp_path / "out", {"study.regimens": ["simple_mix"], "study.seeds": [1]})
    again = (tmp_path / "out" / RUNS[3] / "predictions.jsonl.gz").read_bytes()
    assert again == (study_dir / RUNS[3] / "predictions.jsonl.gz").read_bytes()


def test_a_failing_run_is_recorded_and_does_not_stop_the_rest(tmp_path):
    config, out = write_config(tmp_path), tmp_path / "out"
    broken = tmp_path / "broken.cfg"
    text = Path(str(read_student(config))).read_text()
    broken.write_text(text.replace("hidden_width = 64", "hidden_width = -1"))
    both = {
        "study.configs": {"tiny": str(broken), "fine": str(read_student(config))},
        "study.students": ["tiny", "fine"],
    }
    happened = carry_out_study(config, out, {**both, "study.seeds": [0], "study.regimens": ["gold"]})
    assert happened == [("failed", RUNS[0]), ("finished", RUNS[0].replace("tiny", "fine"))]
    assert (out / "failed" / RUNS[0] / "log.txt").exists()
    assert list(read_results(out).failures) == [RUNS[0]]
    assert not (out / RUNS[0]).exists()


def read_student(config):
    return Config().from_disk(config)["study"]["configs"]["tiny"]


@pytest.mark.parametrize("keep", ["all", "none"])
def test_models_are_kept_as_asked(config, tmp_path, keep):
    carry_out_study(config, tmp_path, {"study.regimens": ["gold"], "study.seeds": [0], "study.keep": keep})
    kept = {place.name for place in (tmp_path / RUNS[0]).iterdir() if place.is_dir()}
    assert kept == ({"model-last", "model-best"} if keep == "all" else set())


def test_model_best_is_a_second_column_that_can_be_left_out(study_dir, config, tmp_path):
    rows = srsly.read_json(study_dir / RUNS[0] / "scores.json")["sets"]["test"]
    assert all({"last", "best"} <= set(row) for row in rows)
    carry_out_study(
        config, tmp_path, {"study.regimens": ["gold"], "study.seeds": [0], "study.score_best": False}
    )
    rows = srsly.read_json(tmp_path / RUNS[0] / "scores.json")["sets"]["test"]
    assert all("best" not in row for row in rows)


def test_regimens_of_a_seed_are_paired(study_dir):
    """They share the gold documents and start from the same network: before the first update all is equal."""
    hashes = {
        json.loads((study_dir / run / "run.json").read_text())["inputs"]["gold"]["sha256"] for run in RUNS
    }
    assert len(hashes) == 2
