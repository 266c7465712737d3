"""The local engine: worker processes."""

import pytest
import srsly

from helpers.note_task import note
from spacy_distill.engines.local import LocalEngine
from spacy_distill.study.job import TrainingJob


def run(names, tmp_path, workers=2):
    (tmp_path / "scratch").mkdir()
    jobs = [TrainingJob(name, str(tmp_path / f"{i}-died"), {}, {}) for i, name in enumerate(names)]
    return list(LocalEngine(note, workers).run(jobs, tmp_path / "scratch"))


def endings(events):
    return sorted((event.job.name, event.kind) for event in events if event.kind != "started")


def test_every_job_starts_and_ends_once_and_a_failing_one_stops_no_other(tmp_path):
    events = run(["one", "fails", "two"], tmp_path)
    assert endings(events) == [("fails", "failed"), ("one", "finished"), ("two", "finished")]
    assert sorted(e.job.name for e in events if e.kind == "started") == ["fails", "one", "two"]
    (failed,) = [event for event in events if event.kind == "failed"]
    assert "no luck" in failed.error


def test_a_task_that_raises_fails_its_job_and_stops_no_other(tmp_path):
    events = run(["one", "raises", "two"], tmp_path)
    assert endings(events) == [("one", "finished"), ("raises", "failed"), ("two", "finished")]
    assert any(event.error.strip().endswith("OSError: no space") for event in events)


def test_a_worker_computes_with_one_thread(tmp_path):
    (event,) = [event for event in run(["one"], tmp_path) if event.kind == "finished"]
    assert set(srsly.read_json(event.folder / "note.json")["threads"].values()) == {"1"}


def test_a_job_whose_worker_dies_is_done_again_and_no_other_is_lost(tmp_path):
    assert endings(run(["dies once", "one", "two", "three"], tmp_path)) == [
        ("dies once", "finished"), ("one", "finished"), ("three", "finished"), ("two", "finished"),
    ]  # fmt: skip


def test_a_job_that_always_kills_its_worker_fails_and_the_rest_goes_on(tmp_path):
    events = run(["one", "dies", "two"], tmp_path)
    assert endings(events) == [("dies", "failed"), ("one", "finished"), ("two", "finished")]
    assert any("worker process died" in event.error for event in events)


def test_no_jobs_need_no_workers(tmp_path):
    assert run([], tmp_path) == []


def test_at_least_one_job_at_a_time():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        LocalEngine(note, 0)
