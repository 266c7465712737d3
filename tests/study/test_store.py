"""The study's folder: whole runs or none."""

import os
from pathlib import Path

import pytest
import srsly

from spacy_distill.study.store import StudyFolder

RUN = Path("student/gold/steps-6/gold-all/seed-0")


def results(folder, fingerprint="f"):
    folder.mkdir(parents=True)
    srsly.write_json(folder / "run.json", {"fingerprint": fingerprint})
    srsly.write_json(folder / "scores.json", {"sets": {}})
    (folder / "log.txt").write_text("a log")
    return folder


def test_a_run_is_done_once_its_results_are_kept(tmp_path):
    folder = StudyFolder(tmp_path / "out")
    with folder.opened() as scratch:
        assert not folder.is_done(RUN, "f")
        folder.keep(RUN, results(scratch / "0"))
    assert folder.is_done(RUN, "f")
    assert not folder.is_done(RUN, "another fingerprint")
    assert not scratch.exists()


def test_new_results_take_the_place_of_old_ones(tmp_path):
    folder = StudyFolder(tmp_path / "out")
    with folder.opened() as scratch:
        folder.keep(RUN, results(scratch / "0", "old"))
        (folder.root / RUN / "left-over").touch()
        folder.keep(RUN, results(scratch / "1", "new"))
        assert not list(scratch.glob("[!.]*"))
    assert folder.is_done(RUN, "new")
    assert not (folder.root / RUN / "left-over").exists()


@pytest.mark.parametrize("missing", ["run.json", "scores.json"])
def test_a_half_written_run_is_not_done(tmp_path, missing):
    folder = StudyFolder(tmp_path)
    results(tmp_path / RUN)
    (tmp_path / RUN / missing).unlink()
    assert not folder.is_done(RUN, "f")


def test_what_a_killed_study_left_is_removed(tmp_path):
    (tmp_path / ".running" / "0").mkdir(parents=True)
    (tmp_path / ".running" / "0" / "model").touch()
    with StudyFolder(tmp_path).opened() as scratch:
        assert not list(scratch.glob("[!.]*"))


def test_two_studies_cannot_work_in_one_folder(tmp_path):
    holder = rf"Another study is at work in .*: process {os.getpid()} on .* since 20\d\d-.*Wait for it"
    for _ in range(2):
        with (
            StudyFolder(tmp_path).opened(),
            pytest.raises(ValueError, match=holder),
            StudyFolder(tmp_path).opened(),
        ):
            pass
    with StudyFolder(tmp_path).opened():
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ValueError, match=r"Cannot write to .*file"),
        StudyFolder(tmp_path / "file" / "out").opened(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="Cannot write to"), StudyFolder(tmp_path / "out").opened():
        pass


def test_a_failure_is_kept_with_its_log_until_the_run_succeeds(tmp_path):
    folder = StudyFolder(tmp_path / "out")
    with folder.opened() as scratch:
        place = folder.keep_failure(RUN, results(scratch / "0"), "ValueError: no luck")
        assert (place / "log.txt").read_text() == "a log"
        assert folder.failure(RUN) == "ValueError: no luck"
        folder.keep(RUN, results(scratch / "1"))
    assert folder.failure(RUN) is None
    assert not (folder.root / "failed").exists()
