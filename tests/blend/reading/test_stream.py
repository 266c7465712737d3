"""A stream gives every document once before any comes twice, whatever the size of the corpus."""

import random
from itertools import pairwise

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from blending import Corpus, name_of
from spacy_distill.blend.stream import Stream, Window, make_example


def stream(corpus_path, documents: int, *, seed: int = 0, max_length: int = 0, window: int = 100) -> Stream:
    return Stream(corpus_path, spacy.blank("en"), documents, random.Random(seed), max_length, window)


@pytest.mark.parametrize("window", [1, 3, 19, 20, 100])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("shards", [0, 4])
def test_every_document_comes_once_in_every_pass(corpus: Corpus, window: int, grouped: bool, shards: int):
    drawn = stream(corpus("doc", 20, shards=shards), 20, window=window)
    everything = {f"doc{i}" for i in range(20)}
    orders = []
    for _ in range(3):
        orders.append([name_of(drawn.draw(0.3 if grouped else None)) for _ in range(20)])
        assert set(orders[-1]) == everything
    if not grouped and (window > 1 or shards):
        assert orders[0] != orders[1] != orders[2]


@pytest.mark.parametrize("window", [5, 100])
def test_the_same_seed_gives_the_same_order_whatever_ran_before(corpus: Corpus, window: int):
    path = corpus("doc", 20, shards=3)
    first = stream(path, 20, seed=7, window=window)
    before = [name_of(first.draw()) for _ in range(50)]
    random.seed(99)
    random.random()
    again = stream(path, 20, seed=7, window=window)
    assert [name_of(again.draw()) for _ in range(50)] == before
    other = stream(path, 20, seed=8, window=window)
    assert [name_of(other.draw()) for _ in range(50)] != before


def test_grouped_documents_are_of_similar_length(corpus: Corpus):
    drawn = stream(corpus("doc", 100), 100)
    rng = random.Random(0)
    spread = []
    for _ in range(10):
        quantile = rng.random()
        lengths = [len(drawn.draw(quantile).reference) for _ in range(5)]
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
        drawn = stream(path, 4, max_length=49, window=window)
        assert {name_of(drawn.draw()) for _ in range(8)} == {"doc0", "doc1", "doc2", "outside"}


def test_an_example_has_the_tokens_that_the_pipeline_will_see():
    nlp = spacy.blank("en")
    spaced = Doc(nlp.vocab, words=["U.N.-backed", "talks"], spaces=[True, False])
    assert make_example(nlp, spaced).predicted.text == "U.N.-backed talks"
    assert len(make_example(nlp, spaced).predicted) == len(nlp("U.N.-backed talks"))
    unknown = Doc(nlp.vocab, words=["don't", "know"])
    assert [t.text for t in make_example(nlp, unknown).predicted] == ["don't", "know"]


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 60), size=st.integers(1, 70), seed=st.integers(0, 9))
def test_a_window_gives_every_item_once_and_never_early(count: int, size: int, seed: int):
    docs = [Doc(Vocab(), words=["w"]) for _ in range(count)]
    place = {id(doc): i for i, doc in enumerate(docs)}
    window = Window(lambda: iter(docs), random.Random(seed), size)
    order = [place[id(window.draw(None))] for _ in range(count)]
    assert sorted(order) == list(range(count))
    assert all(item < drawn + size for drawn, item in enumerate(order))


def test_an_unshuffled_window_would_be_noticed():
    docs = [Doc(Vocab(), words=["w"]) for _ in range(50)]
    place = {id(doc): i for i, doc in enumerate(docs)}
    window = Window(lambda: iter(docs), random.Random(0), 10)
    order = [place[id(window.draw(None))] for _ in range(50)]
    assert any(b < a for a, b in pairwise(order))
