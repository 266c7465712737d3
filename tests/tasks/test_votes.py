"""How annotations are combined: rules, disputes, annotations that say nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill import Annotation, Item, VoteRule, find_task

NER = find_task("ner")
ROME, ROME_ORG, OLD_ROME = Item(1, 2, "LOC"), Item(1, 2, "ORG"), Item(0, 2, "LOC")
MAY = Item(3, 4, "PER")
NOTHING = Annotation.unknown(4)


def view(*items, missing=()):
    return Annotation(4, tuple(sorted(items)), frozenset(missing))


def combine(*views, rule="majority", disputed="missing", threshold=None):
    annotation = NER.combine(views, VoteRule(rule, disputed, threshold)).annotation
    return list(annotation.items), sorted(annotation.missing)


def test_agreement_is_entity_or_o():
    for rule in ("majority", "union", "intersection"):
        assert combine(view(ROME), view(ROME), rule=rule) == ([ROME], [])
        assert combine(view(), view(), rule=rule) == ([], [])


def test_each_rule_chooses_by_votes():
    views = [view(ROME), view(ROME), view()]
    assert combine(*views, rule="union") == ([ROME], [])
    assert combine(*views, rule="majority") == ([ROME], [])
    assert combine(*views, rule="intersection") == ([], [1])
    assert combine(*views, rule="threshold", threshold=2) == ([ROME], [])
    assert combine(*views, rule="threshold", threshold=3) == ([], [1])


@pytest.mark.parametrize(("disputed", "expected"), [
    ("missing", ([], [1])),
    ("O", ([], [])),
    ("majority", ([ROME], [])),
])  # fmt: skip
def test_what_becomes_of_disputed_tokens(disputed, expected):
    assert combine(view(ROME), view(ROME), view(), rule="intersection", disputed=disputed) == expected


def test_half_of_the_votes_are_enough_for_the_rule_half():
    assert combine(view(ROME), view(ROME), view(), view(), rule="half", disputed="O") == ([ROME], [])
    assert combine(view(ROME), view(), view(), rule="half", disputed="O") == ([], [])


def test_what_is_disputed_can_be_left_to_the_first_view():
    assert combine(view(ROME), view(), view(), disputed="first") == ([ROME], [])
    assert combine(view(), view(ROME), view(), disputed="first") == ([], [])
    assert combine(view(missing=[1]), view(ROME), view(), disputed="first") == ([], [1])
    assert combine(view(OLD_ROME), view(ROME), view(ROME), disputed="first") == ([ROME], [])


def test_a_majority_for_o_settles_a_dispute_and_a_tie_does_not():
    assert combine(view(ROME), view(), view(), disputed="majority") == ([], [])
    assert combine(view(ROME), view(), disputed="majority") == ([], [1])
    assert combine(view(ROME), view(ROME_ORG), view(), disputed="majority") == ([], [1])


def test_spans_are_voted_on_not_answers_and_borders_count():
    entities, missing = combine(view(ROME, MAY), view(OLD_ROME, MAY), view(ROME))
    assert entities == [ROME, MAY]
    assert missing == [0]


def test_of_two_chosen_spans_that_overlap_the_one_with_more_votes_wins():
    assert combine(view(ROME), view(ROME), view(OLD_ROME), rule="union") == ([ROME], [0])
    assert combine(view(ROME), view(OLD_ROME), rule="union") == ([OLD_ROME], [])


def test_a_view_that_says_nothing_neither_confirms_nor_says_o():
    assert combine(view(ROME), NOTHING) == ([], [0, 1, 2, 3])
    assert combine(view(ROME), NOTHING, rule="union") == ([ROME], [])
    assert combine(view(ROME), view(ROME), NOTHING) == ([ROME], [])
    assert combine(NOTHING, NOTHING, rule="union") == ([], [0, 1, 2, 3])
    assert combine(NOTHING, NOTHING, disputed="O") == ([], [0, 1, 2, 3])


def test_a_token_that_a_view_does_not_know_needs_the_others():
    assert combine(view(missing=[2]), view()) == ([], [2])
    assert combine(view(missing=[2]), view(), view()) == ([], [])


def test_shares_are_kept_for_every_span():
    result = NER.combine([view(ROME), view(ROME_ORG), view(ROME), NOTHING], VoteRule())
    assert result.shares == {ROME: 0.5, ROME_ORG: 0.25}


@pytest.mark.parametrize(("arguments", "message"), [
    ({"rule": "most"}, "'most'.*majority"),
    ({"disputed": "o"}, "'o'.*missing, O, majority"),
    ({"rule": "threshold"}, "needs a number"),
    ({"threshold": 2}, "no other rule"),
    ({"rule": "threshold", "threshold": 0}, "1 or more"),
])  # fmt: skip
def test_arguments_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        VoteRule(**arguments)


def test_a_threshold_beyond_the_number_of_views():
    with pytest.raises(ValueError, match="only 2 views"):
        NER.combine([view(), view()], VoteRule("threshold", threshold=3))


@st.composite
def annotations(draw, size=6):
    if draw(st.integers(0, 5)) == 0:
        return Annotation.unknown(size)
    items, at = [], 0
    while at < size:
        length = draw(st.integers(1, 3))
        label = draw(st.sampled_from(["", "LOC", "ORG"]))
        if label and at + length <= size:
            items.append(Item(at, at + length, label))
        at += length
    free = Annotation(size, tuple(items)).outside()
    missing = draw(st.sets(st.sampled_from(free))) if free else set()
    return Annotation(size, tuple(items), frozenset(missing))


RULES = st.builds(
    VoteRule,
    st.sampled_from(["majority", "half", "union", "intersection"]),
    st.sampled_from(["missing", "O", "majority"]),
)


@given(st.lists(annotations(), min_size=1, max_size=5), RULES, st.randoms())
def test_a_result_is_sound_and_does_not_depend_on_the_order_of_views(views, rule, random):
    result = NER.combine(views, rule)
    items, missing = result.annotation.items, result.annotation.missing
    covered = [i for item in items for i in range(item.start, item.end)]
    assert len(covered) == len(set(covered))
    assert not missing & set(covered)
    assert set(items) <= set(result.shares)
    assert all(0 < share <= 1 for share in result.shares.values())
    assert NER.combine(random.sample(views, len(views)), rule) == result
    if rule.disputed == "missing":
        for item in set(result.shares).difference(items):
            assert set(range(item.start, item.end)) <= missing | set(covered)


@given(st.lists(annotations(), min_size=1, max_size=4), RULES, st.data())
def test_a_weight_is_that_many_views(views, rule, data):
    weights = data.draw(st.lists(st.integers(1, 3), min_size=len(views), max_size=len(views)))
    repeated = [one for one, weight in zip(views, weights, strict=True) for _ in range(weight)]
    expected = NER.combine(repeated, rule).annotation
    assert NER.combine(views, rule, weights).annotation == expected
    assert NER.combine(views, rule, [weight / 7 for weight in weights]).annotation == expected
