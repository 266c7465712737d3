"""What every command shows where a traceback would help nobody."""

from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

from helpers.support import ROOT
from spacy_distill.cli import app
from spacy_distill.cli.console import duration

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
def test_a_config_that_is_not_text_is_told_as_that(arguments: tuple[str, ...], tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DocBin(docs=[Doc(Vocab(), ["Oslo"])]).to_disk("in.spacy")
    Path("wrong.cfg").write_bytes(b"\xbd\x00\xff")
    done = CliRunner().invoke(app, [arguments[0], "wrong.cfg", *arguments[1:]])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert "is not text" in done.output
    assert "0xbd" in done.output


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(8.4, "8 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"), (3599.6, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_a_duration_in_words(seconds: float, words: str):
    assert duration(seconds) == words
