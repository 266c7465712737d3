"""The preview says before training what the log says after it."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from confection import ConfigValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.blending import Corpus
from helpers.support import ROOT
from spacy_distill import preview, read_blend_log
from spacy_distill.blend.preview import sparkline, write_plot, write_steps

CONFIG = ROOT / "configs" / "student_cpu.cfg"


@pytest.fixture
def overrides(corpus: Corpus) -> dict[str, Any]:
    return {
        "paths.gold": str(corpus("gold", 20)),
        "paths.distilled": str(corpus("distilled", 40)),
        "training.max_steps": 100,
    }


def test_it_knows_the_examples_of_every_source(overrides: dict[str, Any]):
    found = preview(CONFIG, overrides)
    assert found.plan.shares == [1.0] * 50 + [0.0] * 51
    assert found.sizes == [16.0] * 101
    assert {name: e.examples for name, e in found.exposures.items()} == {"distilled": 800, "gold": 816}
    # Documents have 5 words on average.
    assert {name: e.words for name, e in found.exposures.items()} == {"distilled": 4000, "gold": 4080}
    assert (found.passes("distilled"), found.passes("gold")) == (20, 40.8)
    assert len(found.rates) == 101


def test_it_needs_no_dev_corpus_and_follows_overrides(overrides: dict[str, Any], corpus: Corpus):
    changes = {
        "paths.distilled": None,
        "corpora.train.distilled": {"conll": str(corpus("conll", 9)), "bbc": str(corpus("bbc", 9))},
        "corpora.train.weights": {"conll": 3, "bbc": 1},
        "corpora.train.share.@schedules": "spacy_distill.linear.v1",
        "training.batcher": {"@batchers": "spacy.batch_by_words.v1", "size": 50, "tolerance": 0.2},
    }
    found = preview(CONFIG, overrides | changes)
    assert found.plan.weights == {"conll": 0.75, "bbc": 0.25}
    assert found.exposures["conll"].examples == pytest.approx(3 * found.exposures["bbc"].examples, abs=2)
    # 50 words are about 10 documents of 5 words.
    assert sum(e.examples for e in found.exposures.values()) == pytest.approx(1010, rel=0.1)


def test_a_batcher_that_does_not_say_leaves_the_totals_open(overrides: dict[str, Any], tmp_path: Path):
    batcher = {"@batchers": "spacy.batch_by_padded.v1", "size": 500, "buffer": 64, "discard_oversize": False}
    found = preview(CONFIG, overrides | {"training.batcher": batcher})
    assert found.sizes == []
    assert found.exposures == {}
    assert any("keeps 64 documents back" in caution for caution in found.config_warnings)
    write_plot(found, tmp_path / "one_panel.svg")


def test_it_refuses_what_training_would_refuse(overrides: dict[str, Any]):
    with pytest.raises(ConfigValidationError, match="Set max_epochs = -1"):
        preview(CONFIG, overrides | {"training.max_epochs": 5})
    with pytest.raises(ConfigValidationError, match="no distilled corpus is given"):
        preview(CONFIG, overrides | {"paths.distilled": None})


def test_a_config_without_a_blend_is_refused(overrides: dict[str, Any]):
    train = {"@readers": "spacy.Corpus.v1", "path": overrides["paths.gold"], "gold_preproc": False}
    with pytest.raises(ConfigValidationError, match="nothing to preview"):
        preview(CONFIG, overrides | {"corpora.train": train})


def test_a_teachers_config_is_refused_for_what_it_is():
    with pytest.raises(ConfigValidationError, match=r"teacher_cot\.cfg has no section \[training\]"):
        preview(ROOT / "configs" / "teacher_cot.cfg")


def test_distilled_labels_that_gold_lacks_are_refused(overrides: dict[str, Any], corpus: Corpus):
    other = {"paths.distilled": str(corpus("other", 8, "DATE"))}
    with pytest.raises(ConfigValidationError, match="labels that ner does not learn: DATE"):
        preview(CONFIG, overrides | other)
    without = {"corpora.train.share.@schedules": "spacy_distill.gold.v1"}
    assert preview(CONFIG, overrides | other | without).plan.shares == [0.0] * 101


def test_what_spacy_train_cannot_start_without_is_told(overrides: dict[str, Any], corpus: Corpus):
    assert any("Set dev in [paths]" in caution for caution in preview(CONFIG, overrides).config_warnings)
    minilm = ROOT / "configs" / "student_minilm.cfg"
    complete = overrides | {"paths.dev": str(corpus("dev", 4))}
    for folder in ("/nowhere/encoder", "./encoder", "a/b/c"):
        (caution,) = preview(minilm, complete | {"paths.encoder": folder}).config_warnings
        assert f"no folder {folder}" in caution and "spacy-distill encoder" in caution
    for known in (str(corpus("x", 1).parent), "bert-base-uncased", "google/electra-small-discriminator"):
        assert preview(minilm, complete | {"paths.encoder": known}).config_warnings == []


def test_a_config_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"No such config: nowhere\.cfg"):
        preview(Path("nowhere.cfg"))


def write_run(folder: Path, examples: list[dict[str, int]], steps: list[int] | None = None) -> Path:
    """The log of a run with these totals at its steps."""
    lines: list[dict[str, Any]] = [{"kind": "plan", "updates": 101}]
    for step, drawn in zip(steps or range(len(examples)), examples, strict=True):
        lines.append({"kind": "step", "step": step, "examples": drawn, "words": drawn, "learn_rate": 0.001})
    (folder / "blend.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_picture_has_plan_and_run(overrides: dict[str, Any], tmp_path: Path, suffix: str):
    run = write_run(tmp_path, [{"gold": 8 * i, "distilled": 8 * i} for i in range(1, 102)])
    falling = {"training.optimizer.learn_rate.@schedules": "spacy_distill.decay_rate.v1"}
    place = tmp_path / "new" / f"blend.{suffix}"
    write_plot(preview(CONFIG, overrides | falling, run), place)
    if suffix == "svg":
        text = place.read_text()
        ElementTree.fromstring(text)
        for words in ("student_cpu.cfg: spacy_distill.simple_mix.v1, 101 updates", "share of examples"):
            assert words in text
        assert all(words in text for words in ("learning rate", "distilled, realised"))
    else:
        assert place.read_bytes().startswith(b"\x89PNG")


def test_a_learning_rate_that_never_changes_has_no_panel(overrides: dict[str, Any], tmp_path: Path):
    write_plot(preview(CONFIG, overrides), tmp_path / "blend.svg")
    assert "learning rate" not in (tmp_path / "blend.svg").read_text()


def test_a_picture_that_cannot_be_written_is_an_error(overrides: dict[str, Any], tmp_path: Path):
    found = preview(CONFIG, overrides)
    with pytest.raises(ValueError, match=r"Give --out a name ending in .svg or .png"):
        write_plot(found, tmp_path / "blend.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="Choose a place you may write to"):
        write_plot(found, tmp_path / "file" / "blend.svg")


def test_the_realised_curve_is_what_was_drawn_at_each_step(tmp_path: Path):
    drawn = [{"gold": 0, "a": 3, "b": 1}, {"gold": 2, "a": 5, "b": 1}, {"gold": 6, "a": 5, "b": 1}]
    assert read_blend_log(write_run(tmp_path, drawn)).shares() == [1.0, 0.5, 0.0]
    thinned = write_run(tmp_path, [drawn[0], drawn[2]], steps=[0, 3])
    assert read_blend_log(thinned).shares() == [1.0, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("steps", "warnings"),
    [
        (100, []),
        (
            20_000,
            ["4,000.2 passes over the 40 documents", "8,000.4 passes over the 20 documents"],
        ),
        (6, ["2.8 passes over the 20 documents of gold: too few"]),
    ],
)
def test_too_few_and_far_too_many_passes_are_warned_about(
    overrides: dict[str, Any], corpus: Corpus, steps: int, warnings: list[str]
):
    changes = {"training.max_steps": steps, "paths.dev": str(corpus("dev", 3))}
    changes["corpora.train.share.@schedules"] = "spacy_distill.constant.v1"
    found = sorted(preview(CONFIG, overrides | changes).config_warnings)
    assert len(found) == len(warnings)
    assert all(words in caution for words, caution in zip(warnings, found, strict=True))
    assert all("Set max_steps = 600" in caution for caution in found)


@pytest.mark.parametrize(
    ("gold", "distilled", "share", "suggested"),
    [
        (20, 40, "simple_mix", 600),
        (500, 3100, "simple_mix", 600),
        # 10 passes over 1,600 documents of gold by 8 of each step.
        (1600, 40, "simple_mix", 2000),
        # 1.5 passes over the distilled documents by 8 of each step.
        (20, 4800, "constant", 900),
        # Gold alone is seen longer, and all 16 of a step are of it.
        (20, 40, "gold", 1200),
        (500, 40, "gold", 1200),
        (3200, 40, "gold", 2000),
    ],
)
def test_the_suggested_steps_follow_the_documents(
    corpus: Corpus, gold: int, distilled: int, share: str, suggested: int
):
    overrides = {
        "paths.gold": str(corpus("gold", gold)),
        "paths.distilled": str(corpus("distilled", distilled)),
        "corpora.train.share.@schedules": f"spacy_distill.{share}.v1",
    }
    assert preview(CONFIG, overrides).suggested_steps == pytest.approx(suggested, abs=100)


def test_the_suggested_steps_are_written_into_the_config_alone(tmp_path: Path):
    text = CONFIG.read_text()
    place = tmp_path / "train.cfg"
    place.write_text(text)
    write_steps(place, 1300)
    assert place.read_text() == text.replace("\nmax_steps = 600\n", "\nmax_steps = 1300\n")
    place.write_text("[training]\npatience = 0\n[other]\nmax_steps = 3\n")
    with pytest.raises(ValueError, match=r"no line max_steps in \[training\]. Add max_steps = 1300"):
        write_steps(place, 1300)


@settings(deadline=None)
@given(values=st.lists(st.floats(0, 1), max_size=200), width=st.integers(1, 80))
def test_a_sparkline_is_as_wide_as_asked(values: list[float], width: int):
    line = sparkline(values, width, top=1.0)
    assert len(line) == min(width, len(values))
    assert set(line) <= set("▁▂▃▄▅▆▇█")


def test_a_sparkline_shows_the_curve():
    assert sparkline([0, 0.5, 1]) == "▁▅█"
    assert sparkline([0, 0, 0]) == "▁▁▁"
    assert sparkline([0, 1], ascii=True) == "_@"
