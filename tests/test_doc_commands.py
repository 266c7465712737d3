"""Every command of the pages is run here, or its block says why not: `<!-- … -->` in the line above it."""

import contextlib
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import srsly
from spacy.cli import app as spacy_app
from typer.testing import CliRunner

from helpers.support import ROOT
from spacy_distill.cli import app

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "assets" / "README.md"])
BLOCK = re.compile(r"(?:^<!-- ([^>]*) -->\n)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REASONS = {
    "is for a checkout",
    "needs a cluster",
    "needs a download",
    "needs a key",
    "needs a person",
    "needs data that is not shipped",
    "shows a form",
}
COMMAND = re.compile(r"^(?:\w+=\S+ )?(?:spacy-distill|python -m|make|pip|ray) ", re.MULTILINE)
# What makes a command short: the rest is as it is.
SHORTER = {
    "--training.max_steps 100": "--training.max_steps 4",
    "--study.seeds '[0, 1, 2, 3, 4]' --jobs 2": "--study.seeds '[0]' --study.max_steps 4",
}
FEW_STEPS = {"SPACY_CONFIG_OVERRIDES": "--training.max_steps 4 --training.eval_frequency 2"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """The blocks of commands of a page: what is said above each, and its lines, each on one."""
    found = BLOCK.findall(page.read_text(encoding="utf8"))
    shell = [(said, text) for said, language, text in found if language == "bash"]
    return [(said, text.replace("\\\n", " ")) for said, text in shell]


def commands(page: Path) -> list[list[str]]:
    """The commands of a page that are run here, as words."""
    lines = []
    for said, text in blocks(page):
        if not said:
            for before, after in SHORTER.items():
                text = text.replace(before, after)
            lines += [shlex.split(line, comments=True) for line in text.splitlines()]
    return [words for words in lines if words]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_says_why_it_is_not_run(page):
    for language, text in ((language, text) for _, language, text in BLOCK.findall(page.read_text("utf8"))):
        assert language or not COMMAND.search(text), f"a block of commands without its language: {text}"
    for said, text in blocks(page):
        places = said.removeprefix("run by ").split(", ")
        assert said in {"", *REASONS} or all((ROOT / place).is_file() for place in places), text
    for words in commands(page):
        assert words[0] in ("spacy-distill", "mkdir") or words[:3] == ["python", "-m", "spacy"], words


@pytest.fixture(scope="module")
def folder(sample_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project, and beside it what the pages take a user to have."""
    folder = tmp_path_factory.mktemp("pages") / "sample"
    shutil.copytree(sample_project, folder)
    shutil.copytree(ROOT / "docs" / "results", folder / "docs" / "results")
    corpora = folder / "demo" / "corpus"
    shutil.copytree(corpora, folder / "corpus", dirs_exist_ok=True)
    for name in ("gold", "dev"):
        shutil.copyfile(folder / "assets" / "sample" / f"{name}.jsonl", folder / f"my_{name}.jsonl")
    for name in ("pool_standard", "pool_cot"):
        shutil.copyfile(corpora / f"{name}.spacy", folder / f"{name}.spacy")
    shutil.copyfile(folder / "pool_cot.spacy", folder / "pool_gpt4o.spacy")
    texts = [row["text"] for row in srsly.read_jsonl(folder / "assets" / "sample" / "pool.jsonl")]
    (folder / "my_texts").mkdir()
    for number, text in enumerate(texts[:20]):
        (folder / "my_texts" / f"{number}.txt").write_text(text, encoding="utf8")
    srsly.write_jsonl(folder / "texts.jsonl", [{"text": text} for text in texts[:20]])
    (model,) = folder.glob("training/*/model-last")
    for name in ("mine", "gold"):
        shutil.copytree(model, folder / "training" / name / "model-last")
    return folder


def run(words: list[str]) -> None:
    """Run a command in this process: starting one takes longer than most of them."""
    if words[0] == "mkdir":
        Path(words[-1]).mkdir(parents=True, exist_ok=True)
        return
    program, arguments = (app, words[1:]) if words[0] == "spacy-distill" else (spacy_app, words[3:])
    if arguments[0] == "distill":
        program, arguments = app, arguments[1:]
    done = CliRunner().invoke(program, arguments, env=FEW_STEPS if arguments[0] == "train" else None)
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}\n{done.exception!r}"


@pytest.mark.slow
@pytest.mark.skipif("CI" not in os.environ, reason="trains what the pages train: CI=true")
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page, folder, monkeypatch):
    """In the order of the pages: review.md goes on from the committee of committee.md."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for words in commands(page):
        with contextlib.redirect_stdout(sys.stderr):
            run(words)
