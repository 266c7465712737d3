"""Parts and samples: the same everywhere, and ranges that meet make up the whole."""

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill import doc_id, parse_range, set_origin
from spacy_distill.corpus.sampling import ArticleRange, sample, take_articles

NLP = spacy.blank("en")


def corpus(size=10, per_article=2):
    docs = (NLP.make_doc(f"Word {i}") for i in range(size))
    return [
        set_origin(doc, id=str(i), document=f"a{i // per_article}", source="x") for i, doc in enumerate(docs)
    ]


def ids(docs):
    return [int(doc_id(doc)) for doc in docs]


def test_a_range_takes_whole_articles_in_file_order():
    assert ids(take_articles(corpus(), parse_range("0:0.4"))) == [0, 1, 2, 3]
    assert ids(take_articles(corpus(), parse_range("0.4:1"))) == [4, 5, 6, 7, 8, 9]


def test_a_shuffled_range_depends_on_the_seed_alone():
    part = parse_range("0:0.4", shuffled=True)
    taken = ids(take_articles(corpus(), part, seed=1))
    assert taken == [0, 1, 6, 7]
    assert taken != ids(take_articles(corpus(), part, seed=3))


def test_documents_without_article_each_count_as_one():
    docs = [NLP.make_doc(f"Word {i}") for i in range(4)]
    assert take_articles(docs, parse_range("0:0.5")) == docs[:2]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.floats(0.01, 0.99), st.booleans(), st.integers(0, 5))
def test_ranges_that_meet_make_up_the_whole(size, border, shuffled, seed):
    docs = corpus(size)
    first = take_articles(docs, ArticleRange(0.0, border, shuffled), seed)
    second = take_articles(docs, ArticleRange(border, 1.0, shuffled), seed)
    assert sorted(ids(first) + ids(second)) == list(range(size))


@pytest.mark.parametrize("text", ["", "0.5", "0:2", "0.5:0.5", "-0.1:1", "a:b", "0:0.5:1", "nan:1"])
def test_a_range_that_is_none_is_an_error(text):
    with pytest.raises(ValueError, match="START:END"):
        parse_range(text)


def test_a_sample_is_the_same_on_every_machine():
    """Pinned: were it to change, every study's gold subset would change with it."""
    assert ids(sample(corpus(), 4, seed=0)) == [0, 1, 3, 9]


def test_a_sample_keeps_the_order_and_holds_every_smaller_one():
    docs = corpus()
    small, large = ids(sample(docs, 3, seed=2)), ids(sample(docs, 7, seed=2))
    assert large == sorted(large)
    assert set(small) < set(large)
    assert ids(sample(docs, 99)) == list(range(10))


def test_a_sample_of_none_is_an_error():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        sample(corpus(), 0)
