"""Documents that stand twice: none is overlooked, short ones are counted apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.docs import make_doc
from spacy_distill.corpus.duplicates import NEAR, ShingleIndex, find_duplicates, find_leaks

LONG = "The river barge leaked four tonnes of diesel into the harbour overnight ."
NEARLY = "The river barge leaked five tonnes of diesel into the harbour overnight ."
OTHER = "Nothing at all in this sentence stands in any of the others here ."


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (LONG, (1, 0, 0)),
        (LONG.upper().replace("HARBOUR", "HAR BOUR"), (1, 0, 0)),
        (NEARLY, (0, 1, 0)),
        (OTHER, (0, 0, 0)),
        ("OSLO 2023-01-01", (0, 0, 1)),
    ],
)
def test_what_stands_in_a_test_corpus(text, counts):
    tests = [make_doc(OTHER.replace("others", "rest of")), make_doc(LONG), make_doc("Oslo 2023-01-01")][1:]
    leaks = find_leaks([make_doc(text)], tests, "test")
    assert (leaks.exact, leaks.near, leaks.short) == counts
    assert leaks.clean == (counts[:2] == (0, 0))
    assert len(leaks.examples) == sum(counts[:2])


def test_an_example_names_both_documents():
    (twin,) = find_leaks(
        [make_doc(NEARLY, id="x:1")], [make_doc(OTHER), make_doc(LONG, id="t:1")], "test"
    ).examples
    assert (twin.id, twin.other_id, twin.text, twin.other_text) == ("x:1", "t:1", NEARLY, LONG)
    assert NEAR <= twin.likeness < 1


@pytest.mark.parametrize(("text", "counts"), [(LONG, (1, 0)), (NEARLY, (0, 1))])
def test_sentences_of_an_article_count_on_either_side(text, counts):
    article = make_doc(f"{OTHER} {text}", id="article")
    for token in article:
        token.is_sent_start = token.i in (0, len(OTHER.split()))
    for docs, others in (([make_doc(LONG)], [article]), ([article], [make_doc(LONG)])):
        leaks = find_leaks(docs, others, "test")
        assert (leaks.exact, leaks.near) == counts
        (twin,) = leaks.examples
        assert {twin.text.strip(), twin.other_text.strip()} == {LONG, text}


def test_a_short_sentence_of_an_article_is_no_leak():
    article = make_doc(f"{OTHER} Oslo 2023-01-01")
    for token in article:
        token.is_sent_start = token.i in (0, len(OTHER.split()))
    assert find_leaks([article], [make_doc("Oslo 2023-01-01")], "test").clean


def test_documents_that_repeat_an_earlier_one():
    docs = [
        make_doc(LONG),
        make_doc("LONDON"),
        make_doc(NEARLY),
        make_doc(LONG.upper()),
        make_doc(OTHER),
        make_doc("London"),
    ]
    duplicates = find_duplicates(docs)
    assert (duplicates.exact, duplicates.near, duplicates.short) == (1, 1, 1)


sets = st.lists(
    st.frozensets(st.tuples(st.sampled_from("abcdefgh"), st.just("")), max_size=8), min_size=1, max_size=12
)


@settings(max_examples=300, deadline=None)
@given(sets, st.sampled_from([0.3, 0.5, 0.6, 0.8, 1.0]))
def test_the_index_finds_what_comparing_all_would_find(sets, near):
    index = ShingleIndex(sets, near)
    for i, one in enumerate(sets):
        likenesses = [len(one & other) / len(one | other) if one | other else 0.0 for other in sets]
        for before in (None, i):
            reachable = likenesses if before is None else likenesses[:before]
            best = max(reachable, default=0.0)
            found, capped = index.nearest(one, before)
            assert not capped
            if best >= near:
                assert found == (reachable.index(best), best)
            else:
                assert found is None


def test_a_corpus_is_not_called_clean_where_a_cap_acted():
    """Documents of one template share their rarest words with more others than are compared."""
    text = (
        "Order of {0} pieces from shelf number {1} to customer with account code {2} before noon of day {3}"
    )
    docs = [make_doc(text.format(f"a{i}", f"b{i}", f"c{i}", f"d{i}")) for i in range(80)]
    other = [make_doc(text.format(f"e{i}", f"f{i}", f"g{i}", f"h{i}")) for i in range(80)]
    found = find_leaks(docs, other, "test")
    assert (found.exact, found.near) == (0, 0) and found.capped
    assert found.clean is None
    assert find_leaks(docs, docs, "test").clean is False
    assert find_leaks(docs, [make_doc(OTHER)], "test").clean is True
