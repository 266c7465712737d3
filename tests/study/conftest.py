"""One small study, carried out once."""

from pathlib import Path

import pytest

from helpers.studying import carry_out_study, write_config
from spacy_distill import read_results
from spacy_distill.study.findings import find_all
from spacy_distill.study.results import StudyResults


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a small study, beside its corpora."""
    return write_config(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def study_dir(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished study of two regimens and two seeds."""
    out = tmp_path_factory.mktemp("studies") / "out"
    carry_out_study(config, out)
    return out


@pytest.fixture(scope="session")
def found(study_dir: Path) -> StudyResults:
    """The finished study."""
    return read_results(study_dir)


@pytest.fixture(scope="session")
def findings(found: StudyResults) -> dict:
    """What is to be said of it."""
    return find_all(found)
