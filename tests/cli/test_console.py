"""What every command shows where a traceback would help nobody."""

import traceback
from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.main import get_command
from typer.testing import CliRunner, Result

from helpers.blending import make_docs
from helpers.support import ROOT
from spacy_distill.cli import app
from spacy_distill.cli.console import SHOWN, msg

TEACHER = str(ROOT / "configs" / "teacher_cot.cfg")
STUDENT = str(ROOT / "configs" / "student_cpu.cfg")
PATHS = ("--paths.gold", "gold.spacy", "--paths.distilled", "distilled.spacy")
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


def test_each_place_of_a_problem_has_a_line_of_its_own(capsys):
    places = [f"file, line {n}:\nnot usable" for n in range(SHOWN + 3)]
    msg.listing("places", places)
    _, *lines = capsys.readouterr().out.rstrip().split("\n")
    assert lines == [*(place.replace("\n", " ") for place in places[:SHOWN]), "… and 3 more"]


@pytest.mark.parametrize(("name", "command"), get_command(app).commands.items())
def test_help_shows_what_is_said_of_an_option(name, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    shown = " ".join(CliRunner().invoke(app, [name, "--help"]).output.split())
    for option in command.params:
        # Rich takes words in square brackets for markup, and shows nothing.
        assert (option.help or "") in shown
        if isinstance(option.show_default, str):
            assert f"[default: ({option.show_default})]" in shown


@pytest.mark.parametrize("arguments", [("annotate", "in.spacy", "out.spacy"), ("preview",), ("study", "out")])
def test_a_config_that_is_not_text_is_told_as_that(arguments: tuple[str, ...], tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DocBin(docs=[Doc(Vocab(), ["Oslo"])]).to_disk("in.spacy")
    Path("wrong.cfg").write_bytes(b"\xbd\x00\xff")
    done = CliRunner().invoke(app, [arguments[0], "wrong.cfg", *arguments[1:]])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert "wrong.cfg" in done.output and "UTF-8" in done.output
    assert "0xbd" in done.output


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with gold and distilled documents."""
    monkeypatch.chdir(tmp_path)
    for name in ("gold", "distilled"):
        DocBin(docs=make_docs(name, 20)).to_disk(f"{name}.spacy")
    return tmp_path


def preview(body: str) -> Result:
    """Preview with a schedule of one's own, whose generator has this body."""
    Path("mine.py").write_text(
        "from spacy import registry\n\n@registry.schedules('test_console.mine.v1')\n"
        f"def make(total_steps: int):\n    {body}\n    yield 0.5\n"
    )
    chosen = ("--corpora.train.share.@schedules", "test_console.mine.v1")
    return CliRunner().invoke(app, ["preview", STUDENT, "--code", "mine.py", *PATHS, *chosen])


@pytest.mark.parametrize(
    ("body", "error"),
    [("int('x')", ValueError), ("open('steps.txt')", FileNotFoundError), ("{}['share']", KeyError)],
)
def test_a_bug_in_a_schedule_of_ones_own_keeps_its_traceback(in_folder: Path, body: str, error: type):
    done = preview(body)
    assert type(done.exception) is error
    frames = traceback.extract_tb(done.exception.__traceback__)
    assert "mine.py" in {Path(frame.filename).name for frame in frames}


def test_code_that_cannot_be_imported_keeps_its_traceback(in_folder: Path):
    (in_folder / "mine.py").write_text("import nothing_of_that_name\n")
    done = CliRunner().invoke(app, ["preview", STUDENT, "--code", "mine.py"])
    assert type(done.exception) is ModuleNotFoundError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "text.txt", "in_the_way/x.spacy", "-f", "text"), "in_the_way"),
        (("preview", STUDENT, "--code", "none.py"), "none.py"),
        (("annotate", "unknown.cfg", "gold.spacy", "out.spacy"), "test.NoTask.v1"),
        (("annotate", "language.cfg", "gold.spacy", "out.spacy"), "'qqq' cannot be used"),
        (("preview", STUDENT, *PATHS, "--corpora.train.share.@schedules", "test.no.v1"), "test.no.v1"),
        (("report", "in_the_way"), "in_the_way"),
        (("card", "in_the_way"), "in_the_way"),
        (("predict", "gold.spacy", "text.txt", "out"), "gold.spacy"),
        (("clean", "in_the_way", "out.spacy"), "in_the_way"),
        (("vote", "gold.spacy", "in_the_way", "out.spacy"), "in_the_way"),
        (("audit", "gold.spacy", "--json", "in_the_way/audit.json"), "in_the_way"),
        (("audit", "gold.spacy", "--gold", "in_the_way"), "in_the_way"),
        (("ledger", "in_the_way"), "in_the_way"),
        (("ledger", "folder"), "folder"),
        (("audit", "folder"), "folder"),
        (("study", "folder", "out"), "folder"),
    ],
)
def test_what_the_user_can_mend_is_one_line(in_folder: Path, arguments: tuple[str, ...], message: str):
    (in_folder / "in_the_way").write_text("not what was expected")
    (in_folder / "text.txt").write_text("Ana left.")
    (in_folder / "folder").mkdir()
    for name, old, new in (
        ("unknown", "spacy_distill.NER.v1", "test.NoTask.v1"),
        ("language", '"en"', '"qqq"'),
    ):
        (in_folder / f"{name}.cfg").write_text(Path(TEACHER).read_text().replace(old, new))
    done = CliRunner().invoke(app, list(arguments))
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("place", "shown"), [("gold.spacy", True), ("elsewhere/gold.spacy", False)])
def test_an_error_of_the_system_is_one_line_where_the_user_named_the_file(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, shown: bool
):
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", place)

    monkeypatch.setattr("spacy.tokens.DocBin.from_bytes", fail)
    monkeypatch.setattr("spacy.tokens.DocBin.from_disk", fail)
    done = CliRunner().invoke(app, ["audit", "gold.spacy"])
    assert type(done.exception) is (SystemExit if shown else PermissionError)
