"""The callback tells the reader and the logger which step training is at."""

import gc
from typing import Any

import spacy
from spacy import registry
from spacy.language import Language

from spacy_distill.blend import reader as progress
from spacy_distill.blend.reader import make_track_progress, progress_of


def test_each_pipeline_has_its_own_step():
    one, two = spacy.blank("en"), spacy.blank("en")
    make_track_progress()(one, {"step": 4, "epoch": 0})
    assert (progress_of(one).step, progress_of(two).step) == (4, None)


def test_another_callback_can_be_called_as_well():
    calls: list[int] = []

    def note(nlp: Language, info: dict[str, Any]) -> None:
        calls.append(info["step"])

    make_track_progress(also=note)(spacy.blank("en"), {"step": 2, "epoch": 0})
    assert calls == [2]
    block = {"@callbacks": "spacy_distill.track_progress.v1", "also": None}
    assert callable(registry.resolve({"before_update": block})["before_update"])


def test_the_notes_do_not_keep_a_pipeline_alive():
    before = len(progress._PROGRESS)
    nlp = spacy.blank("en")
    make_track_progress()(nlp, {"step": 1, "epoch": 0})
    assert len(progress._PROGRESS) == before + 1
    del nlp
    gc.collect()
    assert len(progress._PROGRESS) <= before
