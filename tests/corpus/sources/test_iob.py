"""Tags of every IOB flavour stand for the same entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.corpus.formats.conll import spans_of_tags, split_tag


@pytest.mark.parametrize(
    "tags",
    [
        "I-LOC I-LOC O I-PER B-PER I-ORG",  # IOB1: a B only between two entities of one label
        "B-LOC I-LOC O B-PER B-PER B-ORG",  # IOB2
        "B-LOC E-LOC O S-PER S-PER S-ORG",  # IOBES
        "B-LOC L-LOC O U-PER U-PER U-ORG",  # BILUO
    ],
)
def test_all_flavours_are_read_alike(tags):
    assert spans_of_tags(tags.split()) == [(0, 2, "LOC"), (3, 4, "PER"), (4, 5, "PER"), (5, 6, "ORG")]


def test_labels_may_hold_dashes():
    assert spans_of_tags(["B-work-of-art", "I-work-of-art"]) == [(0, 2, "work-of-art")]


@pytest.mark.parametrize("tag", ["", "B", "B-", "X-LOC", "LOC", "o", "-LOC"])
def test_anything_else_is_an_error_that_names_it(tag):
    with pytest.raises(ValueError, match="expected an entity tag"):
        split_tag(tag)


@st.composite
def entities(draw):
    """Entities that do not overlap, and the number of tokens."""
    spans, i = [], 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("AB")), max_size=6)
    ):
        spans.append((i + gap, i + gap + length, label))
        i += gap + length
    return spans, i + draw(st.integers(0, 2))


@given(entities(), st.booleans())
def test_what_is_written_in_iob1_or_iob2_is_read_back(case, iob1):
    spans, size = case
    tags = ["O"] * size
    for start, end, label in spans:
        tags[start:end] = [f"I-{label}"] * (end - start)
    for start, _, label in spans:
        adjoins = start > 0 and tags[start - 1].endswith(f"-{label}")
        if adjoins or not iob1:
            tags[start] = f"B-{label}"
    assert spans_of_tags(tags) == spans
