"""The vote itself: rules, disputes, silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.tasks.votes import Ballot, Election

ROME, ROME_ORG, OLD_ROME = (1, 2, "LOC"), (1, 2, "ORG"), (0, 2, "LOC")


def ballot(*spans, unknown=()):
    return Ballot(frozenset(spans), frozenset(unknown))


def hold(*ballots, rule="majority", disputed="missing", threshold=None, length=4):
    verdict = Election(rule, disputed, threshold).hold(ballots, length)
    return list(verdict.entities), sorted(verdict.missing)


def test_agreement_is_entity_or_o():
    for rule in ("majority", "union", "intersection"):
        assert hold(ballot(ROME), ballot(ROME), rule=rule) == ([ROME], [])
        assert hold(ballot(), ballot(), rule=rule) == ([], [])


def test_each_rule_chooses_by_votes():
    views = [ballot(ROME), ballot(ROME), ballot()]
    assert hold(*views, rule="union") == ([ROME], [])
    assert hold(*views, rule="majority") == ([ROME], [])
    assert hold(*views, rule="intersection") == ([], [1])
    assert hold(*views, rule="threshold", threshold=2) == ([ROME], [])
    assert hold(*views, rule="threshold", threshold=3) == ([], [1])


@pytest.mark.parametrize(("disputed", "expected"), [
    ("missing", ([], [1])),
    ("O", ([], [])),
    ("majority", ([ROME], [])),
])  # fmt: skip
def test_what_becomes_of_disputed_tokens(disputed, expected):
    assert hold(ballot(ROME), ballot(ROME), ballot(), rule="intersection", disputed=disputed) == expected


def test_a_majority_for_o_settles_a_dispute_and_a_tie_does_not():
    assert hold(ballot(ROME), ballot(), ballot(), disputed="majority") == ([], [])
    assert hold(ballot(ROME), ballot(), disputed="majority") == ([], [1])
    assert hold(ballot(ROME), ballot(ROME_ORG), ballot(), disputed="majority") == ([], [1])


def test_spans_are_voted_on_not_answers_and_borders_count():
    entities, missing = hold(ballot(ROME, (3, 4, "PER")), ballot(OLD_ROME, (3, 4, "PER")), ballot(ROME))
    assert entities == [ROME, (3, 4, "PER")]
    assert missing == [0]


def test_of_two_chosen_spans_that_overlap_the_one_with_more_votes_wins():
    assert hold(ballot(ROME), ballot(ROME), ballot(OLD_ROME), rule="union") == ([ROME], [0])
    assert hold(ballot(ROME), ballot(OLD_ROME), rule="union") == ([OLD_ROME], [])


def test_a_silent_view_neither_confirms_nor_says_o():
    assert hold(ballot(ROME), None) == ([], [0, 1, 2, 3])
    assert hold(ballot(ROME), None, rule="union") == ([ROME], [])
    assert hold(ballot(ROME), ballot(ROME), None) == ([ROME], [])
    assert hold(None, None, rule="union") == ([], [0, 1, 2, 3])
    assert hold(None, None, disputed="O") == ([], [0, 1, 2, 3])


def test_a_token_that_a_view_does_not_know_needs_the_others():
    assert hold(ballot(unknown=[2]), ballot()) == ([], [2])
    assert hold(ballot(unknown=[2]), ballot(), ballot()) == ([], [])


def test_shares_are_kept_for_every_span():
    verdict = Election().hold([ballot(ROME), ballot(ROME_ORG), ballot(ROME), None], 4)
    assert verdict.shares == {ROME: 0.5, ROME_ORG: 0.25}


@pytest.mark.parametrize(("arguments", "message"), [
    ({"rule": "most"}, "'most'.*majority"),
    ({"disputed": "o"}, "'o'.*missing, O, majority"),
    ({"rule": "threshold"}, "needs a number"),
    ({"threshold": 2}, "no other rule"),
    ({"rule": "threshold", "threshold": 0}, "1 or more"),
])  # fmt: skip
def test_arguments_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Election(**arguments)


def test_a_threshold_beyond_the_number_of_views():
    with pytest.raises(ValueError, match="only 2 views"):
        Election("threshold", threshold=3).hold([ballot(), ballot()], 4)


@st.composite
def ballots(draw, length=6):
    if draw(st.integers(0, 5)) == 0:
        return None
    spans, at = [], 0
    while at < length:
        size = draw(st.integers(1, 3))
        label = draw(st.sampled_from(["", "LOC", "ORG"]))
        if label and at + size <= length:
            spans.append((at, at + size, label))
        at += size
    free = set(range(length)) - {i for start, end, _ in spans for i in range(start, end)}
    return Ballot(
        frozenset(spans), frozenset(draw(st.sets(st.sampled_from(sorted(free))))) if free else frozenset()
    )


ELECTIONS = st.builds(
    Election,
    st.sampled_from(["majority", "union", "intersection"]),
    st.sampled_from(["missing", "O", "majority"]),
)


@given(st.lists(ballots(), min_size=1, max_size=5), ELECTIONS, st.randoms())
def test_a_verdict_is_sound_and_does_not_depend_on_the_order_of_views(views, election, random):
    verdict = election.hold(views, 6)
    covered = [i for start, end, _ in verdict.entities for i in range(start, end)]
    assert len(covered) == len(set(covered))
    assert not verdict.missing & set(covered)
    assert set(verdict.entities) <= set(verdict.shares)
    assert all(0 < share <= 1 for share in verdict.shares.values())
    assert election.hold(random.sample(views, len(views)), 6) == verdict
    if election.disputed == "missing":
        for start, end, label in verdict.shares:
            if (start, end, label) not in verdict.entities:
                assert set(range(start, end)) <= verdict.missing | set(covered)
