"""`spacy-distill preview` as a user runs it."""

import json
from pathlib import Path

import pytest
from spacy.tokens import DocBin
from typer.testing import CliRunner

from helpers.blending import make_docs
from helpers.support import ROOT
from spacy_distill.cli import app

CONFIG = str(ROOT / "configs" / "student_cpu.cfg")


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    for name, count in (("gold", 20), ("distilled", 40)):
        DocBin(docs=make_docs(name, count)).to_disk(tmp_path / f"{name}.spacy")
    return [
        "--paths.gold",
        str(tmp_path / "gold.spacy"),
        "--paths.distilled",
        str(tmp_path / "distilled.spacy"),
    ]


def preview(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["preview", CONFIG, *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_it_shows_curves_and_totals(paths: list[str], tmp_path: Path):
    shown = preview(*paths, "--training.max_steps", "100", "--out", str(tmp_path / "blend.svg"))
    assert "█" * 30 + "▁" * 30 in shown
    assert "mean 0.495" in shown
    distilled = next(line for line in shown.splitlines() if line.startswith("distilled")).split()
    assert distilled == ["distilled", "40", "-", "0-49", "800", "4,000", "20.00"]
    assert (tmp_path / "blend.svg").is_file()


def test_the_suggested_steps_are_shown_and_written_if_asked(paths: list[str], tmp_path: Path):
    assert "max_steps = 600 (--write sets it)" in preview(*paths)
    place = tmp_path / "train.cfg"
    place.write_text(Path(CONFIG).read_text().replace("max_steps = 600", "max_steps = 900"))
    done = CliRunner().invoke(app, ["preview", str(place), *paths, "--write"])
    assert done.exit_code == 0, done.output
    assert place.read_text() == Path(CONFIG).read_text()


def test_one_override_chooses_the_regimen(paths: list[str]):
    shown = preview(*paths, "--corpora.train.share.@schedules", "spacy_distill.linear.v1")
    assert "█▇" in shown
    assert "mean 0.500" in shown


def test_a_schedule_of_ones_own_is_shown(paths: list[str], tmp_path: Path):
    code = tmp_path / "half.py"
    code.write_text(
        "from itertools import repeat\nfrom spacy import registry\n"
        "@registry.schedules('test_preview.half.v1')\n"
        "def make_half(total_steps: int):\n    return repeat(0.25)\n"
    )
    chosen = ["--corpora.train.share.@schedules", "test_preview.half.v1"]
    assert "mean 0.250" in preview(*paths, "--code", str(code), *chosen)
    done = CliRunner().invoke(app, ["preview", CONFIG, *paths, "--code", str(tmp_path / "none.py"), *chosen])
    assert done.exit_code == 1
    assert "none.py" in done.output


def test_a_run_is_laid_over_its_plan(paths: list[str], tmp_path: Path):
    (tmp_path / "blend.jsonl").write_text(
        '{"kind": "plan", "updates": 601}\n'
        '{"kind": "step", "step": 0, "share_total": 0.25, "learn_rate": 0.1, '
        '"examples": {"gold": 12, "distilled": 4}, "words": {"gold": 60, "distilled": 21}}\n'
    )
    shown = preview(*paths, "--run", str(tmp_path), "--out", str(tmp_path / "blend.png"))
    assert "realised" in shown
    assert "mean 0.250" in shown
    assert next(line for line in shown.splitlines() if line.startswith("gold")).split()[-2:] == ["12", "60"]


@pytest.mark.parametrize(("every", "last", "width"), [(1, 300, 30), (50, 300, 30), (1, 600, 60), (1, 9, 1)])
def test_a_run_that_was_cut_off_is_drawn_as_far_as_it_came(
    paths: list[str], tmp_path: Path, every: int, last: int, width: int
):
    steps = [
        {"kind": "step", "step": step, "share_total": 1.0, "learn_rate": 0.1, "words": {"gold": 0},
         "examples": {"gold": 0, "distilled": 4 * step + 4}}
        for step in range(0, last + 1, every)
    ]  # fmt: skip
    steps[0]["words"] = steps[-1]["words"] = {"gold": 0, "distilled": 9}
    lines = [json.dumps(line) for line in ({"kind": "plan", "updates": 601}, *steps)]
    (tmp_path / "blend.jsonl").write_text("\n".join(lines) + '\n{"kind": "st')
    shown = preview(*paths, "--run", str(tmp_path))
    drawn = next(line for line in shown.splitlines() if "realised" in line)
    assert drawn.count("█") == width
    assert "overrides" not in shown


def test_a_run_of_another_length_is_told(paths: list[str], tmp_path: Path):
    (tmp_path / "blend.jsonl").write_text('{"kind": "plan", "updates": 301}\n')
    shown = " ".join(preview(*paths, "--run", str(tmp_path)).split())
    assert "planned for 301 updates, this config makes 601" in shown


def test_a_trap_is_refused_with_the_line_to_change(paths: list[str]):
    done = CliRunner().invoke(app, ["preview", CONFIG, *paths, "--training.max_epochs", "3"])
    assert done.exit_code == 1
    assert "Set max_epochs = -1" in done.output
    assert "Traceback" not in done.output


def test_a_patience_is_warned_about(paths: list[str]):
    assert "patience = 50" in preview(*paths, "--training.patience", "50")
