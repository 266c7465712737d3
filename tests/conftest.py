"""The sample project, run once for all tests that look at what it made."""

from pathlib import Path

import pytest

from support import copy_project, run_in


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project's folder after the workflow `all` and the command `train` (tok2vec student)."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    done = run_in(folder, "-m", "spacy", "project", "run", "all", ".", "--vars.student", "cpu")
    run_in(folder, "-m", "spacy", "project", "run", "train", ".", "--vars.student", "cpu")
    (folder / "output.txt").write_text(done.stdout, encoding="utf8")
    return folder
