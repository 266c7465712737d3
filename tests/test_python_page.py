"""docs/python.md: its code runs, block after block, and it names all that the package exports."""

import re
from pathlib import Path

import pytest

import spacy_distill
from helpers.support import ROOT, copy_project, run_in

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf8")


@pytest.mark.slow
def test_the_code_of_the_page_runs_on_the_sample(tmp_path: Path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    folder = copy_project(tmp_path)
    code = "".join(f"    {line}\n" if line else "\n" for line in "\n".join(blocks).splitlines())
    (folder / "page.py").write_text(f"def main():\n{code}\n\nif __name__ == '__main__':\n    main()\n")
    printed = run_in(folder, "page.py").stdout
    assert "pool: 250 documents" in printed and "clean: True" in printed
    assert "student_cpu.cfg" in printed and "nowhere.spacy" in printed
    assert re.search(r"^simple_mix \d\.\d{3}$", printed, re.MULTILINE)
    assert (folder / "studies" / "python" / "report.html").is_file()


def test_the_page_names_all_that_is_exported():
    names = PAGE.split("## All names")[1]
    assert set(re.findall(r"`(\w+)`", names)) == set(spacy_distill.__all__)
