"""The configs of this repository are what the templates of `init` make."""

import importlib.util

import pytest

from helpers.support import ROOT

spec = importlib.util.spec_from_file_location("configs_script", ROOT / "scripts" / "configs.py")
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)


@pytest.mark.parametrize(("name", "content"), script.make_configs().items())
def test_a_committed_config_is_what_the_templates_make(name, content):
    committed = (ROOT / "configs" / name).read_text(encoding="utf8")
    assert committed == content, "Change the template, then run `python scripts/configs.py`."


# Written by hand.
BY_HAND = {"teacher_topics.cfg"}


def test_every_student_and_teacher_is_made_so():
    kept = {p.name for kind in ("student", "teacher") for p in (ROOT / "configs").glob(f"{kind}_*.cfg")}
    assert kept - BY_HAND == set(script.make_configs()) - {"study_mine.cfg"}
