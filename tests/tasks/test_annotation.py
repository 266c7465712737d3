"""Annotation as a task reads, compares and moves it; entities are the example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_distill import Annotation, Item, Task, find_task, set_task
from spacy_distill.tasks.base import task_of, task_of_factories

NER = find_task("ner")
VOCAB = Vocab()
WORDS = ["U.S.", "New", "York", "a", "'s", "İ", "12"]


@st.composite
def docs(draw, words=None, spaces=None):
    """A document with entities, "O" and missing tokens, or without annotation."""
    words = words or draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9))
    spaces = spaces or draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    doc = Doc(VOCAB, words, spaces)
    if draw(st.integers(0, 9)):
        ents, missing, at = [], [], 0
        while at < len(doc):
            kind = draw(st.sampled_from(["", "O", "LOC", "PER", "ORG"]))
            end = min(len(doc), at + (draw(st.integers(1, 3)) if len(kind) > 1 else 1))
            if kind == "":
                missing.append(doc[at:end])
            elif kind != "O":
                ents.append(Span(doc, at, end, kind))
            at = end
        doc.set_ents(ents, missing=missing, default="outside")
    return doc


@st.composite
def pairs(draw):
    gold = draw(docs())
    return gold, draw(docs([t.text for t in gold], [bool(t.whitespace_) for t in gold]))


@given(pairs())
def test_counts_are_those_of_spacys_scorer(pair):
    gold, found = pair
    scores = get_ner_prf([Example(found, gold)])
    counts = NER.counts(NER.read(gold), NER.read(found))
    expected = scores["ents_per_type"] or {}
    assert set(counts) <= set(expected)
    for label in expected:
        tp, fp, fn = counts.get(label, (0, 0, 0))
        assert expected[label]["p"] == pytest.approx(tp / (tp + fp) if tp + fp else 0.0, abs=1e-9)
        assert expected[label]["r"] == pytest.approx(tp / (tp + fn) if tp + fn else 0.0, abs=1e-9)


@given(pairs())
def test_pairs_have_every_scored_item_once(pair):
    gold, found = NER.read(pair[0]), NER.read(pair[1])
    expected, given_ = NER.scored(gold, found)
    made = NER.pair(gold, found)
    assert sorted(p.gold for p in made if p.gold) == sorted(expected)
    assert sorted(p.found for p in made if p.found) == sorted(given_)
    assert sum(p.kind == "correct" for p in made) == sum(c.tp for c in NER.counts(gold, found).values())


@given(docs())
def test_what_is_written_is_read_again_and_characters_lead_back(doc):
    annotation = NER.read(doc)
    bare = NER.make_bare(doc, VOCAB)
    assert not NER.read(bare).usable
    NER.write(bare, annotation)
    assert NER.read(bare) == annotation
    assert NER.from_characters(doc, NER.to_characters(doc, annotation)).items == annotation.items
    NER.write_view(doc, "a", annotation, {"state": "ok"})
    assert NER.read_view(doc, "a") == annotation == Task.project(NER, annotation, doc, bare)


@given(docs())
def test_segments_make_up_the_text(doc):
    annotation = NER.read(doc)
    segments = list(NER.segments(doc, annotation))
    assert "".join(segment.text for segment in segments) == doc.text
    assert [s.item for s in segments if s.item] == list(annotation.items)
    assert [s.text for s in segments if s.item] == [NER.text(doc, item) for item in annotation.items]
    assert any(s.missing for s in segments) == bool(annotation.missing)


@given(docs())
def test_projected_to_finer_tokens_and_back_annotation_is_the_same(doc):
    words = [character for token in doc for character in token.text]
    spaces = [
        bool(token.whitespace_) and i == len(token) - 1 for token in doc for i in range(len(token.text))
    ]
    fine = Doc(VOCAB, words, spaces)
    annotation = NER.read(doc)
    there = NER.project(annotation, doc, fine)
    assert [(fine[s:e].text, label) for s, e, label in there.items] == [
        (doc[s:e].text, label) for s, e, label in annotation.items
    ]
    assert NER.project(there, fine, doc) == annotation
    assert Task.project(NER, annotation, doc, fine) == there


def test_another_text_is_refused():
    one, other = Doc(VOCAB, ["Rome"]), Doc(VOCAB, ["Bonn", "!"])
    for project in (NER.project, lambda *args: Task.project(NER, *args)):
        with pytest.raises(ValueError, match="Rome"):
            project(Annotation(1), one, other)


@pytest.mark.parametrize(("gold", "found", "kinds"), [
    ([(0, 2, "LOC")], [(0, 2, "LOC")], ["correct"]),
    ([(0, 2, "LOC")], [(0, 2, "PER")], ["type"]),
    ([(0, 2, "LOC")], [(1, 2, "LOC")], ["boundary"]),
    ([(0, 2, "LOC")], [(1, 3, "PER")], ["both"]),
    ([(0, 2, "LOC")], [(3, 4, "LOC")], ["missed", "spurious"]),
    ([(4, 5, "LOC")], [], ["missing"]),
    ([(0, 3, "LOC")], [(0, 1, "PER"), (1, 2, "LOC")], ["spurious", "boundary"]),
    ([(0, 1, "LOC"), (1, 3, "LOC")], [(0, 3, "LOC")], ["missed", "boundary"]),
])  # fmt: skip
def test_errors_have_a_kind(gold, found, kinds):
    right = Annotation(6, tuple(Item(*item) for item in gold))
    given_ = Annotation(6, tuple(Item(*item) for item in found), frozenset({4}))
    assert [pair.kind for pair in NER.pair(right, given_)] == kinds


def test_what_gold_does_not_know_is_not_scored():
    gold = Annotation(4, (Item(0, 1, "LOC"),), frozenset({2}))
    found = Annotation(4, (Item(0, 1, "LOC"), Item(1, 3, "PER")))
    assert NER.counts(gold, found) == {"LOC": (1, 0, 0)}
    assert NER.counts(Annotation.unknown(4), found) == {}
    assert NER.counts(gold, Annotation.unknown(4)) == {"LOC": (0, 0, 1)}


@given(st.lists(docs(), max_size=5))
def test_training_can_use_the_same_by_arrays_and_by_documents(corpus):
    docbin = DocBin(docs=corpus)
    assert list(NER.doc_counts(docbin)) == list(Task.doc_counts(NER, docbin))


def test_a_corpus_names_its_task():
    docs = [Doc(VOCAB, ["a"]), set_task(Doc(VOCAB, ["a"]), "ner")]
    assert task_of(docs) is task_of([]) is find_task("ner")
    with pytest.raises(ValueError, match=r"no task 'tone'. Registered are ner"):
        task_of([set_task(docs[0], "tone")])
    with pytest.raises(ValueError, match="several tasks: ner, tone"):
        task_of(docs)


def test_a_student_has_the_task_of_its_components():
    assert task_of_factories(["transformer", "ner"]) is NER
    with pytest.raises(ValueError, match=r"predict no registered task.*ner: ner, beam_ner"):
        task_of_factories(["tagger"])
