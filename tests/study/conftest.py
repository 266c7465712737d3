"""One small study, carried out once."""

from pathlib import Path

import pytest

from spacy_distill.study.findings import find_all
from spacy_distill.study.summary import Summary, read_summary
from studying import run_study, write_config


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a small study, beside its corpora."""
    return write_config(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def study_dir(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished study of two regimens and two seeds."""
    out = tmp_path_factory.mktemp("studies") / "out"
    run_study(config, out)
    return out


@pytest.fixture(scope="session")
def summary(study_dir: Path) -> Summary:
    """The finished study."""
    return read_summary(study_dir)


@pytest.fixture(scope="session")
def findings(summary: Summary) -> dict:
    """What is to be said of it."""
    return find_all(summary)
