"""A dev or test corpus that nothing can be scored on is refused before anything is trained."""

from pathlib import Path

import pytest
from confection import ConfigValidationError
from spacy.cli.train import train
from spacy.tokens import Doc
from spacy.vocab import Vocab
from typer.testing import CliRunner

from helpers.blending import make_docs
from helpers.studying import planned, write_config
from helpers.support import ROOT
from spacy_distill import DistillError, preview, write_docs
from spacy_distill.cli import app

STUDENT = ROOT / "configs" / "student_cpu.cfg"


def outside() -> list[Doc]:
    """Documents whose tokens are known to be no entity."""
    return [Doc(Vocab(), ["Ana", "left"], ents=["O", "O"]) for _ in range(3)]


BAD = {
    "no annotation": (lambda: [Doc(Vocab(), ["Ana", "left"])], "no label"),
    "no entity": (outside, "no label"),
    "other labels": (lambda: make_docs("dev", 3, "PLACE"), "PLACE"),
    "one label too many": (lambda: [*make_docs("dev", 3), *make_docs("more", 1, "PLACE")], "PLACE"),
}


@pytest.fixture
def overrides(tmp_path: Path) -> dict[str, object]:
    """A blend in a folder, and the values of a config that name it."""
    for name in ("gold", "distilled", "dev"):
        write_docs(make_docs(name, 8), tmp_path / f"{name}.spacy")
    paths = {f"paths.{name}": str(tmp_path / f"{name}.spacy") for name in ("gold", "distilled", "dev")}
    return {**paths, "training.max_steps": 2}


@pytest.mark.parametrize("kind", BAD)
def test_preview_and_train_refuse_a_dev_corpus_without_right_labels(overrides, tmp_path, kind, capsys):
    docs, message = BAD[kind]
    assert preview(STUDENT, overrides)
    write_docs(docs(), tmp_path / "dev.spacy")
    with pytest.raises(ConfigValidationError, match=message) as refused:
        preview(STUDENT, overrides)
    assert "dev.spacy" in str(refused.value)
    with pytest.raises(SystemExit):
        train(STUDENT, overrides=overrides)
    assert message in capsys.readouterr().out
    given = [word for name, value in overrides.items() for word in (f"--{name}", str(value))]
    done = CliRunner().invoke(app, ["preview", str(STUDENT), *given])
    assert done.exit_code == 1 and "dev.spacy" in "".join(done.output.split())


@pytest.mark.parametrize("name", ["dev", "test"])
@pytest.mark.parametrize("kind", BAD)
def test_a_study_refuses_such_a_dev_or_test_corpus(tmp_path, name, kind):
    config = write_config(tmp_path)
    assert planned(config, tmp_path / "out")
    write_docs(BAD[kind][0](), tmp_path / f"{name}.spacy")
    with pytest.raises(DistillError, match=rf"{name}\.spacy"):
        planned(config, tmp_path / "out")
