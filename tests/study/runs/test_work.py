"""What a worker makes of a run that goes wrong."""

import sys

from spacy_distill.study import run as trial
from spacy_distill.study.run import Job
from spacy_distill.study.runner import work


def test_code_that_ends_the_process_fails_its_run_and_does_not_end_the_study(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "carry_out", lambda job, folder: sys.exit("bad vectors"))
    outcome = work(Job("a run", "", {}, {}), tmp_path / "0")
    assert "SystemExit: bad vectors" in outcome.error
