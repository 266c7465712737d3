"""`spacy-distill predict` as a user types it."""

import sys

import pytest
from typer.testing import CliRunner

from helpers.predicting import read_out, write_rows
from helpers.support import run_in
from spacy_distill.cli import app


def invoke(*arguments):
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def test_a_corpus_is_predicted_and_what_was_set_aside_is_told(model, tmp_path):
    path = write_rows(tmp_path / "a.jsonl", 25)
    with path.open("a") as stream:
        stream.write("nonsense\n")
    command = ["-m", "spacy", "distill", "predict", str(model), "a.jsonl", "out", "--shard-size", "10"]
    done = run_in(tmp_path, *command, check=False)
    assert done.returncode == 3, done.stderr
    said = " ".join(done.stdout.split())
    assert "3 shards to do, 26 records" in said and "1 record set aside" in said
    assert "25 documents" in said
    assert [row["id"] for row in read_out(tmp_path / "out")] == [f"d{i}" for i in range(25)]
    again = invoke(model, path, tmp_path / "out", "--shard-size", "10")
    assert again.exit_code == 3 and "3 shards done" in again.output and "0 shards to do" in again.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none", "a.jsonl", "out"], "none is no trained pipeline"),
        (["MODEL", "b.jsonl", "out"], "No such corpus: b.jsonl"),
        (["MODEL", "empty", "out"], "holds no file of"),
        (["MODEL", "a.jsonl", "a.jsonl"], "expected a folder"),
        (["MODEL", "a.jsonl", "/proc/out"], "Cannot write to /proc/out"),
        (["MODEL", "a.jsonl", "out", "--jobs", "0"], "at least 1, got 0"),
        (["MODEL", "a.jsonl", "out", "--engine", "ray"], "Nobody answers at RAY_ADDRESS=127.0.0.1:1"),
    ],
)
def test_bad_input_is_explained_without_a_traceback(model, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    write_rows(tmp_path / "a.jsonl", 2)
    (tmp_path / "empty").mkdir()
    done = invoke(*(str(model) if argument == "MODEL" else argument for argument in arguments))
    assert done.exit_code == 1
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_without_ray_the_extra_is_named(model, tmp_path, monkeypatch):
    for name in ("ray", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    path = write_rows(tmp_path / "a.jsonl", 2)
    for options in (["--engine", "ray"], ["--format", "parquet"]):
        done = invoke(model, path, tmp_path / "out", *options)
        assert done.exit_code == 1 and "pip install 'spacy-distill[ray]'" in " ".join(done.output.split())
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.parquet").write_bytes(b"")
    done = invoke(model, tmp_path / "p", tmp_path / "out2")
    assert done.exit_code == 1 and "pip install" in " ".join(done.output.split())
