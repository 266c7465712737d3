"""A second task, as another package would bring it: the worked example of docs/tasks.md, installed."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import spacy
import spacy_llm  # noqa: F401  (makes the registry of tasks)

from helpers.support import ROOT

PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf8").partition("## A task of your own, whole")[2]
CODE = PAGE.partition("```python\n")[2].partition("```")[0]
ENTRY_POINTS = PAGE.partition("```toml\n")[2].partition("```")[0].replace("project.entry-points.", "")
LABELS = ("BLAME", "PRAISE")


def install(folder: Path) -> str:
    """Install the package into a folder, and give the PYTHONPATH that has it."""
    metadata = folder / "tone-0.1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tone\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS.replace('"', ""))
    (folder / "tone.py").write_text(CODE, encoding="utf8")
    spec = spec_from_file_location("tone", folder / "tone.py")
    assert isinstance(spec, ModuleSpec) and spec.loader
    sys.modules["tone"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Registries read entry points once a process: this one has read them.
    spacy.registry.llm_tasks("tone.Tone.v1", func=module.make_tone_prompt)
    return str(folder)
