"""What is imported is declared, and what is declared is imported."""

import ast
import re
import sys
import tomllib

from helpers.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
# Tools that are run, what they work with, and what `spacy package` builds a wheel with.
RUN = {"build", "ipykernel", "mkdocs", "mkdocs_material", "mypy", "ruff", "setuptools", "twine", "wheel"}
OURS = {"spacy_distill"}
# What a package is imported by, where it is called otherwise.
IMPORTED_AS = {"markdown_it_py": "markdown_it", "scikit_learn": "sklearn"}


def imported(*folders: str) -> set[str]:
    """The packages that the modules of some folders import, but for the standard library and ours."""
    found: set[str] = set()
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    for node in (node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).split(".")[0])
    return found - set(sys.stdlib_module_names) - OURS


def declared(requirements: list[str]) -> set[str]:
    """The packages of requirements, by the names they are imported by."""
    names = (re.split(r"[\[<>=!~; ]", one)[0].replace("-", "_") for one in requirements)
    return {IMPORTED_AS.get(name, name) for name in names}


# What is imported where it is needed alone.
EXTRAS = {name for extra in ("ray", "datasets") for name in declared(PROJECT["optional-dependencies"][extra])}


def test_the_package_declares_what_it_imports_and_no_other():
    assert imported("src") - EXTRAS == declared(PROJECT["dependencies"])
    assert imported("src") >= EXTRAS


def test_the_tests_declare_what_they_import_and_no_other():
    local = {path.stem for folder in ("tests", "benchmarks") for path in (ROOT / folder).iterdir()}
    needed = imported("tests", "benchmarks") - imported("src") - local
    measured = declared(PROJECT["optional-dependencies"]["benchmarks"])
    assert measured <= needed
    assert (needed - measured) | EXTRAS | RUN == declared(PROJECT["optional-dependencies"]["dev"])
    assert needed.isdisjoint(declared(PROJECT["dependencies"]))
