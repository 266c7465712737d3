"""What docs/blending.md shows of schedules is what they do."""

import re

import pytest
from spacy.util import load_config_from_str, registry

from helpers.blending import Corpus, blended
from helpers.support import ROOT
from spacy_distill.blend.preview import sparkline

PAGE = (ROOT / "docs" / "blending.md").read_text(encoding="utf8")
ROWS = re.findall(r"^\| `(spacy_distill\.\w+\.v1)` \|.*\| `([▁-█]+)` \|$", PAGE, re.MULTILINE)
BLOCKS = [
    block for block in re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL) if "[corpora.train.share]" in block
]


@pytest.mark.parametrize(("name", "curve"), ROWS)
def test_a_curve_is_that_of_its_schedule(corpus: Corpus, name: str, curve: str):
    share = registry.resolve({"share": {"@schedules": name, "total_steps": 600}})["share"]
    # As many documents as the sample has.
    plan = blended(corpus("gold", 130), corpus("distilled", 245), share).plan(600)
    assert sparkline(plan.shares, len(curve), top=1.0) == curve


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_a_schedule(corpus: Corpus, block: str):
    # The sections above it, which an edited config has, and the length of its run.
    text = "[training]\nmax_steps = 600\n[corpora]\n[corpora.train]\n" + block
    config = load_config_from_str(text).interpolate()
    share = registry.resolve(config["corpora"]["train"])["share"]
    assert len(blended(corpus("gold", 3), corpus("distilled", 3), share).plan(600).shares) == 601


def test_the_page_has_them_all():
    assert len(ROWS) == 11
    assert len(BLOCKS) == 3
