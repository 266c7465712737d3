"""The pages of the documentation: short, all that they name is there, and the commands can be typed."""

import re
import shlex

import pytest
import srsly
import typer.main

from helpers.support import ROOT, run_in
from spacy_distill.cli import app

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "assets" / "README.md"])
LONGEST = {"README.md": 150, "CHANGELOG.md": 400}
# What a user makes, and what an old version had.
MADE = re.compile(r"(assets/(encoder|downloads)|configs/my_\w+\.cfg)")
PLACES = re.compile(r"(?<![\w/.-])(?:src|docs|configs|scripts|benchmarks|tests|assets)/[\w./*-]*\w")
NAMES = re.compile(r"(?<![\w.])spacy_distill(?:\.\w+)+")
BLOCKS = re.compile(r"^```(?:bash|console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"^(?:spacy-distill|python -m spacy(?: |_)distill) +")
COMMANDS = typer.main.get_command(app)
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_short(page):
    seen = [line for line in page.read_text(encoding="utf8").splitlines() if not line.startswith("<!--")]
    assert len(seen) <= LONGEST.get(page.name, 250)


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf8")
    for name in PLACES.findall(text):
        assert MADE.match(name) or list(ROOT.glob(name)) or (page.parent / name).exists(), name
    # What looks like a link inside of code is none.
    for name in re.findall(
        r"\]\((?!http)([^)#]+)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    ):
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


def lines(page) -> list[str]:
    """The commands in a page's blocks, without prompts and comments; those joined by && apart."""
    text = "\n".join(BLOCKS.findall(page.read_text(encoding="utf8"))).replace("\\\n", " ")
    found = (re.split(r"\s#\s", f" {line}")[0] for line in text.splitlines())
    return [command.strip() for line in found for command in re.split(r"&&|;|\|", line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_can_be_typed(page):
    """Each command is one, with options that it has, values for all, and no argument too many or too few."""
    for line in lines(page):
        if not OURS.match(line):
            continue
        # What may be left out is in [ ].
        name, *words = shlex.split(re.sub(r"\[(--[^\]]*)\]", r"\1", OURS.sub("", line)).replace("…", ""))
        command = COMMANDS.commands[name]
        if command.context_settings.get("ignore_unknown_options"):
            overrides = [number for number, word in enumerate(words) if re.match(r"--\w+\.", word)]
            words = [word for number, word in enumerate(words) if {number, number - 1}.isdisjoint(overrides)]
        with command.make_context(name, [], resilient_parsing=True) as context:
            values, rest, _ = command.make_parser(context).parse_args(words)
        assert not rest, line
        for parameter in command.params:
            assert not parameter.required or values.get(parameter.name) is not None, line


PROJECT = srsly.read_yaml(ROOT / "project.yml")
STEPS = {*PROJECT["workflows"], *(command["name"] for command in PROJECT["commands"])}
TEMPLATE = (ROOT / "src/spacy_distill/scaffold/templates/project.yml.jinja").read_text(encoding="utf8")
# What the project that `init` writes has besides.
STEPS |= set(re.findall(r"^  (?:- name: )?(\w+)(?::|$)", TEMPLATE, re.MULTILINE))
TARGETS = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf8"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_has_the_project_run_is_there(page):
    text = page.read_text(encoding="utf8")
    assert set(re.findall(r"spacy project run (\w[\w-]*)", text)) <= STEPS
    assert {found for line in lines(page) for found in re.findall(r"^make (\w+)", line)} <= set(TARGETS)


def test_all_pages_are_on_the_site_and_all_links_lead_somewhere(tmp_path):
    # With --quiet nothing is strict: warnings are not counted.
    run_in(ROOT, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path))
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} | {"index", "changelog", "contributing"}
    assert pages <= {page.stem for page in tmp_path.glob("*.html")}
    home = (tmp_path / "index.html").read_text(encoding="utf8")
    # Nothing is loaded from elsewhere.
    assert not re.findall(r"""<(?:script|img|link)[^>]+(?:src|href)="?https?:[^>]+""", home)
