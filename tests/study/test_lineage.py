"""Whose error an error is."""

from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill import Annotation, Item, find_task
from spacy_distill.study.lineage import Lineage, trace

NER = find_task("ner")
RIGHT = Item(0, 1, "PER")
PLACE = Item(2, 3, "LOC")
WRONG = Item(2, 3, "ORG")


def said(*items, missing=()):
    return Annotation(4, tuple(sorted(items)), frozenset(missing))


def traced(teacher, student, gold=said(RIGHT, PLACE)):  # noqa: B008 - a named tuple
    return trace(NER, gold, teacher, student)


def test_an_error_of_both_is_inherited():
    assert traced(said(RIGHT, WRONG), said(RIGHT, WRONG)) == {
        "LOC": Lineage(inherited_missed=1),
        "ORG": Lineage(inherited_invented=1),
    }


def test_an_error_of_the_student_alone_is_its_own():
    assert traced(said(RIGHT, PLACE), said(RIGHT, WRONG)) == {
        "LOC": Lineage(own_missed=1),
        "ORG": Lineage(own_invented=1),
    }


def test_an_error_of_the_teacher_alone_is_corrected():
    assert traced(said(RIGHT, WRONG), said(RIGHT, PLACE)) == {
        "LOC": Lineage(corrected_missed=1),
        "ORG": Lineage(corrected_invented=1),
    }


def test_two_different_errors_in_one_place_are_own_and_corrected():
    found = traced(said(RIGHT, WRONG), said(RIGHT, Item(2, 3, "MISC")))
    assert found["MISC"] == Lineage(own_invented=1)
    assert found["ORG"] == Lineage(corrected_invented=1)
    assert found["LOC"] == Lineage(inherited_missed=1)


def test_where_the_teachers_annotation_is_missing_a_missed_entity_is_the_students_own():
    assert traced(said(RIGHT, missing=[2]), said(RIGHT)) == {"LOC": Lineage(own_missed=1)}


def test_what_gold_does_not_know_is_no_error():
    assert traced(said(RIGHT, PLACE), said(RIGHT, WRONG), gold=said(RIGHT, missing=[2])) == {}


def test_the_students_errors_are_those_that_its_scores_count_whatever_its_tokens():
    """The student's tokenizer parts "Oslo-based" and "U.N.'s"; gold's does not."""
    gold = Doc(Vocab(), words=["Oslo-based", "U.N.'s", "Ana"], ents=["B-LOC", "B-ORG", "B-PER"])
    words, spaces = ["Oslo", "-", "based", "U.N.", "'s", "Ana"], [False, False, True, False, True, True]
    tags = ["B-LOC", "O", "O", "B-ORG", "O", "B-LOC"]
    student = Doc(gold.vocab, words=words, spaces=spaces, ents=tags)
    right, found = NER.read(gold), NER.read(student)
    kept = NER.from_characters(gold, NER.to_characters(student, found))
    assert NER.counts(right, kept) == NER.counts(right, NER.project(found, student, gold))
    assert trace(NER, right, right, kept) == {"LOC": Lineage(own_invented=1), "PER": Lineage(own_missed=1)}


ITEMS = st.sets(
    st.builds(lambda i, label: Item(i, i + 1, label), st.integers(0, 3), st.sampled_from(["PER", "LOC"]))
)


@given(ITEMS, ITEMS, ITEMS)
def test_every_error_is_counted_exactly_once(gold, teacher, student):
    found = trace(NER, said(*gold), said(*teacher), said(*student))
    total = Lineage(*(sum(kind) for kind in zip(*found.values(), strict=True))) if found else Lineage()
    inherited, own, corrected = sum(total[:2]), sum(total[2:4]), sum(total[4:])
    assert inherited + own == len(student ^ gold)
    assert inherited + corrected == len(teacher ^ gold)
