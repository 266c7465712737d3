"""What runs outside of the tests (workflows, hooks, the citation) agrees with the project."""

import re
import tomllib

import pytest
import srsly

from helpers.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def runs(workflow) -> list[str]:
    """The commands of a workflow's steps."""
    steps = [step for job in srsly.read_yaml(workflow)["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_is_there(workflow):
    for command in runs(workflow):
        for target in re.findall(r"^make (\w+)", command, re.MULTILINE):
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
        for place in re.findall(r"\btests/[\w/.]+", command):
            assert (ROOT / place).exists(), place


def test_workflows_test_pythons_that_the_package_is_for():
    (tests,) = (path for path in WORKFLOWS if path.stem == "tests")
    pythons = srsly.read_yaml(tests)["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert {f"Programming Language :: Python :: {version}" for version in pythons} <= set(
        PROJECT["classifiers"]
    )
    assert {"3.11", "3.12", "3.13"} <= set(pythons)


def test_the_canary_looks_at_the_cap_of_the_package():
    (cap,) = (one.partition("<")[2] for one in PROJECT["dependencies"] if one.startswith("transformers<"))
    (canary,) = (path for path in WORKFLOWS if path.stem == "canary")
    assert cap in "\n".join(runs(canary))


def test_hooks_run_what_the_tests_run():
    hooks = srsly.read_yaml(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    lines = re.findall(r"^\t\$\(BIN\)/((?:ruff|mypy).*)$", MAKEFILE, re.MULTILINE)
    assert [hook["entry"] for hook in hooks] == lines


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_something(form):
    asked = srsly.read_yaml(form)
    assert asked["name"] and asked["description"]
    assert any(field.get("validations", {}).get("required") for field in asked["body"])


def test_the_citation_is_of_this_version():
    citation = srsly.read_yaml(ROOT / "CITATION.cff")
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
