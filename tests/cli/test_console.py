"""What every command shows where a traceback would help nobody."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_distill.cli import app
from support import ROOT

TEACHER = str(ROOT / "configs" / "teacher_cot.cfg")
STUDENT = str(ROOT / "configs" / "student_cpu.cfg")
STUDY = str(ROOT / "configs" / "study_sample.cfg")


@pytest.mark.parametrize(
    "arguments",
    [("annotate", TEACHER, "in.spacy", "out.spacy"), ("preview", STUDENT), ("study", STUDY, "out")],
)
def test_an_option_that_there_is_not_is_told_without_a_traceback(arguments: tuple[str, ...]):
    done = CliRunner().invoke(app, [*arguments, "--no-such-option"])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 2
    assert "--no-such-option" in done.output
    assert "--section.key value" in done.output


@pytest.mark.parametrize("arguments", [("annotate", "in.spacy", "out.spacy"), ("preview",), ("study", "out")])
def test_a_config_that_is_not_text_is_told_as_that(arguments: tuple[str, ...], tmp_path: Path):
    config = tmp_path / "wrong.cfg"
    config.write_bytes(b"\xbd\x00\xff")
    done = CliRunner().invoke(app, [arguments[0], str(config), *arguments[1:]])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert "is not text" in done.output
    assert "0xbd" in done.output
