"""Small corpora and what blends them, and a pipeline with a training config but no network."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_distill.blend.progress import progress_of

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


def source_of(example: Example) -> str:
    """The corpus that an example is from."""
    return name_of(example).rstrip("0123456789")


def make_nlp(**training: Any) -> Language:
    """A blank pipeline whose config says what a training with a blend must say."""
    nlp = spacy.blank("en")
    config = nlp.config
    config["training"].update({**TRAINING, **training})
    nlp.config = config
    return nlp


def registered(group: str, name: str) -> Any:
    """A function of ours by its registered name: registered("schedules", "cosine")."""
    return registry.get(group, f"spacy_distill.{name}.v1")


def blended(gold: Path | None, distilled: Any, share: Any, **settings: Any) -> Any:
    """A reader that blends."""
    return registered("readers", "BlendedCorpus")(gold, distilled, share, **settings)


def train(nlp: Language, reader: Any, max_steps: int, size: int) -> Iterator[list[Example]]:
    """The batches of a training, drawn as spaCy's loop draws them: before the callback of their step."""
    track = registered("callbacks", "track_progress")()
    step, batch = 0, []
    while True:
        for example in reader(nlp):
            batch.append(example)
            if len(batch) == size:
                track(nlp, {"step": step, "epoch": 0})
                yield batch
                if step >= max_steps:
                    return
                step, batch = step + 1, []


def totals_of(nlp: Language) -> Any:
    """What the reader of a pipeline has drawn, as it tells the logger."""
    totals = progress_of(nlp).totals
    assert totals is not None
    return totals


def shares_of(schedule: Iterable[Any], steps: int) -> list[Any]:
    """One share for each of the `steps + 1` updates."""
    return list(islice(schedule, steps + 1))
