"""Only tasks/ knows one kind of annotation from another."""

import re

import pytest

from helpers.support import ROOT
from spacy_distill.tasks.base import tasks

PACKAGE = ROOT / "src" / "spacy_distill"
ROOMS = ("labels", "study", "blend", "teacher", "prediction", "training", "engines")
NAMES = {name for task in tasks().values() for name in (task.name, *task.factories)}
# A task or a component by name, and where a document keeps entities and classes.
NAMED = re.compile(
    rf"[\"'](?:{'|'.join(sorted(NAMES))})[\"']|\.(?:ents|cats|set_ents)\b|\bENT_(?:IOB|TYPE)\b"
)


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_room_names_a_task(room):
    lines = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1)
        if NAMED.search(line)
    ]
    assert lines == []


def test_a_line_that_names_a_task_is_found():
    assert {"ner", "textcat", "textcat_multilabel"} <= NAMES
    for line in ('if task.name == "ner":', "doc.cats = {}", "nlp.add_pipe('textcat')"):
        assert NAMED.search(line)
