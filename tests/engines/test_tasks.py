"""Jobs as tasks of a Ray cluster of two nodes."""

import os
from collections import Counter
from pathlib import Path

import pytest
import srsly

from helpers.note_task import note
from spacy_distill.engines.cluster import joined_cluster
from spacy_distill.engines.engine import RayOptions
from spacy_distill.engines.ray_engines import RayTasks
from spacy_distill.study.job import TrainingJob


def make_jobs(names, tmp_path, paths=None):
    (tmp_path / "scratch").mkdir()
    return [TrainingJob(name, str(tmp_path / f"{i}-died"), paths or {}, {}) for i, name in enumerate(names)]


def run(names, tmp_path, paths=None, **options):
    jobs, asked = make_jobs(names, tmp_path, paths), RayOptions(**options)
    with joined_cluster(asked) as workers:
        assert workers == 2
        return list(RayTasks(note, workers, asked).run(jobs, tmp_path / "scratch"))


def endings(events):
    return sorted((event.job.name, event.kind) for event in events if event.kind != "started")


def notes(events):
    return [srsly.read_json(event.folder / "note.json") for event in events if event.kind == "finished"]


def test_every_job_ends_once_whatever_happens_to_another(joined, tmp_path):
    events = run(["one", "fails", "dies once", "dies", "two"], tmp_path, retries=1)
    assert endings(events) == [
        ("dies", "failed"), ("dies once", "finished"), ("fails", "failed"), ("one", "finished"),
        ("two", "finished"),
    ]  # fmt: skip
    errors = {event.job.name: event.error for event in events if event.kind == "failed"}
    assert "no luck" in errors["fails"]
    assert "lost 2 times" in errors["dies"]
    assert {note["name"] for note in notes(events)} == {"one", "two", "dies once"}
    told = {event.facts["name"] for event in events if event.kind == "finished"}
    assert told == {"one", "two", "dies once"}
    assert all(set(note["threads"].values()) == {"1"} for note in notes(events))


@pytest.mark.parametrize("files", ["ship", "shared"])
def test_a_worker_is_given_the_files_and_gives_its_results_back(joined, tmp_path, files):
    corpus, folder = tmp_path / "corpus.txt", tmp_path / "encoder"
    corpus.write_text("words")
    folder.mkdir()
    (folder / "weights").write_bytes(os.urandom(100_001))
    events = run(["one"], tmp_path, {"corpus": str(corpus), "encoder": str(folder)}, files=files)
    (found,) = notes(events)
    text, place = sorted(found["files"], key=len)
    assert text == "words" and Path(place).name == "encoder"
    assert (place == str(folder)) == (files == "shared")
    assert all(event.folder.is_relative_to(tmp_path / "scratch") for event in events if event.folder)


def test_a_node_that_is_killed_loses_nothing_and_nothing_is_done_twice(joined, tmp_path):
    jobs, options = make_jobs([f"slow {i}" for i in range(6)], tmp_path), RayOptions()
    events = []
    with joined_cluster(options) as workers:
        for event in RayTasks(note, workers, options).run(jobs, tmp_path / "scratch"):
            events.append(event)
            if len(endings(events)) == 2 and joined.size == 2:
                joined.kill(1)
    assert endings(events) == [(f"slow {i}", "finished") for i in range(6)]
    assert Counter(note["name"] for note in notes(events)).most_common(1)[0][1] == 1


def test_equal_files_are_sent_once(joined):
    with joined_cluster(RayOptions()):
        from spacy_distill.engines.cluster import ship

        parcels = ship([__file__, os.path.relpath(__file__)])
        assert len({parcel.key for parcel in parcels.values()}) == 1
        assert len({parcel.data for parcel in parcels.values()}) == 1
        (parcel, _) = parcels.values()
        assert parcel.unpacked().read_text() == Path(__file__).read_text()


def test_a_worker_that_fits_on_no_node_is_refused_instead_of_waited_for(joined):
    with (
        pytest.raises(ValueError, match=r"takes 1 CPUs and 0\.5 GPUs, and no node"),
        joined_cluster(RayOptions(num_gpus=0.5)),
    ):
        pass
