"""Names from outside stay names in every language: Markdown, HTML, CSV, figures, the terminal."""

import csv
import io
import json
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from spacy.tokens import Doc
from typer.testing import CliRunner

from helpers.committees import make_committee
from helpers.loopback import Server, completion
from helpers.studying import make_sentences, write_config
from helpers.support import ROOT
from helpers.warm import CONFIG
from spacy_distill import views, write_docs
from spacy_distill.cli import app
from spacy_distill.escapes import csv_cell, markdown, markdown_code

NASTY = [
    "[/x]",
    "[bold red]",
    "an ![i](https://example.org/i.png)",  # spaCy itself takes no label that begins with "!".
    "[a](javascript:alert(1))",
    "<script>alert(1)</script>",
    "a|b|c",
    "two\nlines",
    "=cmd|' /C calc'!A0",
    "$\\frac$",
    "_hidden",
    "`code`",
    "\x1b[31mred",
    "\x9b31mred",
    "\u202ebackwards",
    "\u2066isolated",
    "nul\x00",
    "&lt;b&gt;",
    "https://example.org",
]
TABLES = MarkdownIt("commonmark").enable("table")


def seen(text: str) -> str:
    """What a reader of Markdown sees of a line: its text, if it is nothing but text."""
    (inline,) = [token for token in TABLES.parse(text) if token.type == "inline"]
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}, text
    return "".join(child.content for child in inline.children or ())


@given(st.text(min_size=1).filter(str.strip) | st.sampled_from(NASTY))
def test_a_name_in_markdown_is_text(name):
    shown = seen(f"x {markdown(name)} y")
    assert "\n" not in shown
    if name.isprintable():
        assert " ".join(shown.split()) == " ".join(f"x {name} y".split())


@pytest.mark.parametrize("name", ["# a", "- a", "1. a", "1) a", "+ a", "---", "#"])
def test_a_name_at_the_beginning_of_a_line_makes_no_list_and_no_heading(name):
    assert [token.type for token in TABLES.parse(markdown(name))] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
    assert seen(markdown(name)) == name


@given(st.text(st.characters(codec="ascii"), min_size=1).filter(str.strip) | st.sampled_from(NASTY))
def test_a_name_in_a_cell_stays_in_its_cell(name):
    for escaped in (markdown(name), markdown_code(name)):
        rows = [
            t for t in TABLES.parse(f"| a | b |\n| --- | --- |\n| {escaped} | end |") if t.type == "td_open"
        ]
        assert len(rows) == 2


@given(st.text() | st.integers() | st.floats())
def test_no_cell_of_a_csv_file_is_a_formula(value):
    cell = csv_cell(value)
    assert (
        cell is value if not isinstance(value, str) else not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    )


def nasty_corpus(name: str, count: int, labels: list[str]) -> list[Doc]:
    """Sentences whose entities bear such labels, and views of such a name."""
    docs = []
    for number, doc in enumerate(make_sentences(name, count)):
        words = [*(token.text for token in doc), NASTY[number % len(NASTY)]]
        made = Doc(doc.vocab, words=words)
        made.user_data = doc.user_data
        places = enumerate((0, 2, 4))
        made.ents = [
            spacy.tokens.Span(made, at, at + 1, labels[(3 * number + i) % len(labels)]) for i, at in places
        ]
        docs.append(made)
    return docs


def with_view(doc: Doc, name: str) -> Doc:
    items = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    facts = {
        "model": "![m](https://example.org)",
        "prompt": "<b>",
        "source": "=source\n|x",
        "key": "",
        "state": "ok",
    }
    views(doc)[name] = {**facts, "items": items, "missing": ()}
    return doc


@pytest.fixture(scope="module")
def study_dir(tmp_path_factory):
    """The folder of a study whose labels, views and models have such names."""
    folder = tmp_path_factory.mktemp("nasty")
    config = write_config(folder)
    for name, count in (("gold", 24), ("dev", 12), ("test", 16), ("pool", 32)):
        write_docs(nasty_corpus(name, count, NASTY), folder / f"{name}.spacy")
    for name in ("cot", "standard"):
        docs = [with_view(doc, "[/view]") for doc in nasty_corpus("pool", 32, NASTY)]
        write_docs(docs, folder / f"{name}.spacy")
    members = {
        f"{name}/seed-0": {word: name for word in ("Ana", "Oslo", "Acme", "Ben", "Rome")}
        for name in NASTY[:4]
    }
    make_committee(folder / "committee", members, labels=tuple(NASTY))
    done = CliRunner().invoke(app, ["study", str(config), str(folder / "out"), "--study.seeds", "[0]"])
    assert done.exit_code == 0, (done.output, done.exception)
    return folder


def no_control(text: str) -> None:
    # wasabi's own colours end in "m" after a code of ours; the label's does not come through.
    assert "\x1b[31m" not in text
    unseen = {char for char in text if unicodedata.category(char)[0] == "C"} - set("\n\t\r\x1b")
    assert not unseen


def no_control_in_page(text: str) -> None:
    """The characters of a page are those that are seen, and soft hyphens."""
    no_control(text.replace("\xad", ""))
    assert "\x1b" not in text
    assert "<script>alert" not in text


def check_markdown(text: str) -> None:
    tokens = [child for token in TABLES.parse(text) for child in [token, *(token.children or ())]]
    assert not {"html_inline", "html_block", "link_open"} & {token.type for token in tokens}
    images = [token for token in tokens if token.type == "image"]
    assert all(str(image.attrs["src"]).endswith(".svg") for image in images)
    assert "example.org/i.png)" in text  # The label is there, and no image.


def test_the_pages_of_a_study_hold_such_names_as_text(study_dir):
    out = study_dir / "out"
    check_markdown((out / "report.md").read_text())
    page = (out / "report.html").read_text()
    no_control_in_page(page)
    assert "&lt;script&gt;alert" in page
    no_control((out / "report.md").read_text())
    for name in ("report.scores.csv", "report.comparisons.csv"):
        cells = [cell for row in csv.reader(io.StringIO((out / name).read_text())) for cell in row]
        assert not [cell for cell in cells if cell[:1] in "=@" and cell]
    for figure in out.glob("report_figures/*.svg"):
        ElementTree.parse(figure)
    run = next(out.rglob("scores.json")).parent
    done = CliRunner().invoke(
        app, ["card", str(run), "--out", str(study_dir / "card.md"), "--licence", "<b>MIT"]
    )
    assert done.exit_code == 0, done.output
    check_markdown((study_dir / "card.md").read_text())
    no_control_in_page((study_dir / "card.md").read_text().replace("\\<script", ""))


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "cot.spacy", "--gold", "pool.spacy", "--html", "a.html", "--json", "a.json"),
        ("vote", "cot.spacy", "standard.spacy", "voted.spacy"),
        ("clean", "cot.spacy", "cleaned.spacy", "--folds", "2", "--epochs", "1", "--gold", "pool.spacy"),
        ("report", "out", "--out", "again.html"),
        ("study", "study.cfg", "other", "--dry-run"),
        ("select", "pool.spacy", "picked.spacy", "--budget", "4 docs", "--committee", "committee"),
        ("relabel", "committee", "cot.spacy", "standard.spacy", "re.spacy", "--gold", "pool.spacy"),
        ("review", "committee", "cot.spacy", "standard.spacy", "--out", "review.html"),
        ("review", "cot.spacy", "standard.spacy", "--out", "review.jsonl", "--format", "prodigy"),
        ("export", "cot.spacy", "cot.jsonl", "--format", "jsonl"),
        ("import", "pool.spacy", "imported.spacy"),
        (
            *("preview", str(ROOT / "configs" / "student_cpu.cfg"), "--paths.gold", "gold.spacy"),
            *("--corpora.train.distilled", '{"_$x^$": "cot.spacy", "b[/b]": "standard.spacy"}'),
            *("--out", "blend.svg"),
        ),
    ],
)
def test_every_command_prints_such_names_and_writes_what_it_should(study_dir, monkeypatch, arguments):
    monkeypatch.chdir(study_dir)
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    no_control(done.output)
    for page in ("a.html", "review.html", "again.html"):
        if page in arguments:
            no_control_in_page(Path(page).read_text())
    if arguments[0] == "preview":
        ElementTree.parse("blend.svg")
        # Letters are drawn, and what they spell is in comments.
        drawn = Path("blend.svg").read_text()
        assert "_$x^$" in drawn and "b[/b]" in drawn


def test_annotate_and_ledger_print_such_names(study_dir, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    labels = [label for label in NASTY if label.isprintable()]
    config = CONFIG.replace('"LEDGER"', '"l.sqlite"').replace('["PER", "LOC"]', json.dumps(labels))
    Path("teacher.cfg").write_text(config.replace('name = "fake"', 'name = "![m](https://example.org)"'))
    strange = json.dumps({"entities": [{"text": "Ana", "label": "\x1b[31m[/x]"}]})
    with Server(lambda call: completion(strange)) as server:
        arguments = ["annotate", "teacher.cfg", str(study_dir / "pool.spacy"), "out.spacy"]
        arguments += ["--components.llm.model.endpoint", json.dumps(server.url)]
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "[/x]" in done.output
    no_control(done.output)
    for arguments in ([], ["list"], ["show", ""]):
        done = CliRunner().invoke(app, ["ledger", "l.sqlite", *arguments], catch_exceptions=False)
        assert done.exit_code == 0
        no_control(done.output)
