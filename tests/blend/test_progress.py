"""The callback shows the reader and the logger which step training is at."""

import gc
from typing import Any
from weakref import ref

import spacy
from spacy.language import Language

from helpers.blending import Corpus, blended, make_nlp, name_of, registered, train

make_track_progress = registered("callbacks", "track_progress")


def test_each_pipeline_has_its_own_step(corpus: Corpus):
    gold, distilled = corpus("gold", 5), corpus("distilled", 5)
    both = [train(make_nlp(max_steps=3), blended(gold, distilled, iter([1, 0, 1, 0])), 3, 2) for _ in "ab"]
    next(both[0])
    sources = [
        [name_of(example)[:4] for example in batch] for pair in zip(*both, strict=False) for batch in pair
    ]
    assert sources == [["gold"] * 2, ["dist"] * 2, ["dist"] * 2, ["gold"] * 2, ["gold"] * 2, ["dist"] * 2]


def test_another_callback_can_be_called_as_well():
    calls: list[int] = []

    def note(nlp: Language, info: dict[str, Any]) -> None:
        calls.append(info["step"])

    make_track_progress(also=note)(spacy.blank("en"), {"step": 2, "epoch": 0})
    assert calls == [2]


def test_the_progress_does_not_keep_a_pipeline_alive():
    nlp = spacy.blank("en")
    make_track_progress()(nlp, {"step": 1, "epoch": 0})
    alive = ref(nlp)
    del nlp
    gc.collect()
    assert alive() is None
