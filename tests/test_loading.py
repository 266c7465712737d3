"""A trained pipeline loads where this package is not installed and the training files are gone."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import spacy
from spacy.cli.package import package

SENTENCE = "Bayo Adekunle flew from Lagos to Geneva for the United Nations on Monday."
# Runs without site-packages: only the folder given as the first argument is looked at for packages.
CODE = """
import sys
sys.path.append(sys.argv[1])
import importlib.util, spacy
if importlib.util.find_spec("spacy_distill"):
    raise SystemExit("spacy_distill can still be imported")
nlp = spacy.load(sys.argv[2])
print([(e.start, e.end, e.label_) for e in nlp(sys.argv[3]).ents])
"""


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links to every installed package but this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            if "spacy_distill" not in entry.name and entry.suffix != ".pth":
                (folder / entry.name).symlink_to(entry)
    return folder


def load_elsewhere(elsewhere: Path, model: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CODE, str(elsewhere), str(model), SENTENCE],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def entities(model: Path) -> str:
    return str([(e.start, e.end, e.label_) for e in spacy.load(model)(SENTENCE).ents])


@pytest.mark.parametrize("which", ["model-best", "model-last"])
def test_a_trained_pipeline_needs_neither_this_package_nor_its_training_files(
    which: str, sample_project: Path, elsewhere: Path, tmp_path: Path
):
    model = tmp_path / "model"
    shutil.copytree(sample_project / "training" / "cpu_simple_mix" / which, model)
    expected = entities(model)
    assert expected != "[]"
    assert load_elsewhere(elsewhere, model, tmp_path) == expected


def test_the_wheel_of_spacy_package_loads_and_requires_nothing_of_ours(
    sample_project: Path, elsewhere: Path, tmp_path: Path
):
    model = sample_project / "training" / "cpu_simple_mix" / "model-last"
    package(model, tmp_path, name="sample_ner", version="1.0.0", create_sdist=False, create_wheel=True)
    wheel = next(tmp_path.rglob("*.whl"))
    site = tmp_path / "site"
    shutil.copytree(elsewhere, site, symlinks=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        metadata = next(n for n in archive.namelist() if n.endswith("METADATA"))
        assert "distill" not in archive.read(metadata).decode().split("\n\n")[0].replace("sample_ner", "")
    assert load_elsewhere(site, "en_sample_ner", tmp_path) == entities(model)
