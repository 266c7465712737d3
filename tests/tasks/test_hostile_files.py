"""Templates and data files that fail or never end are one line that names them, and soon."""

import json

import pytest
import spacy
from typer.testing import CliRunner

from helpers.warm import CONFIG
from spacy_distill import write_docs
from spacy_distill.cli import app
from spacy_distill.teacher.request_errors import LONGEST_RETRY_AFTER, retry_after

TASK = '@llm_tasks = "spacy_distill.NER.v1"'
TEMPLATES = {
    "a variable that there is not": "{{ nothing }}",
    "no template": "{% for %}",
    "division": "{{ 1 // 0 }}",
    "an index": "{{ labels[99] }}",
    "an attribute": "{{ text.nothing.more }}",
    "something private": "{{ text.__class__.__mro__ }}",
    "a call": "{{ text() }}",
    "an endless loop": "{% for i in range(10 ** 12) %}x{% endfor %}",
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "much text": "{% for i in range(990000) %}{{ text }}{% endfor %}",
    "a text times a number": '{{ "x" * 99999999999 }}',
    "a power": "{{ 9 ** 9 ** 9 }}",
    "itself": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "another file": "{% include '/etc/passwd' %}",
}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DATA = {
    "aliases": BOMB,
    "nesting": "[" * 5000,
    "no YAML": "a: [",
    "a tag": "a: !!python/object:os.system x",
    "a number": "7",
}


@pytest.fixture
def dry_run(tmp_path, monkeypatch):
    """A dry run with some settings of the task; its exit status and output without spaces."""
    monkeypatch.chdir(tmp_path)
    write_docs([spacy.blank("en")("Ada met Bob in Oslo.")], tmp_path / "in.spacy")

    def run(**settings):
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
        (tmp_path / "t.cfg").write_text(
            CONFIG.replace('"LEDGER"', '"l.sqlite"').replace(TASK, f"{TASK}\n{lines}")
        )
        done = CliRunner().invoke(app, ["annotate", "t.cfg", "in.spacy", "out.spacy", "--dry-run"])
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        assert len(done.output) < 4000
        return done.exit_code, "".join(done.output.split())

    return run


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_that_fails_or_never_ends_is_one_line(dry_run, tmp_path, kind):
    (tmp_path / "mine.jinja").write_text(TEMPLATES[kind])
    status, output = dry_run(prompt="mine.jinja")
    assert status == 1 and "mine" in output


def test_a_template_with_loops_that_end_is_filled_in(dry_run, tmp_path):
    (tmp_path / "mine.jinja").write_text(
        "{% for i in range(3) %}{{ i * 2 }} {{ labels[i % 2] }}, {% endfor %}{{ text }}"
    )
    status, output = dry_run(prompt="mine.jinja")
    assert status == 0 and "0PER,2LOC,4PER,AdametBob" in output


@pytest.mark.parametrize("setting", ["definitions", "examples"])
@pytest.mark.parametrize("kind", DATA)
def test_a_data_file_that_grows_without_bounds_or_is_none_is_one_line(dry_run, tmp_path, setting, kind):
    (tmp_path / "data.yml").write_text(DATA[kind])
    status, output = dry_run(**{setting: "data.yml"})
    assert status == 1 and "data.yml" in output


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "soon",
            "nan",
            "inf",
            "-inf",
            "1e999",
            "-5",
            "9" * 400,
            "\x00",
            "Fri, 31 Dec 99999 23:59:59 GMT",
        ),
        *("Fri, 99 Foo 2026 99:99:99 GMT", "Mon, 01 Jan 0000 00:00:00 +9999", "1 1 1 1", "٣"),
    ],
)
def test_a_retry_after_that_cannot_be_read_is_none_or_bounded(value):
    for name in ("retry-after", "retry-after-ms"):
        wait = retry_after({name: value})
        assert wait is None or 0 <= wait <= LONGEST_RETRY_AFTER
