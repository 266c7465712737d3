"""A `.spacy` file that is damaged or something else is one line that names it, in every command."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers.damaged import DAMAGED, good, write_damaged
from helpers.predicting import make_blank
from helpers.studying import write_config
from helpers.support import ROOT
from helpers.warm import CONFIG
from spacy_distill.cli import app

STUDENT = str(ROOT / "configs" / "student_cpu.cfg")
BLEND = (
    "preview",
    STUDENT,
    "--paths.gold",
    "gold.spacy",
    "--paths.distilled",
    "cot.spacy",
    "--paths.dev",
    "dev.spacy",
)
INIT = ("init", "new", "--pool", "pool.spacy", "--gold", "gold.spacy", "--model", "m", "--student", "cpu")
# What is typed, and the files of it that are read, one of which is damaged.
COMMANDS = [
    (("annotate", "teacher.cfg", "pool.spacy", "out.spacy"), ("pool.spacy",)),
    (("annotate", "teacher.cfg", "pool.spacy", "out.spacy", "--dry-run"), ("pool.spacy",)),
    (
        ("audit", "cot.spacy", "--gold", "gold.spacy", "--test", "test.spacy"),
        ("cot.spacy", "gold.spacy", "test.spacy"),
    ),
    (("vote", "cot.spacy", "standard.spacy", "out.spacy"), ("cot.spacy", "standard.spacy")),
    (
        ("clean", "cot.spacy", "out.spacy", "--gold", "gold.spacy", "--epochs", "1"),
        ("cot.spacy", "gold.spacy"),
    ),
    (("import", "pool.spacy", "out.spacy", "--exclude", "gold.spacy"), ("pool.spacy", "gold.spacy")),
    (BLEND, ("gold.spacy", "cot.spacy", "dev.spacy")),
    (
        ("study", "study.cfg", "out", "--dry-run"),
        ("gold.spacy", "dev.spacy", "test.spacy", "pool.spacy", "cot.spacy"),
    ),
    (("predict", "model", "pool.spacy", "out"), ("pool.spacy",)),
    (INIT, ("pool.spacy", "gold.spacy")),
]
CASES = [(command, file) for command, files in COMMANDS for file in files]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with good corpora for every command."""
    folder = tmp_path_factory.mktemp("damaged")
    write_config(folder)
    make_blank(folder / "model")
    (folder / "teacher.cfg").write_text(CONFIG.replace('"LEDGER"', '"ledger.sqlite"'))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_one_line_in_every_command(filled, monkeypatch, kind):
    monkeypatch.chdir(filled)
    # Every kind meets a quarter of the commands, and every command a quarter of the kinds.
    for command, file in CASES[list(DAMAGED).index(kind) % 4 :: 4]:
        path = Path(file)
        kept = path.read_bytes()
        write_damaged(kind, path)
        try:
            done = CliRunner().invoke(app, list(command))
        finally:
            path.write_bytes(kept)
        where = (kind, command, file, done.output, repr(done.exception))
        said = "".join(done.output.split())
        if done.exit_code == 0 and (command[0], file) in (
            ("predict", "pool.spacy"),
            ("audit", "gold.spacy"),
            ("audit", "test.spacy"),
            ("import", "gold.spacy"),
        ):
            # Only the words are read; another file has the strings.
            assert "missing" in kind or "strings" in kind or command[0] == "predict", where
            Path("out.spacy").unlink(missing_ok=True)
            continue
        assert isinstance(done.exception, SystemExit) and done.exit_code == 1, where
        assert file in said, where
        assert "Traceback" not in done.output, where
        assert not Path("out.spacy").exists(), where


def test_a_good_file_of_the_same_kind_is_read(filled, tmp_path):
    place = tmp_path / "good.spacy"
    place.write_bytes(good())
    done = CliRunner().invoke(app, ["audit", str(place)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "command", [("import", "FOLDER", "out.spacy"), ("audit", "FOLDER"), ("predict", "model", "FOLDER", "out")]
)
def test_a_link_that_leaves_its_folder_is_not_followed(filled, monkeypatch, tmp_path, command):
    monkeypatch.chdir(filled)
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.spacy").write_bytes(good())
    (inner / "a.spacy").write_bytes(good())
    (inner / "b.spacy").symlink_to(inner / "a.spacy")
    arguments = [str(inner) if word == "FOLDER" else word for word in command]
    (inner / "c.spacy").symlink_to(tmp_path / "secret.spacy")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "c.spacyisalinkto" in "".join(done.output.split())
    (inner / "c.spacy").unlink()
    assert CliRunner().invoke(app, ["audit", str(inner)]).exit_code == 0
