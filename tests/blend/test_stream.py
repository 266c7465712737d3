"""A corpus gives every document once before any comes twice, whatever its size."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from helpers.blending import Corpus, blended, make_docs, make_nlp, name_of, registered


def stream(
    path: Path, *, seed: int = 0, window: int = 100, batch: int = 0, **arguments: Any
) -> Iterator[Example]:
    """One corpus without end.

    batch: how many examples a step has; 0 if training has not begun.
    """
    reader = blended(path, None, 0.0, seed=seed, shuffle_window=window, **arguments)
    nlp, track = make_nlp(max_steps=1000), registered("callbacks", "track_progress")()
    count = 0
    while True:
        for example in reader(nlp):
            yield example
            count += 1
            if batch and count % batch == 0:
                track(nlp, {"step": count // batch - 1, "epoch": 0})


@pytest.mark.parametrize("window", [1, 3, 19, 20, 100])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("shards", [0, 4])
def test_every_document_comes_once_in_every_pass(corpus: Corpus, window: int, grouped: bool, shards: int):
    drawn = stream(corpus("doc", 20, shards=shards), window=window, batch=4, group_by_length=grouped)
    everything = {f"doc{i}" for i in range(20)}
    orders = []
    for _ in range(3):
        orders.append([name_of(example) for example in islice(drawn, 20)])
        assert set(orders[-1]) == everything
    if not grouped and (window > 1 or shards):
        assert orders[0] != orders[1] != orders[2]


@pytest.mark.parametrize("window", [5, 100])
def test_the_same_seed_gives_the_same_order_whatever_ran_before(corpus: Corpus, window: int):
    path = corpus("doc", 20, shards=3)

    def names(seed: int) -> list[str]:
        return [name_of(example) for example in islice(stream(path, seed=seed, window=window), 50)]

    before = names(7)
    random.seed(99)
    random.random()
    assert names(7) == before
    assert names(8) != before


def test_grouped_documents_are_of_similar_length(corpus: Corpus):
    drawn = stream(corpus("doc", 100), batch=5, group_by_length=True)
    spread = []
    for _ in range(10):
        lengths = [len(example.reference) for example in islice(drawn, 5)]
        spread.append(max(lengths) - min(lengths))
    # Lengths are 3 to 7: any five documents would differ by about 3.
    assert sum(spread) / len(spread) < 1


def test_documents_that_cannot_be_trained_on_are_left_out(corpus: Corpus):
    unannotated = Doc(Vocab(), words=["no", "labels"])
    empty = Doc(Vocab(), words=[])
    long = Doc(Vocab(), words=["long"] * 50, ents=["O"] * 50)
    nothing_in_it = Doc(Vocab(), words=["outside"], ents=["O"])
    path = corpus("doc", 3, extra=[unannotated, empty, long, nothing_in_it])
    for window in (1, 100):
        drawn = islice(stream(path, max_length=49, window=window), 8)
        assert {name_of(example) for example in drawn} == {"doc0", "doc1", "doc2", "outside"}


def test_an_example_has_the_tokens_that_the_pipeline_will_see(corpus: Corpus):
    spaced = Doc(Vocab(), words=["U.N.-backed", "talks"], spaces=[True, False], ents=["O", "O"])
    unknown = Doc(Vocab(), words=["don't", "know"], ents=["O", "O"])
    found = {
        name_of(example): [token.text for token in example.predicted]
        for example in islice(stream(corpus("none", 0, extra=[spaced, unknown])), 2)
    }
    tokens = [token.text for token in spacy.blank("en")("U.N.-backed talks")]
    assert found == {"U.N.-backed": tokens, "don't": ["don't", "know"]}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(2, 60), size=st.integers(1, 59), seed=st.integers(0, 9))
def test_a_window_gives_every_document_once_and_never_early(tmp_path: Path, count: int, size: int, seed: int):
    DocBin(docs=make_docs("doc", count)).to_disk(tmp_path / "corpus.spacy")
    size = min(size, count - 1)
    drawn = islice(stream(tmp_path / "corpus.spacy", seed=seed, window=size), count)
    order = [int(name_of(example).removeprefix("doc")) for example in drawn]
    assert sorted(order) == list(range(count))
    assert all(item < place + size for place, item in enumerate(order))
