"""What is made once for many tests: the sample project after a run, a pipeline, and a Ray cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from helpers.predicting import make_model
from helpers.ray_cluster import Cluster
from helpers.support import copy_project, run_in

# How long an example takes says how busy the machine is: no reason to fail.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project's folder after the workflow `all` and the command `train` (tok2vec student)."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    done = run_in(folder, "-m", "spacy", "project", "run", "all", ".", "--vars.student", "cpu")
    run_in(folder, "-m", "spacy", "project", "run", "train", ".", "--vars.student", "cpu")
    (folder / "output.txt").write_text(done.stdout, encoding="utf8")
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster, as yet of its head alone."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def joined(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, of two nodes, whose address and token are in the environment."""
    while cluster.size < 2:
        cluster.add()
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    return cluster


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small pipeline."""
    return make_model(tmp_path_factory.mktemp("model") / "tiny")
