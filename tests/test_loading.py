"""A trained pipeline loads where this package is not installed and the training files are gone."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.package import package
from spacy.cli.train import train
from spacy.tokens import DocBin

from helpers.blending import make_docs
from helpers.support import ROOT
from helpers.tiny_bert import write_tiny_bert

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


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with a tiny BERT, trained by the shipped config; encoder and corpora are gone."""
    folder = tmp_path_factory.mktemp("transformer")
    overrides: dict[str, Any] = {"paths.encoder": str(write_tiny_bert(folder / "files" / "encoder"))}
    for name, count in (("gold", 24), ("distilled", 24), ("dev", 4)):
        DocBin(docs=make_docs(name, count)).to_disk(folder / "files" / f"{name}.spacy")
        overrides[f"paths.{name}"] = str(folder / "files" / f"{name}.spacy")
    short = {"training.max_steps": 40, "training.eval_frequency": 40}
    quick = {"training.optimizer.learn_rate": 0.01}
    train(ROOT / "configs" / "student_minilm.cfg", folder, overrides={**overrides, **short, **quick})
    shutil.rmtree(folder / "files")
    return folder / "model-last"


def load_elsewhere(elsewhere: Path, model: str | Path, cwd: Path, text: str = SENTENCE) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CODE, str(elsewhere), str(model), text],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def entities(model: Path, text: str = SENTENCE) -> str:
    return str([(e.start, e.end, e.label_) for e in spacy.load(model)(text).ents])


def site_of_wheel(model: Path, folder: Path, elsewhere: Path) -> Path:
    """Packages to import from: all but this one, and the wheel that `spacy package` makes of a model."""
    package(model, folder, name="sample_ner", version="1.0.0", create_sdist=False, create_wheel=True)
    site = folder / "site"
    shutil.copytree(elsewhere, site, symlinks=True)
    with zipfile.ZipFile(next(folder.rglob("*.whl"))) as archive:
        archive.extractall(site)
        metadata = next(n for n in archive.namelist() if n.endswith("METADATA"))
        assert "distill" not in archive.read(metadata).decode().split("\n\n")[0].replace("sample_ner", "")
    return site


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
    site = site_of_wheel(model, tmp_path, elsewhere)
    assert load_elsewhere(site, "en_sample_ner", tmp_path) == entities(model)


def test_a_transformer_reads_documents_longer_than_its_window(transformer: Path):
    found = entities(transformer, "gold1" + 300 * " word" + " gold1")
    assert "(0, 1, 'LOC')" in found and "(301, 302, 'LOC')" in found


def test_a_transformer_loads_without_its_encoders_folder(transformer: Path, elsewhere: Path, tmp_path: Path):
    text = "gold1 word word"
    expected = entities(transformer, text)
    assert "(0, 1, 'LOC')" in expected
    site = site_of_wheel(transformer, tmp_path, elsewhere)
    assert load_elsewhere(site, "en_sample_ner", tmp_path, text) == expected
