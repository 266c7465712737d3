"""Several commands in one process: in their order, until one fails."""

import shlex
from pathlib import Path

import pytest

from helpers.support import ROOT, run_in

SCRIPT = str(ROOT / "scripts" / "distill.py")


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "a.txt").write_text("Ada met Bob.\n", encoding="utf8")
    return shlex.quote(str(tmp_path / "a.txt"))


def test_commands_are_run_until_one_fails(text: str, tmp_path: Path):
    commands = [f"import {text} {name}.spacy --format {format}" for name, format in
                (("one", "text"), ("two", "text"), ("three", "conll"), ("four", "text"))]  # fmt: skip
    done = run_in(tmp_path, SCRIPT, *commands, check=False)
    assert done.returncode == 1
    assert sorted(p.stem for p in tmp_path.glob("*.spacy")) == ["one", "two"]
    for command in commands[:3]:
        assert f"spacy distill {command}" in done.stdout
    assert "line 1" in done.stdout and "Traceback" not in done.stderr
