"""Importing this imports all that annotating needs: a process forked after it starts to work at once."""

import multiprocessing
import os
import tempfile
from pathlib import Path

import openai  # noqa: F401
import pytest

import spacy_distill.teacher.annotate  # noqa: F401
from helpers.support import teacher_config
from spacy_distill import load_teacher
from spacy_distill.cli import app

CONFIG = teacher_config(
    """
@llm_tasks = "spacy_distill.NER.v1"
labels = ["PER", "LOC"]
""",
    """
@llm_models = "spacy_distill.ChatModel.v1"
name = "fake"
ledger = "LEDGER"
endpoint = "http://127.0.0.1:9/v1"
api_key_env = null
concurrency = 8
""",
)


def run_command(arguments: list[str], folder: Path, output: Path) -> None:
    """Run `spacy-distill ARGUMENTS` in a folder, with all it prints in a file."""
    os.chdir(folder)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    app(arguments)


def processes(monkeypatch: pytest.MonkeyPatch) -> multiprocessing.context.ForkServerContext:
    """Makes processes that have imported this module before they were made."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]), prepend=os.pathsep)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["helpers.warm"])
    return context


with tempfile.TemporaryDirectory() as _folder:
    _path = Path(_folder) / "teacher.cfg"
    _path.write_text(CONFIG)
    load_teacher(_path, {})
