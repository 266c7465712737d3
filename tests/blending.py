"""Small corpora for tests of the blend, and a pipeline with a training config but no network."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

Corpus = Callable[..., Path]

TRAINING = {
    "max_epochs": -1,
    "max_steps": 10,
    "before_update": {"@callbacks": "spacy_distill.track_progress.v1"},
}


def make_docs(name: str, count: int, label: str = "LOC") -> list[Doc]:
    """Documents of 3 to 7 words that are told apart by their first word, which is an entity."""
    docs = []
    for i in range(count):
        words = [f"{name}{i}", *("word" for _ in range(2 + i % 5))]
        docs.append(Doc(Vocab(), words=words, ents=["B-" + label, *("O" for _ in words[1:])]))
    return docs


def name_of(example: Example) -> str:
    """The first word of an example: it tells its document."""
    return example.reference[0].text


def make_nlp(**training: Any) -> Language:
    """A blank pipeline whose config says what a training with a blend must say."""
    nlp = spacy.blank("en")
    config = nlp.config
    config["training"].update({**TRAINING, **training})
    nlp.config = config
    return nlp


def shares_of(schedule: Iterable[Any], steps: int) -> list[Any]:
    """One share for each of the `steps + 1` updates."""
    return list(islice(schedule, steps + 1))
