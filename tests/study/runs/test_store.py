"""The study's folder: whole runs or none."""

import os
from pathlib import Path

import pytest
import srsly

from spacy_distill.study.store import Store

RUN = Path("student/gold/gold-all/seed-0")


def results(folder, fingerprint="f"):
    folder.mkdir(parents=True)
    srsly.write_json(folder / "run.json", {"fingerprint": fingerprint})
    srsly.write_json(folder / "scores.json", {"sets": {}})
    (folder / "log.txt").write_text("a log")
    return folder


def test_a_run_is_done_once_its_results_are_kept(tmp_path):
    store = Store(tmp_path / "out")
    with store.opened() as scratch:
        assert not store.is_done(RUN, "f")
        store.keep(RUN, results(scratch / "0"))
    assert store.is_done(RUN, "f")
    assert not store.is_done(RUN, "another fingerprint")
    assert not scratch.exists()


def test_new_results_take_the_place_of_old_ones(tmp_path):
    store = Store(tmp_path / "out")
    with store.opened() as scratch:
        store.keep(RUN, results(scratch / "0", "old"))
        (store.root / RUN / "left-over").touch()
        store.keep(RUN, results(scratch / "1", "new"))
        assert sorted(place.name for place in scratch.iterdir()) == []
    assert store.is_done(RUN, "new")
    assert not (store.root / RUN / "left-over").exists()


@pytest.mark.parametrize("missing", ["run.json", "scores.json"])
def test_a_half_written_run_is_not_done(tmp_path, missing):
    store = Store(tmp_path)
    results(tmp_path / RUN)
    (tmp_path / RUN / missing).unlink()
    assert not store.is_done(RUN, "f")


def test_what_a_killed_study_left_is_removed(tmp_path):
    (tmp_path / ".running" / "0").mkdir(parents=True)
    (tmp_path / ".running" / "0" / "model").touch()
    with Store(tmp_path).opened() as scratch:
        assert list(scratch.iterdir()) == []


def test_two_studies_cannot_work_in_one_folder(tmp_path):
    with (
        Store(tmp_path).opened(),
        pytest.raises(ValueError, match="Another study is at work"),
        Store(tmp_path).opened(),
    ):
        pass
    with Store(tmp_path).opened():
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ValueError, match=r"Cannot write to .*file"),
        Store(tmp_path / "file" / "out").opened(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="Cannot write to"), Store(tmp_path / "out").opened():
        pass


def test_a_failure_is_kept_with_its_log_until_the_run_succeeds(tmp_path):
    store = Store(tmp_path / "out")
    with store.opened() as scratch:
        place = store.keep_failure(RUN, results(scratch / "0"), "ValueError: no luck")
        assert (place / "log.txt").read_text() == "a log"
        assert store.failure(RUN) == "ValueError: no luck"
        store.keep(RUN, results(scratch / "1"))
    assert store.failure(RUN) is None
    assert not (store.root / "failed").exists()
