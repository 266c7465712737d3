"""What a worker makes of a run that goes wrong."""

import sys

from spacy_distill.study.runs import trial
from spacy_distill.study.runs.job import Job
from spacy_distill.study.runs.work import work


def test_code_that_ends_the_process_fails_its_run_and_does_not_end_the_study(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "carry_out", lambda job, folder: sys.exit("bad vectors"))
    outcome = work(Job("a run", "", {}, {}), tmp_path / "0")
    assert "SystemExit: bad vectors" in outcome.error
