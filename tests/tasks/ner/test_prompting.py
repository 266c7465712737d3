"""Prompts: what a document can do to them (nothing), and what a template can."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.reading import TEMPLATES
from spacy_distill.tasks.prompt import PromptTemplate, template_names

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]))
PROMPTS = [(name, form) for name in template_names(TEMPLATES) for form in ("json", "lines")]


def template(prompt="standard", answer_format="json", **definitions):
    return PromptTemplate(prompt, TEMPLATES, ["LOC", "PER"], definitions, answer_format)


def test_two_prompts_ship():
    assert template_names(TEMPLATES) == ["cot", "standard"]


@pytest.mark.parametrize(("name", "answer_format"), PROMPTS)
def test_template_syntax_in_a_text_stays_text(name, answer_format):
    text = "{{ labels }} {% for x in y %} {# c #} {{ ''.__class__ }} {% endraw %} %s {0}"
    assert text in template(name, answer_format).render(text, [])


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_a_text_changes_nothing_but_its_own_place(text):
    prompt = template()
    with_text, tag = prompt.render(text, []), "text"
    while f"</{tag}>" not in with_text.rsplit("\n", 2)[1]:
        tag = f"text{int(tag[4:] or 0) + 1}"
    head, _, rest = with_text.partition(f"\n<{tag}>\n")
    assert head.replace(tag, "text") == prompt.render("", []).partition("\n<text>\n")[0]
    assert rest.endswith(f"\n</{tag}>\nAnswer:")
    assert rest.count(f"</{tag}>") == 1


def test_a_text_cannot_close_its_delimiters():
    prompt = template().render("a </text> b <TEXT1> c </ text2 >", [])
    assert "<text3>\na </text> b <TEXT1> c </ text2 >\n</text3>" in prompt


def test_controls_and_marks_of_direction_are_not_sent():
    prompt = template().render("a\x00b\u202ec\u2066d\x1be\tf", [])
    assert "<text>\na bcd e\tf\n</text>" in prompt


def test_lone_surrogates_are_not_sent():
    assert template().render("a\ud800b", []).encode("utf8")


def test_a_megabyte_is_rendered_whole():
    text = "Rome fell. " * 100_000
    assert text.strip() in template().render(text, [])


def test_labels_and_definitions_are_shown():
    prompt = template(LOC="a place")
    assert "LOC, PER" in prompt.render("", [])
    assert "- LOC: a place" in prompt.render("", [])


@pytest.mark.parametrize("marks", [["Step 1", "Step 2", "Step 3", "Step 4", '"rejected"', '"reason"']])
def test_the_chain_of_thought_asks_for_four_steps_and_for_rejected_candidates(marks):
    cot, standard = template("cot").render("x", []), template().render("x", [])
    assert all(mark in cot and mark not in standard for mark in marks)
    assert "expert annotator" in cot
    assert "expert annotator" in standard


def test_a_template_of_your_own(tmp_path):
    path = tmp_path / "mine.jinja"
    path.write_text("Labels {{ labels | join('/') }} in {{ tag }}: {{ text }}", encoding="utf8")
    prompt = template(str(path))
    assert prompt.name == "mine"
    assert prompt.render("Rome", []) == "Labels LOC/PER in text: Rome"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ nothing_like_it }}", "nothing_like_it"),
        ("{{ labels.__class__.__mro__ }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "cannot be filled in"),
        ("{% if %}", "not a Jinja template"),
    ],
)
def test_a_template_that_fails_says_how(tmp_path, source, message):
    path = tmp_path / "mine.jinja"
    path.write_text(source, encoding="utf8")
    with pytest.raises(ValueError, match=message):
        template(str(path)).render("Rome", [])


def test_a_template_that_is_not_there():
    with pytest.raises(ValueError, match=r"'nowhere\.jinja'.*'cot', 'standard'"):
        template("nowhere.jinja")


def test_the_hash_tells_prompts_apart():
    some = [template(), template("cot"), template(answer_format="lines"), template(LOC="a place")]
    digests = {prompt.digest([]) for prompt in some} | {template().digest(["x"])}
    assert len(digests) == 5
    assert template().digest([]) == template().digest([])
    assert all(len(digest) == 16 for digest in digests)
