"""examples/quickstart.ipynb runs from its first cell to its last, and is kept without outputs."""

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.support import ROOT, copy_project

NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_on_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = copy_project(tmp_path / "clone")
    (folder / "examples").mkdir()
    # The kernel is this Python, whichever are installed.
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("NOTEBOOK_STEPS", "10")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(folder / "examples")}}
    NotebookClient(notebook, timeout=600, resources=resources).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.get("text", "") for output in outputs)
    drawn = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert "pool: 250 documents" in printed and "clean: True" in printed and "'ents_f'" in printed
    # Three documents of the teacher and three of the student, each as gold and as found.
    assert len(drawn) == 12 and all("entities" in html for html in drawn)
    # An answer that cannot be used is not drawn as one without entities.
    assert all("<mark" in html for html in drawn[:6])
    assert (folder / "demo" / "notebook" / "training" / "model-last").is_dir()


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)
