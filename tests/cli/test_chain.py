"""Several commands in one process: in their order, until one fails."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_distill.cli import app


@pytest.mark.parametrize(
    ("third", "status", "made"),
    [
        ("import a.txt three.spacy --format conll", 1, ["one", "two"]),
        ("import", 2, ["one", "two"]),
        ("import a.txt three.spacy", 0, ["four", "one", "three", "two"]),
    ],
)
def test_commands_are_run_until_one_fails(third, status, made, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("Ada met Bob.\n", encoding="utf8")
    commands = ["import a.txt one.spacy", "import a.txt two.spacy", third, "import a.txt four.spacy"]
    done = CliRunner().invoke(app, ["chain", *commands])
    assert done.exit_code == status, done.output
    assert sorted(p.stem for p in tmp_path.glob("*.spacy")) == made
    assert all(f"spacy-distill {command}" in done.output for command in commands[:3])
