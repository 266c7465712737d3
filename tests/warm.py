"""Importing this imports all that annotating needs: a process forked after it starts to work at once."""

import tempfile
from pathlib import Path

import openai  # noqa: F401

import spacy_distill.teacher.annotate  # noqa: F401
from spacy_distill.teacher.pipeline import load_teacher

CONFIG = """
[nlp]
lang = "en"
pipeline = ["llm"]

[components]

[components.llm]
factory = "llm"

[components.llm.task]
@llm_tasks = "spacy_distill.NER.v1"
labels = ["PER", "LOC"]

[components.llm.model]
@llm_models = "spacy_distill.ChatModel.v1"
name = "fake"
ledger = "LEDGER"
endpoint = "http://127.0.0.1:9/v1"
api_key_env = null
concurrency = 8
"""

with tempfile.TemporaryDirectory() as _folder:
    _path = Path(_folder) / "teacher.cfg"
    _path.write_text(CONFIG)
    load_teacher(_path, {})
