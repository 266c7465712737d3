"""Whose error an error is."""

from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill.corpus.scores import Counts, count_spans
from spacy_distill.study.lineage import Lineage, View, trace, view_of

RIGHT = (0, 3, "PER")
PLACE = (8, 12, "LOC")
GOLD = View(frozenset({RIGHT, PLACE}))


def trace_all(gold, teacher, student, **silent):
    return trace(gold, View(frozenset(teacher), **silent), student)


def test_an_error_of_both_is_inherited():
    wrong = (8, 12, "ORG")
    assert trace_all(GOLD, {RIGHT, wrong}, {RIGHT, wrong}) == {
        "LOC": Lineage(inherited_missed=1),
        "ORG": Lineage(inherited_invented=1),
    }


def test_an_error_of_the_student_alone_is_its_own():
    assert trace_all(GOLD, {RIGHT, PLACE}, {RIGHT, (8, 12, "ORG")}) == {
        "LOC": Lineage(own_missed=1),
        "ORG": Lineage(own_invented=1),
    }


def test_an_error_of_the_teacher_alone_is_corrected():
    assert trace_all(GOLD, {RIGHT, (8, 12, "ORG")}, {RIGHT, PLACE}) == {
        "LOC": Lineage(corrected_missed=1),
        "ORG": Lineage(corrected_invented=1),
    }


def test_two_different_errors_in_one_place_are_own_and_corrected():
    traced = trace_all(GOLD, {RIGHT, (8, 12, "ORG")}, {RIGHT, (8, 12, "MISC")})
    assert traced["MISC"] == Lineage(own_invented=1)
    assert traced["ORG"] == Lineage(corrected_invented=1)
    assert traced["LOC"] == Lineage(inherited_missed=1)


def test_where_the_teacher_said_nothing_a_missed_entity_is_the_students_own():
    traced = trace_all(GOLD, {RIGHT}, {RIGHT}, silent=((8, 12),))
    assert traced == {"LOC": Lineage(own_missed=1)}


def test_what_gold_does_not_know_is_no_error():
    gold = View(frozenset({RIGHT}), silent=((8, 12),))
    assert trace(gold, View(frozenset({RIGHT, (8, 12, "LOC")})), {RIGHT, (8, 12, "ORG")}) == {}


def test_a_document_without_annotation_has_no_view():
    words = ["Ana", "waits"]
    assert view_of(Doc(Vocab(), words=words)) is None
    view = view_of(Doc(Vocab(), words=words, ents=["B-PER", ""]))
    assert view == View(frozenset({(0, 3, "PER")}), ((4, 9),), ((0, 3), (4, 9)))


def test_the_students_errors_are_those_that_its_scores_count_whatever_its_tokens():
    """The student's tokenizer parts "Oslo-based" and "U.N.'s"; gold's does not."""
    gold = Doc(Vocab(), words=["Oslo-based", "U.N.'s", "Ana"], ents=["B-LOC", "B-ORG", "B-PER"])
    words, spaces = ["Oslo", "-", "based", "U.N.", "'s", "Ana"], [False, False, True, False, True, False]
    tags = ["B-LOC", "O", "O", "B-ORG", "O", "B-LOC"]
    found = Doc(gold.vocab, words=words, spaces=[*spaces[:-1], True], ents=tags)
    scored = sum((count for count in count_spans(gold, found).values()), Counts())
    view = view_of(gold)
    traced = trace(view, View(view.pieces), [(e.start_char, e.end_char, e.label_) for e in found.ents])
    assert scored == Counts(2, 1, 1)
    assert traced == {"LOC": Lineage(own_invented=1), "PER": Lineage(own_missed=1)}


PIECES = st.sets(
    st.tuples(st.sampled_from([(0, 3), (4, 9), (10, 12)]), st.sampled_from(["PER", "LOC"])).map(
        lambda p: (*p[0], p[1])
    )
)


@given(PIECES, PIECES, PIECES)
def test_every_error_is_counted_exactly_once(gold, teacher, student):
    traced = trace(View(frozenset(gold)), View(frozenset(teacher)), student)
    total = Lineage(*(sum(kind) for kind in zip(*traced.values(), strict=True))) if traced else Lineage()
    assert total.errors == len(student ^ gold)
    assert total.inherited + total.corrected == len(teacher ^ gold)
