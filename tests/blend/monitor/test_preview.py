"""The preview says before training what the log says after it."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from confection import ConfigValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from blending import Corpus
from helpers.support import ROOT
from spacy_distill.blend.log import BlendRecord
from spacy_distill.blend.plan import make_plan
from spacy_distill.blend.preview import BLOCKS, make_preview, realised, sparkline, split, write_plot

CONFIG = ROOT / "configs" / "student_cpu.cfg"


@pytest.fixture
def overrides(corpus: Corpus) -> dict[str, Any]:
    return {
        "paths.gold": str(corpus("gold", 20)),
        "paths.distilled": str(corpus("distilled", 40)),
        "training.max_steps": 100,
    }


def test_it_knows_the_examples_of_every_source(overrides: dict[str, Any]):
    preview = make_preview(CONFIG, overrides)
    assert preview.plan.shares == [1.0] * 50 + [0.0] * 51
    assert preview.sizes == [16.0] * 101
    assert {name: e.examples for name, e in preview.exposures.items()} == {"distilled": 800, "gold": 816}
    # Documents have 5 words on average.
    assert {name: e.words for name, e in preview.exposures.items()} == {"distilled": 4000, "gold": 4080}
    assert (preview.epochs("distilled"), preview.epochs("gold")) == (20, 40.8)
    assert len(preview.rates) == 101


def test_it_needs_no_dev_corpus_and_follows_overrides(overrides: dict[str, Any], corpus: Corpus):
    changes = {
        "paths.distilled": None,
        "corpora.train.distilled": {"conll": str(corpus("conll", 9)), "bbc": str(corpus("bbc", 9))},
        "corpora.train.weights": {"conll": 3, "bbc": 1},
        "corpora.train.share.@schedules": "spacy_distill.linear.v1",
        "training.batcher": {"@batchers": "spacy.batch_by_words.v1", "size": 50, "tolerance": 0.2},
    }
    preview = make_preview(CONFIG, overrides | changes)
    assert preview.plan.weights == {"conll": 0.75, "bbc": 0.25}
    assert preview.exposures["conll"].examples == pytest.approx(3 * preview.exposures["bbc"].examples, abs=2)
    # 50 words are about 10 documents of 5 words.
    assert sum(e.examples for e in preview.exposures.values()) == pytest.approx(1010, rel=0.1)


def test_a_batcher_that_does_not_say_leaves_the_totals_open(overrides: dict[str, Any], tmp_path: Path):
    batcher = {"@batchers": "spacy.batch_by_padded.v1", "size": 500, "buffer": 64, "discard_oversize": False}
    preview = make_preview(CONFIG, overrides | {"training.batcher": batcher})
    assert preview.sizes == []
    assert preview.exposures == {}
    assert any("holds 64 documents back" in caution for caution in preview.cautions)
    write_plot(preview, tmp_path / "two_panels.svg")


def test_it_refuses_what_training_would_refuse(overrides: dict[str, Any]):
    with pytest.raises(ConfigValidationError, match="Set max_epochs = -1"):
        make_preview(CONFIG, overrides | {"training.max_epochs": 5})
    with pytest.raises(ConfigValidationError, match="no distilled corpus is given"):
        make_preview(CONFIG, overrides | {"paths.distilled": None})


def test_a_config_without_a_blend_is_refused(overrides: dict[str, Any]):
    train = {"@readers": "spacy.Corpus.v1", "path": overrides["paths.gold"], "gold_preproc": False}
    with pytest.raises(ConfigValidationError, match="nothing to preview"):
        make_preview(CONFIG, overrides | {"corpora.train": train})


def test_a_teachers_config_is_refused_for_what_it_is():
    with pytest.raises(ConfigValidationError, match=r"teacher_cot\.cfg has no section \[training\]"):
        make_preview(ROOT / "configs" / "teacher_cot.cfg")


def test_distilled_labels_that_gold_lacks_are_refused(overrides: dict[str, Any], corpus: Corpus):
    other = {"paths.distilled": str(corpus("other", 8, "DATE"))}
    with pytest.raises(ConfigValidationError, match="labels that ner does not learn: DATE"):
        make_preview(CONFIG, overrides | other)
    without = {"corpora.train.share.@schedules": "spacy_distill.gold.v1"}
    assert make_preview(CONFIG, overrides | other | without).plan.shares == [0.0] * 101


def test_what_spacy_train_cannot_start_without_is_told(overrides: dict[str, Any], corpus: Corpus):
    assert any("Set dev in [paths]" in caution for caution in make_preview(CONFIG, overrides).cautions)
    minilm = ROOT / "configs" / "student_minilm.cfg"
    complete = overrides | {"paths.dev": str(corpus("dev", 4))}
    for folder in ("/nowhere/encoder", "./encoder", "a/b/c"):
        (caution,) = make_preview(minilm, complete | {"paths.encoder": folder}).cautions
        assert f"no folder {folder}" in caution and "project run encoder" in caution
    for known in (str(corpus("x", 1).parent), "bert-base-uncased", "google/electra-small-discriminator"):
        assert make_preview(minilm, complete | {"paths.encoder": known}).cautions == []


def test_a_config_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"No such config: nowhere\.cfg"):
        make_preview(Path("nowhere.cfg"))


def record(examples: list[dict[str, int]]) -> BlendRecord:
    """A run with these totals at its steps."""
    lines = [
        {"kind": "step", "step": i, "examples": drawn, "words": drawn, "learn_rate": 0.001}
        for i, drawn in enumerate(examples)
    ]
    return BlendRecord({"kind": "plan"}, lines)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_picture_has_plan_and_run(overrides: dict[str, Any], tmp_path: Path, suffix: str):
    run = record([{"gold": 8 * i, "distilled": 8 * i} for i in range(1, 102)])
    place = tmp_path / "new" / f"blend.{suffix}"
    write_plot(make_preview(CONFIG, overrides), place, run)
    if suffix == "svg":
        text = place.read_text()
        ElementTree.fromstring(text)
        assert all(word in text for word in ("share of examples", "learning rate", "distilled, realised"))
    else:
        assert place.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_told(overrides: dict[str, Any], tmp_path: Path):
    preview = make_preview(CONFIG, overrides)
    with pytest.raises(ValueError, match=r"Give --out a name ending in .svg or .png"):
        write_plot(preview, tmp_path / "blend.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="Choose another place for --out"):
        write_plot(preview, tmp_path / "file" / "blend.svg")


def test_the_realised_curve_is_what_was_drawn_in_each_stretch():
    run = record([{"gold": 0, "a": 3, "b": 1}, {"gold": 2, "a": 5, "b": 1}, {"gold": 6, "a": 5, "b": 1}])
    assert realised(run) == ([0, 1, 2], [1.0, 0.5, 0.0])
    assert realised(run, points=1) == ([1], [0.5])
    assert run.shares() == [1.0, 0.5, 0.0]
    run.steps[1:] = [{**run.steps[2], "step": 3}]
    assert run.shares() == [1.0, 0.25, 0.25, 0.25]


@settings(deadline=None)
@given(values=st.lists(st.floats(0, 1), max_size=200), width=st.integers(1, 80))
def test_a_sparkline_is_as_wide_as_asked(values: list[float], width: int):
    line = sparkline(values, width, top=1.0)
    assert len(line) == min(width, len(values))
    assert set(line) <= set(BLOCKS)
    assert [v for part in split(values, width) for v in part] == values


def test_a_sparkline_shows_the_curve():
    assert sparkline([0, 0.5, 1]) == "▁▅█"
    assert sparkline([0, 0, 0]) == "▁▁▁"
    assert sparkline([0, 1], ascii=True) == "_@"


def test_one_plan_serves_reader_and_preview(corpus: Corpus):
    plan = make_plan(0.5, 10, corpus("gold", 4), {"distilled": corpus("distilled", 6)})
    assert plan.source_shares(0) == {"distilled": 0.5, "gold": 0.5}
    assert plan.one_pass() == 8
