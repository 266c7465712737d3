"""Every config that would destroy the schedule in silence is refused, with the line to change."""

import logging
from pathlib import Path
from typing import Any

import pytest
import spacy
from confection import ConfigValidationError
from spacy.language import Language

from helpers.blending import Corpus, blended, make_nlp

NER = {"ner": {"labels": {"@readers": "spacy_distill.gold_labels.v1", "path": None}}}


def with_ner(components: dict[str, Any], **training: Any) -> Language:
    """A pipeline with an NER that is not initialized, and what its config says of its labels."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    config = nlp.config
    config["training"].update({**make_nlp().config["training"], **training})
    config["initialize"]["components"] = components
    nlp.config = config
    return nlp


def refusal(nlp: Language, gold: Path, distilled: Path | None = None, share: float = 0.0) -> str:
    """What the reader says of a pipeline's config."""
    with pytest.raises(ConfigValidationError) as error:
        blended(gold, distilled, share)(nlp)
    return str(error.value)


@pytest.mark.parametrize(
    ("training", "where", "line"),
    [
        ({"max_epochs": 0}, "training -> max_epochs", "Set max_epochs = -1"),
        ({"max_epochs": 10}, "training -> max_epochs", "Set max_epochs = -1"),
        ({"max_steps": 0}, "training -> max_steps", "Set max_steps = 1000"),
        (
            {"before_update": None},
            "training -> before_update",
            '[training.before_update] with @callbacks = "spacy_distill.track_progress.v1"',
        ),
        (
            {"before_update": {"@callbacks": "other.v1"}},
            "training -> before_update",
            '[training.before_update] with @callbacks = "spacy_distill.track_progress.v1"',
        ),
        (
            {"batcher": {"@batchers": "spacy.batch_by_words.v1", "size": 9, "discard_oversize": True}},
            "training -> batcher -> discard_oversize",
            "Set discard_oversize = false",
        ),
    ],
)
def test_a_training_trap_is_refused_with_the_line_to_change(
    corpus: Corpus, training: dict[str, Any], where: str, line: str
):
    said = refusal(make_nlp(**training), corpus("gold", 3))
    assert where in said
    assert line in said


def test_all_traps_are_told_at_once(corpus: Corpus):
    said = refusal(make_nlp(max_epochs=0, max_steps=0, before_update=None), corpus("gold", 3))
    assert all(name in said for name in ("max_epochs", "max_steps", "before_update"))


def test_track_progress_may_stand_inside_another_callback(corpus: Corpus):
    nested = {"@callbacks": "mine.v1", "first": {"@callbacks": "spacy_distill.track_progress.v1"}}
    assert list(blended(corpus("gold", 3), None, 0.0)(make_nlp(before_update=nested)))


def test_labels_from_a_hundred_examples_are_refused(corpus: Corpus):
    said = refusal(with_ner({}), corpus("gold", 3))
    assert "initialize -> components -> ner -> labels" in said
    assert "spacy_distill.gold_labels.v1" in said


def test_a_frozen_ner_needs_no_labels(corpus: Corpus):
    nlp = with_ner({}, frozen_components=["ner"])
    assert list(blended(corpus("gold", 3), None, 0.0)(nlp))


def test_an_ner_that_has_its_labels_from_another_pipeline_needs_none(corpus: Corpus):
    nlp = with_ner({})
    nlp.get_pipe("ner").add_label("LOC")  # type: ignore[attr-defined]
    assert list(blended(corpus("gold", 3), None, 0.0)(nlp))
    assert "does not learn: DATE" in refusal(nlp, corpus("gold", 3), corpus("distilled", 3, "DATE"), 0.5)


def test_a_label_file_that_spacy_would_pass_over_is_refused(corpus: Corpus, tmp_path: Path):
    labels = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "ner.json"), "require": False}
    said = refusal(with_ner({"ner": {"labels": labels}}), corpus("gold", 3))
    assert "ner -> labels -> path" in said
    assert "ner.json" in said
    (tmp_path / "ner.json").write_text("{}")
    assert list(blended(corpus("gold", 3), None, 0.0)(with_ner({"ner": {"labels": labels}})))


def test_distilled_labels_that_gold_lacks_are_refused_by_name(corpus: Corpus):
    gold, distilled = corpus("gold", 3), corpus("distilled", 3, "DATE")
    nlp = with_ner({"ner": {"labels": {"@readers": "spacy_distill.gold_labels.v1", "path": str(gold)}}})
    said = refusal(nlp, gold, distilled, 0.5)
    assert "distilled.spacy has labels that ner does not learn: DATE (it learns LOC)" in said
    # A regimen that never draws from the distilled corpus does not mind.
    assert list(blended(gold, distilled, 0.0)(nlp))


def test_an_initialized_ner_decides_which_labels_are_known(corpus: Corpus, tmp_path: Path):
    gold, distilled = corpus("gold", 3), corpus("distilled", 3, "DATE")
    (tmp_path / "ner.json").write_text("{}")
    labels = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "ner.json")}
    nlp = with_ner({"ner": {"labels": labels}})
    nlp.get_pipe("ner").add_label("LOC")  # type: ignore[attr-defined]
    assert "does not learn: DATE" in refusal(nlp, gold, distilled, 0.5)
    nlp.get_pipe("ner").add_label("DATE")  # type: ignore[attr-defined]
    assert list(blended(gold, distilled, 0.5)(nlp))


@pytest.mark.parametrize(
    ("training", "share", "warning"),
    [
        ({"patience": 3}, [1.0] * 5 + [0.0] * 6, "patience = 3 can end training before any gold"),
        ({"patience": 7}, [1.0] * 5 + [0.5] * 6, "patience = 7 can end training before the schedule ends"),
        (
            {"batcher": {"@batchers": "spacy.batch_by_padded.v1", "size": 99, "buffer": 256}},
            [0.5] * 11,
            "keeps 256 documents back",
        ),
    ],
)
def test_what_may_be_meant_is_warned_about(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, training: Any, share: list[float], warning: str
):
    nlp = make_nlp(**training)
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), corpus("distilled", 3), iter(share))(nlp)
        blended(corpus("gold", 3), corpus("distilled", 3), iter(share))(nlp)
    assert caplog.text.count(warning) == 1


@pytest.mark.parametrize(
    ("training", "share"),
    [({"patience": 3}, [0.0] * 11), ({"patience": 0}, [1.0] * 5 + [0.0] * 6), ({"patience": 50}, [1.0] * 11)],
)
def test_a_patience_that_cannot_cut_the_schedule_is_fine(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, training: Any, share: list[float]
):
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), corpus("distilled", 3), iter(share))(make_nlp(**training))
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("label", "warned"),
    [
        ("DATE", "given as dev, has labels that no text to train on has: DATE (there are LOC)"),
        ("LOC", ""),
    ],
)
def test_a_dev_corpus_with_labels_that_nothing_teaches_is_warned_about(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, label: str, warned: str
):
    nlp = make_nlp()
    dev = corpus("dev", 3, label)
    config = nlp.config
    config["corpora"]["dev"]["path"] = str(dev)
    nlp.config = config
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), None, 0.0)(nlp)
    assert warned in caplog.text and bool(warned) is bool(caplog.text)


@pytest.mark.parametrize("averages", [True, False])
def test_averages_that_would_leave_out_the_encoder_are_warned_about(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, averages: bool
):
    nlp = make_nlp(optimizer={"@optimizers": "Adam.v1", "use_averages": averages})
    nlp.add_pipe("transformer")
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), None, 0.0)(nlp)
    assert ("Set use_averages = false in [training.optimizer]" in caplog.text) is averages


def test_a_schedule_of_another_length_is_warned_about(corpus: Corpus, caplog: pytest.LogCaptureFixture):
    nlp = make_nlp()
    config = nlp.config
    config["corpora"]["train"] = {"share": {"@schedules": "spacy_distill.linear.v1", "total_steps": 500}}
    nlp.config = config
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), corpus("distilled", 3), 0.5)(nlp)
    assert "made for 500 steps, but training makes 10" in caplog.text


def warn_of_phases(corpus: Corpus, caplog: pytest.LogCaptureFixture, phases: dict[str, Any]) -> None:
    """Let a reader look at a config of phases, with its warnings kept."""
    nlp = make_nlp()
    config = nlp.config
    share = {"@schedules": "spacy_distill.phases.v1", "total_steps": 10, "*": phases}
    config["corpora"]["train"] = {"share": share}
    nlp.config = config
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        blended(corpus("gold", 3), corpus("distilled", 3), 0.5)(nlp)


@pytest.mark.parametrize(
    ("phase", "warned"),
    [({"fraction": 0.6}, False), ({"steps": 6}, False), ({"fraction": 0.8}, True), ({"steps": 3}, True)],
)
def test_a_schedule_longer_or_shorter_than_its_phase_is_warned_about(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, phase: dict[str, Any], warned: bool
):
    within = {"@schedules": "spacy_distill.linear.v1", "total_steps": 6}
    phases = {"falling": {**phase, "share": within}, "rest": {"fraction": 0.4, "share": 0.0}}
    warn_of_phases(corpus, caplog, phases)
    assert ("in [….share.*.falling.share]" in caplog.text) is warned


@pytest.mark.parametrize(("length", "warned"), [(3, False), (6, True)])
def test_a_schedule_in_a_phase_of_a_phase_is_measured_too(
    corpus: Corpus, caplog: pytest.LogCaptureFixture, length: int, warned: bool
):
    linear = {"@schedules": "spacy_distill.linear.v1", "total_steps": length}
    inner = {
        "@schedules": "spacy_distill.phases.v1",
        "total_steps": 6,
        "*": {"falling": {"fraction": 0.5, "share": linear}, "low": {"fraction": 0.5, "share": 0.1}},
    }
    outer = {"first": {"steps": 6, "share": inner}, "rest": {"steps": 4, "share": 0.0}}
    warn_of_phases(corpus, caplog, outer)
    assert ("total_steps = 3 in [….share.*.first.share.*.falling.share]" in caplog.text) is warned
