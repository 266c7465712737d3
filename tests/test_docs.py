"""The pages of the documentation: short, and all that they name is there."""

import re

import pytest

from helpers.support import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "assets" / "README.md"])
LONGEST = {"README.md": 150, "results.md": 400, "CHANGELOG.md": 400}
# What a user makes, and what an old version had.
MADE = re.compile(r"(assets/(encoder|downloads)|configs/my_\w+\.cfg)")
PLACES = re.compile(r"(?<![\w/.-])(?:src|docs|configs|scripts|benchmarks|tests|assets)/[\w./*-]*\w")
NAMES = re.compile(r"(?<![\w.])spacy_distill(?:\.\w+)+")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_short(page):
    assert len(page.read_text(encoding="utf8").splitlines()) <= LONGEST.get(page.name, 250)


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf8")
    for name in PLACES.findall(text):
        assert MADE.match(name) or list(ROOT.glob(name)) or (page.parent / name).exists(), name
    for name in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (page.parent / name).exists(), name
    for name in NAMES.findall(text):
        place = ROOT.joinpath("src", *name.split("."))
        module = place.parent.with_suffix(".py")
        inside = module.exists() and re.search(
            rf"^(def|class) {place.name}\b", module.read_text(), re.MULTILINE
        )
        assert f'"{name}"' in PYPROJECT or place.is_dir() or place.with_suffix(".py").exists() or inside, name
    for room in re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE) if page.name == "CONTRIBUTING.md" else ():
        assert (ROOT / "src" / "spacy_distill" / room).is_dir(), room
