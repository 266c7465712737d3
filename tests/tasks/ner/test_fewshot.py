"""Few-shot examples from a gold corpus."""

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from helpers.reading import LabelSet, Shot, make_ner_task, read_pool
from spacy_distill import write_docs
from spacy_distill.tasks.fewshot import make_chooser

LABELS = LabelSet(["LOC", "PER"], {"City": "LOC"})
TEXTS = ["Ann saw Rome", "the bank rose sharply", "Bob left Rome today", "rain fell on Bonn", "the bank fell"]
POOL = [Shot(text, ()) for text in TEXTS]


def doc(text, vocab=None):
    return Doc(vocab or Vocab(), text.split())


def chosen(choose, text, shots=2, seed=0, vocab=None):
    chooser = make_chooser(POOL, choose, shots, seed)
    return [TEXTS[number] for number in chooser.choose(doc(text, vocab))]


def test_fixed_ones_are_the_same_for_every_document():
    assert chosen("fixed", "snow") == chosen("fixed", "bank") == TEXTS[:2]


def test_random_ones_depend_on_seed_and_document_only():
    draws = {tuple(chosen("random", f"document {n}")) for n in range(30)}
    assert len(draws) > 5
    assert chosen("random", "x") == chosen("random", "x")
    assert any(chosen("random", "x", seed=n) != chosen("random", "x") for n in range(5))


def test_the_nearest_by_words_stands_last_and_rare_words_count_more():
    assert chosen("nearest", "the bank of Rome rose sharply")[-1] == "the bank rose sharply"
    assert chosen("nearest", "Zoe left Rome", shots=1) == ["Bob left Rome today"]


def test_the_nearest_by_vectors_where_the_pipeline_has_them():
    vocab = spacy.blank("en").vocab
    vocab.reset_vectors(width=2)
    for words, vector in (
        (["snow", "rain", "fell", "on", "Bonn"], [1, 0]),
        (["the", "bank", "rose"], [0, 1]),
    ):
        for word in words:
            vocab.set_vector(word, numpy.array(vector, dtype="f"))
    assert chosen("nearest", "snow", shots=1, vocab=vocab) == ["rain fell on Bonn"]


@pytest.mark.parametrize("choose", ["fixed", "random", "nearest"])
@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([*TEXTS, "ANN saw  Rome", "the bank rose sharply , and more", "bank"]), st.integers(0, 6)
)
def test_the_documents_own_text_is_never_an_example(choose, text, shots):
    found = chosen(choose, text, shots)
    assert len(found) <= shots
    assert len(set(found)) == len(found)
    own = " ".join(text.split()).casefold()
    assert all(example.casefold() not in own for example in found)


@pytest.mark.parametrize("choose", ["fixed", "random", "nearest"])
def test_nor_is_one_that_is_nearly_the_documents_own(choose):
    near = "Ann said in Rome on Friday that the bank of Bonn would lend no more money"
    far = "Ann said in Rome on Friday that rain fell"
    chooser = make_chooser([Shot(near, ()), Shot(far, ())], choose, 2, 0)
    assert chooser.choose(doc(near.replace("Friday", "Sunday"))) == [1]
    assert sorted(chooser.choose(doc("Ann saw Rome"))) == [0, 1]


@pytest.fixture
def gold(tmp_path):
    docs = []
    for number in range(12):
        made = doc(f"Ann saw town{number} today")
        made.set_ents([Span(made, 0, 1, "PER"), Span(made, 2, 3, "City")])
        docs.append(made)
    docs[0].set_ents([], missing=[docs[0][1:2]])
    docs[1] = doc("Ann saw town1")
    write_docs(docs, tmp_path / "gold.spacy")
    return tmp_path / "gold.spacy"


def test_a_gold_corpus_gives_wholly_labelled_documents_with_the_tasks_labels(gold):
    pool = read_pool(gold, LABELS, seed=0)
    assert len(pool) == 10
    assert all([c.label for c in shot.candidates] == ["PER", "LOC"] for shot in pool)
    assert pool != read_pool(gold, LABELS, seed=1)


def test_a_task_draws_its_examples_from_gold(gold):
    task = make_ner_task(["LOC", "PER"], examples=gold, choose="nearest", shots=3, aliases={"City": "LOC"})
    prompt = task.render(doc("Bob saw town7"))
    assert prompt.count("Answer:") == 4
    assert prompt.rindex("Ann saw town7 today") > prompt.rindex(
        "Ann saw town", 0, prompt.rindex("town7 today") - 9
    )
    assert '{"text": "town7", "label": "LOC"}' in prompt
    assert (
        make_ner_task(["LOC", "PER"], examples=gold, aliases={"City": "LOC"})
        .render(doc("x"))
        .count("Answer:")
        == 6
    )


def test_the_prompts_hash_knows_how_examples_are_chosen(gold):
    arguments = {"labels": ["LOC", "PER"], "examples": gold, "aliases": {"City": "LOC"}}
    ways = [{}, {"choose": "random"}, {"choose": "random", "seed": 1}, {"choose": "nearest"}, {"shots": 2}]
    assert len({make_ner_task(**arguments, **way).prompt_hash for way in ways}) == len(ways)


def test_wrong_arguments(gold):
    with pytest.raises(ValueError, match=r"'City'.*aliases"):
        make_ner_task(["LOC", "PER"], examples=gold)
    with pytest.raises(ValueError, match="`shots` is -1"):
        make_chooser(POOL, "fixed", -1, 0)
    with pytest.raises(ValueError, match=r"'best'.*fixed, random, nearest"):
        make_chooser(POOL, "best", 1, 0)
