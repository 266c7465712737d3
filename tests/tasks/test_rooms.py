"""Only tasks/ knows one kind of annotation from another, and in corpus/ what handles foreign files."""

import re
from importlib.metadata import entry_points

from helpers.support import ROOT
from spacy_distill.tasks.base import tasks

PACKAGE = ROOT / "src" / "spacy_distill"
# The readers and writers of foreign files, which know no task yet, and of a shard as spaCy keeps it.
FOREIGN = ("categories.py", "docbin.py", "entities.py", "exporting.py", "text.py", "formats/*")
NAMES = {name for task in tasks().values() for name in (task.name, *task.factories)}
PROMPTS = {re.escape(point.name) for point in entry_points(group="thinc_llm_tasks")}
# A task, a component or a prompt by name, and where a document keeps entities and classes.
NAMED = re.compile(
    rf"[\"'](?:{'|'.join(sorted(NAMES))})[\"']|\b(?:{'|'.join(sorted(PROMPTS))})"
    r"|\.(?:ents|cats|set_ents)\b|\bENT_(?:IOB|TYPE)\b"
)
TEXT = {".py", ".jinja", ".html", ".js", ".css"}


def others():
    """The files of the package that may not tell tasks apart."""
    for path in sorted(PACKAGE.rglob("*")):
        place = path.relative_to(PACKAGE)
        foreign = place.parts[0] == "corpus" and any(place.match(f"corpus/{one}") for one in FOREIGN)
        if path.suffix in TEXT and place.parts[0] != "tasks" and not foreign:
            yield path


def test_no_other_room_names_a_task():
    lines = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in others()
        for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1)
        if NAMED.search(line)
    ]
    assert lines == []


def test_every_room_is_looked_at():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"tasks", "__pycache__"}
    assert rooms == {path.relative_to(PACKAGE).parts[0] for path in others() if path.parent != PACKAGE}
    assert any(path.suffix == ".jinja" for path in others())


def test_a_line_that_names_a_task_is_found():
    assert {"ner", "textcat", "textcat_multilabel"} <= NAMES
    lines = ('if task.name == "ner":', "doc.cats = {}", "nlp.add_pipe('textcat')", "spacy_distill.NER.v1")
    assert all(NAMED.search(line) for line in lines)
