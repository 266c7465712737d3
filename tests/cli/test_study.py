"""`spacy-distill study` as a user types it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy
import srsly
from typer.testing import CliRunner

from helpers.studying import carry_out_study, write_config
from helpers.support import run_in
from spacy_distill import write_report
from spacy_distill.cli import app

RUN = "tiny/gold/steps-6/gold-all/seed-0"


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for worker processes in /proc")
def test_a_study_that_is_killed_goes_on_where_it_was_and_is_reported(config, tmp_path):
    out = tmp_path / "out"
    arguments = [str(config), str(out), "--study.seeds", "[0,1,2]", "--study.regimens", '["gold"]']
    command = [sys.executable, "-m", "spacy", "distill", "study", *arguments]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "1/3" in line:
            break
    workers = _children(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    finished = {place: place.stat().st_mtime_ns for place in out.glob("tiny/*/*/*/*/scores.json")}
    assert len(finished) in (1, 2) and workers
    unfinished = write_report(out, tmp_path / "unfinished.html").found
    assert unfinished.teachers and unfinished.data, "a report before the end lacks teachers and data"
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}/exe").exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its study"

    done = run_in(tmp_path, *command[1:], "--jobs", "2").stdout
    for words in ("3 runs", "✔ 3/3", "micro", "LOC", "Teachers", "report.html"):
        assert words in done
    assert all(place.stat().st_mtime_ns == before for place, before in finished.items())
    assert len(list(out.glob("tiny/*/*/*/*/scores.json"))) == 3
    assert not (out / ".running").exists()
    rows = list(srsly.read_jsonl(out / "scores.jsonl"))
    assert {(row["seed"], row["set"]) for row in rows} == {
        (i, name) for i in range(3) for name in ("test", "heldout")
    }
    assert {"micro", "macro_f", "labels"} <= set(rows[0]["last"])
    assert (out / "report.html").exists() and (out / "results.json").exists()


def _children(pid: int) -> list[int]:
    """The processes whose parent has this id."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(place.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(place.parent.name))
    return found


def test_a_plan_alone_trains_nothing(config, tmp_path):
    done = invoke(config, tmp_path / "out", "--dry-run", "--study.max_steps", "5")
    assert done.exit_code == 0, done.output
    assert "4 runs" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--study.regimens", '["zigzag"]'], "there is no schedule"),
        (["--study.students", '["big"]'], "unknown 'big'"),
        (["--study.gold_sizes", "[99]"], "asks for 99 documents"),
        (["--study.corpora.test", "nowhere.spacy"], "No such corpus: nowhere.spacy"),
        (["--jobs", "0"], "at least 1, got 0"),
        (["--engine", "ray", "--jobs", "0"], "at least 1, got 0"),
        (["--engine", "ray", "--study.ray.num_gpus", "0.5"], "set gpu = 0 and num_gpus"),
        (["--study.ray.num_cpus", "0"], "study -> ray -> num_cpus"),
    ],
)
def test_bad_input_is_explained_without_a_traceback(config, tmp_path, arguments, words):
    done = invoke(config, tmp_path / "out", *arguments)
    assert done.exit_code == 1
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_a_study_config_that_is_not_there(tmp_path):
    done = invoke(tmp_path / "none.cfg", tmp_path / "out")
    assert done.exit_code == 1 and "No such study config" in done.output


@pytest.mark.slow
def test_a_study_on_a_cluster_is_the_one_of_this_machine(joined, config, tmp_path):
    options = ["--study.seeds", "[0]", "--study.regimens", '["simple_mix"]', "--study.keep", "all"]
    command = ["-m", "spacy", "distill", "study", str(config), "ray", "--engine", "ray", *options]
    assert "✔ 1/1" in run_in(tmp_path, *command).stdout
    asked = {"study.seeds": [0], "study.regimens": ["simple_mix"], "study.keep": "all"}
    mix = RUN.replace("gold/", "simple_mix/", 1)
    assert carry_out_study(config, tmp_path / "local", asked) == [("finished", mix)]
    one, other = (srsly.read_json(tmp_path / name / mix / "scores.json") for name in ("ray", "local"))
    assert one == other
    assert spacy.load(tmp_path / "ray" / mix / "model-best").pipe_names == ["tok2vec", "ner"]
    assert carry_out_study(config, tmp_path / "ray", asked) == [("skipped", mix)]


def test_a_cluster_that_does_not_answer_is_named(config, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    done = invoke(config, tmp_path / "out", "--engine", "ray")
    assert done.exit_code == 1 and "Nobody answers at RAY_ADDRESS=127.0.0.1:1" in done.output


def test_without_ray_the_extra_is_named(config, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = invoke(config, tmp_path / "out", "--engine", "ray")
    assert done.exit_code == 1 and "pip install 'spacy-distill[ray]'" in " ".join(done.output.split())


def test_failed_runs_are_named_with_their_log_and_end_the_command_with_an_error(config, tmp_path):
    student = tmp_path / "broken.cfg"
    shipped = Path(__file__).parents[2] / "configs" / "student_cpu.cfg"
    student.write_text(shipped.read_text().replace('state_type = "ner"', 'state_type = "none"'))
    done = invoke(
        config, tmp_path / "out", "--study.configs.tiny", student, "--study.seeds", "[0]", "--jobs", "2"
    )
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "2 runs failed" in said and "log:" in said
    assert (tmp_path / "out" / "failed" / RUN / "log.txt").exists()
