"""No command writes onto what it reads, by whatever name it is given, or writes two things to one file."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.testing import CliRunner

from helpers.asking import Ledger, entry
from helpers.blending import make_docs
from helpers.committees import make_committee
from helpers.predicting import make_blank, write_rows
from helpers.studying import carry_out_study, write_config
from helpers.support import ROOT
from helpers.warm import CONFIG
from spacy_distill import write_docs
from spacy_distill.cli import app

STUDENT = str(ROOT / "configs" / "student_cpu.cfg")
BLEND = ("preview", "train.cfg", "--paths.gold", "gold.spacy", "--paths.distilled", "in.spacy")
CORPORA = ("--gold", "gold.spacy", "--distilled", "in.spacy", "--dev", "gold.spacy")
INIT = ("init", "OUT", "--pool", "texts", "--gold", "rows.jsonl", "--model", "m", "--labels", "LOC")

# What is typed for each output of each command, and what that command reads.
OUTPUTS = {
    "annotate out": (
        ("annotate", "teacher.cfg", "in.spacy", "OUT"),
        ("teacher.cfg", "in.spacy", "ledger.sqlite", "labels.yml"),
    ),
    "audit json": (
        ("audit", "in.spacy", "--gold", "gold.spacy", "--test", "shards", "--json", "OUT"),
        ("in.spacy", "gold.spacy", "shards", "shards/a.spacy"),
    ),
    "audit html": (
        ("audit", "in.spacy", "--gold", "gold.spacy", "--test", "shards", "--html", "OUT"),
        ("in.spacy", "gold.spacy", "shards", "shards/a.spacy"),
    ),
    "card out": (
        ("card", "study/tiny/gold/steps-6/gold-all/seed-0", "--out", "OUT"),
        ("study/plan.json", "study/tiny/gold/steps-6/gold-all/seed-0/run.json"),
    ),
    "clean out": (
        ("clean", "in.spacy", "OUT", "--gold", "gold.spacy", "--judge", "model"),
        ("in.spacy", "gold.spacy", "model", "model/config.cfg"),
    ),
    "committee out": (("committee", "train.cfg", "OUT", *CORPORA), ("train.cfg", "gold.spacy", "in.spacy")),
    "export out": (("export", "in.spacy", "OUT", "--format", "conll"), ("in.spacy",)),
    "relabel paths": (
        ("relabel", "committee", "in.spacy", "shards", "OUT", "--gold", "gold.spacy"),
        ("committee", "in.spacy", "shards", "gold.spacy"),
    ),
    "encoder folder": (("encoder", "OUT"), ("rows.jsonl",)),
    "import out": (
        ("import", "texts", "OUT", "--exclude", "gold.spacy"),
        ("texts", "texts/rows.jsonl", "gold.spacy"),
    ),
    "init folder": (INIT, ("texts", "rows.jsonl")),
    "ledger target": (("ledger", "ledger.sqlite", "export", "OUT"), ("ledger.sqlite",)),
    "ledger ledger": (("ledger", "OUT", "import", "answers.jsonl"), ("answers.jsonl",)),
    "predict out": (("predict", "model", "texts", "OUT"), ("model", "texts", "texts/rows.jsonl")),
    "preview out": ((*BLEND, "--out", "OUT"), ("train.cfg", "gold.spacy", "in.spacy")),
    "report out": (("report", "study", "--out", "OUT"), ("study/plan.json", "study/data.json")),
    "review out": (
        ("review", "committee", "in.spacy", "shards", "--out", "OUT", "--exclude", "gold.spacy"),
        ("committee", "in.spacy", "shards", "gold.spacy"),
    ),
    "select out": (
        (
            "select",
            "in.spacy",
            "OUT",
            "--budget",
            "1 docs",
            "--committee",
            "committee",
            "--exclude",
            "shards",
        ),
        ("in.spacy", "committee", "shards"),
    ),
    "study out": (("study", "study.cfg", "OUT"), ("study.cfg", "gold.spacy")),
    "vote paths": (("vote", "in.spacy", "gold.spacy", "OUT"), ("in.spacy", "gold.spacy")),
}
# Other ways to call some of them, which read something else.
MORE = {
    "annotate out, of what is disputed": (
        ("annotate", "teacher.cfg", "in.spacy", "OUT", "--only-disputed", "committee"),
        ("teacher.cfg", "in.spacy", "ledger.sqlite", "labels.yml", "committee", "committee/committee.json"),
    ),
    "select out, with a teacher": (
        ("select", "in.spacy", "OUT", "--budget", "1 docs", "--teacher", "teacher.cfg"),
        ("in.spacy", "teacher.cfg", "ledger.sqlite", "labels.yml"),
    ),
    "import out, of a review": (
        ("import", "rows.jsonl", "OUT", "--pool", "in.spacy"),
        ("rows.jsonl", "in.spacy"),
    ),
    "committee out, with a dev corpus": (
        ("committee", "train.cfg", "OUT", *CORPORA[:4], "--dev", "shards"),
        ("train.cfg", "shards", "shards/a.spacy"),
    ),
    "review out, without a committee": (
        ("review", "in.spacy", "gold.spacy", "--out", "OUT", "--format", "prodigy"),
        ("in.spacy", "gold.spacy"),
    ),
    "export out, as rows": (("export", "shards", "OUT", "--format", "jsonl"), ("shards", "shards/a.spacy")),
}
# All other paths that commands take are read. `--write` of preview is asked to change its config.
READ = {
    *("committee config", "committee gold", "committee distilled", "committee dev", "export src"),
    *("relabel committee", "relabel gold"),
    *("annotate config", "annotate source", "audit distilled", "audit gold", "audit test", "card run_dir"),
    *("clean source", "clean judge", "clean gold", "import src", "import exclude", "init pool", "init gold"),
    *("init dev", "init test", "ledger config", "ledger corpus", "predict corpus", "predict dev"),
    *("predict model",),
    *("annotate only_disputed", "import pool", "review paths", "review exclude", "select unlabelled"),
    *("select committee", "select teacher", "select exclude"),
    *("preview config", "preview code", "preview run", "report study_dir", "study config"),
}
ALIASES = ("same", "relative", "symlink", "hard link", "within")
CASES = [
    (name, read, alias)
    for name, (_, inputs) in {**OUTPUTS, **MORE}.items()
    for read in inputs
    for alias in ALIASES
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with something to read for every command."""
    folder = tmp_path_factory.mktemp("outputs")
    study = write_config(folder)
    carry_out_study(study, folder / "study", {"study.seeds": [0], "study.regimens": ["gold"]})
    for name in ("in.spacy", "gold.spacy", "shards/a.spacy"):
        write_docs(make_docs("word", 4), folder / name)
    for name in ("rows.jsonl", "texts/rows.jsonl"):
        write_rows(folder / name, 3)
    make_blank(folder / "model")
    make_committee(folder / "committee", {"gold/seed-0": {"word": "LOC"}, "cosine/seed-0": {"word": "PER"}})
    task = '[components.llm.task]\n@llm_tasks = "spacy_distill.NER.v1"'
    assert task in CONFIG
    config = CONFIG.replace('"LEDGER"', '"ledger.sqlite"').replace(
        task, f'{task}\ndefinitions = "labels.yml"'
    )
    (folder / "teacher.cfg").write_text(config)
    (folder / "labels.yml").write_text("PER: a person\n")
    (folder / "train.cfg").write_text(Path(STUDENT).read_text())
    with Ledger(folder / "ledger.sqlite") as ledger:
        ledger.put(entry())
    assert CliRunner().invoke(
        app, ["ledger", str(folder / "ledger.sqlite"), "export", str(folder / "answers.jsonl")]
    )
    return folder


def content(folder):
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "ledger" not in path.name
    }


def made_alias(alias: str, read: Path, name: str) -> Path | None:
    """Another name of what is read; None where there can be none."""
    if alias == "same":
        return read
    if alias == "relative":
        return read.parent / "nowhere" / ".." / read.name if os.name == "nt" else Path("texts") / ".." / read
    if alias == "within":
        return read / name if read.is_dir() else None
    if alias == "hard link" and read.is_dir():
        return None
    other = Path("other" + Path(name).suffix)
    other.symlink_to(read.absolute()) if alias == "symlink" else os.link(read, other)
    return other


@pytest.mark.parametrize(("name", "read", "alias"), CASES)
def test_an_output_that_is_read_is_refused_and_nothing_is_changed(filled, monkeypatch, name, read, alias):
    monkeypatch.chdir(filled)
    output = made_alias(alias, Path(read), "new.html" if name == "report out" else "new.png")
    if output is None:
        pytest.skip("there is no such alias")
    try:
        before = content(filled)
        arguments = [str(output) if word == "OUT" else word for word in {**OUTPUTS, **MORE}[name][0]]
        done = CliRunner().invoke(app, arguments)
        assert isinstance(done.exception, SystemExit) and done.exit_code == 1, (done.output, done.exception)
        assert "Traceback" not in done.output
        said = " ".join(done.output.split())
        # A report and shards are refused for a name that is none of theirs, too.
        assert "Choose another" in said or "ends in .html" in said or "expected a folder" in said
        assert content(filled) == before
    finally:
        Path("other.png").unlink(missing_ok=True)
        Path("other.html").unlink(missing_ok=True)


@pytest.mark.parametrize("second", ["one.file", "texts/../one.file", "link/one.file"])
def test_two_outputs_are_two_files(filled, monkeypatch, second):
    monkeypatch.chdir(filled)
    Path("link").symlink_to(filled)
    try:
        done = CliRunner().invoke(app, ["audit", "in.spacy", "--json", "one.file", "--html", second])
        assert done.exit_code == 1 and "are the same file" in " ".join(done.output.split())
        assert not Path("one.file").exists()
    finally:
        Path("link").unlink()


@pytest.mark.parametrize(
    "name", [name for name in OUTPUTS if name.split()[1] in ("json", "html", "out", "paths", "target")]
)
def test_a_folder_is_no_file_to_write(filled, monkeypatch, name):
    monkeypatch.chdir(filled)
    Path("empty.html").mkdir()
    try:
        arguments = ["empty.html" if word == "OUT" else word for word in OUTPUTS[name][0]]
        if name in ("predict out", "study out", "committee out"):
            pytest.skip("it writes a folder")
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1, done.output
        assert "is a folder; expected a file" in " ".join(done.output.split())
    finally:
        Path("empty.html").rmdir()


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes with a name")
@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize(
    "name", [name for name in OUTPUTS if name.split()[1] in ("json", "html", "out", "paths", "target")]
)
def test_a_device_or_a_pipe_is_not_replaced_by_a_file(filled, monkeypatch, tmp_path, name, link):
    if name in ("predict out", "study out", "committee out"):
        pytest.skip("it writes a folder")
    monkeypatch.chdir(filled)
    pipe = output = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    if link:
        output = tmp_path / "link.html"
        output.symlink_to(pipe)
    done = CliRunner().invoke(app, [str(output) if word == "OUT" else word for word in OUTPUTS[name][0]])
    assert done.exit_code == 1 and "Name a file to write" in " ".join(done.output.split()), done.output
    assert pipe.is_fifo() and output.is_symlink() == link


# Without those whose work is done by other processes, that ask the network, or all of whose documents are
# excluded: of these there are others.
UNTRIED = {"predict out", "study out", "encoder folder", "clean out", "review out", "select out"}
WRITTEN = sorted({*OUTPUTS, *MORE} - UNTRIED - {"annotate out, of what is disputed"})


@contextmanager
def without_room(limit):
    """No file may grow beyond so many bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [0, 100])
@pytest.mark.parametrize("name", WRITTEN)
def test_where_there_is_no_room_a_line_says_so_and_nothing_is_half_written(
    filled, monkeypatch, tmp_path, name, limit
):
    monkeypatch.chdir(shutil.copytree(filled, tmp_path / "copy"))
    write_docs(make_docs("word", 4, label="LOC"), Path("rows.spacy"))
    before = {path: path.stat().st_size for path in Path().rglob("*") if path.is_file()}
    output = {"init": "new", "committee": "new", "preview": "new.png"}.get(name.split()[0], "new.html")
    words = {"OUT": output, "rows.jsonl": "rows.spacy"}
    with without_room(limit):
        done = CliRunner().invoke(app, [words.get(word, word) for word in {**OUTPUTS, **MORE}[name][0]])
    assert isinstance(done.exception, SystemExit) and done.exit_code == 1, (done.output, done.exception)
    assert "Make room on the disk" in " ".join(done.output.split())
    after = {path: path.stat().st_size for path in Path().rglob("*") if path.is_file()}
    # A ledger that was just made may be there, and is one; side files of SQLite come and go.
    assert {path: size for path, size in after.items() if "ledger" not in path.name and size} == {
        path: size for path, size in before.items() if "ledger" not in path.name and size
    }
    assert CliRunner().invoke(app, ["ledger", "ledger.sqlite"]).exit_code == 0


def test_every_path_of_every_command_is_known_as_one_to_read_or_to_write():
    """A new output needs a line above, and with it the test."""
    found = {
        f"{command.name} {parameter}"
        for command in app.registered_commands
        for parameter, kind in get_type_hints(command.callback).items()
        if "Path" in str(kind)
    }
    known = {*OUTPUTS, *READ}
    assert found <= known
    assert {name for name in known if not name.endswith((" target", " model"))} <= found
