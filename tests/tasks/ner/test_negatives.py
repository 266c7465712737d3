"""Rejected candidates as negative annotation, and what a student makes of it."""

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed
from spacy.vocab import Vocab

from spacy_distill import VoteResult, VoteRule, find_task

NER = find_task("ner")
REJECTED, NEGATIVE = "rejected", "negative"
WORDS = ["Ann", "met", "May", "in", "June"]


def labelled(missing=(2, 4), vocab=None):
    doc = Doc(vocab or Vocab(), WORDS)
    doc.set_ents([Span(doc, 0, 1, "PER")], missing=[doc[i : i + 1] for i in missing], default="outside")
    doc.spans["teacher:a"] = [Span(doc, 0, 1, "PER")]
    return doc


def negatives(doc):
    return [(span.text, span.label_) for span in doc.spans[NEGATIVE]]


def test_one_for_the_label_denied_or_one_for_each_label():
    doc = labelled()
    doc.spans[REJECTED] = [Span(doc, 2, 3, "PER"), Span(doc, 4, 5)]
    assert NER.set_negatives(doc, ["LOC", "PER"]) == 3
    assert negatives(doc) == [("May", "PER"), ("June", "LOC"), ("June", "PER")]


def test_only_where_all_tokens_are_missing():
    doc = labelled()
    doc.spans[REJECTED] = [Span(doc, 0, 1, "LOC"), Span(doc, 3, 4), Span(doc, 3, 5), Span(doc, 2, 5)]
    assert NER.set_negatives(doc, ["PER"]) == 0


def test_never_what_some_view_accepts():
    doc = labelled()
    doc.spans["teacher:b"] = [Span(doc, 2, 3, "PER")]
    doc.spans[REJECTED] = [Span(doc, 2, 3, "LOC"), Span(doc, 2, 3), Span(doc, 4, 5)]
    NER.write_vote(doc, VoteResult(NER.read(doc), {}), VoteRule(), {})
    assert [span.text for span in doc.spans[REJECTED]] == ["June"]
    doc.spans[REJECTED] = [Span(doc, 2, 3, "LOC"), Span(doc, 4, 5)]
    NER.set_negatives(doc, ["PER"])
    assert negatives(doc) == [("June", "PER")]


def train(key):
    """A tiny student of sentences in which names are labelled and months are missing, with a rejection."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner", config={"incorrect_spans_key": key})
    ner.add_label("PER")
    examples = []
    for name, month in [("Ann", "May"), ("Bob", "June"), ("Zoe", "April"), ("Dan", "July")] * 5:
        doc = Doc(nlp.vocab, [name, "met", month])
        doc.set_ents([Span(doc, 0, 1, "PER")], missing=[doc[2:3]], default="outside")
        doc.spans[REJECTED] = [Span(doc, 2, 3)]
        NER.set_negatives(doc, ["PER"])
        examples.append(Example(Doc(nlp.vocab, [name, "met", month]), doc))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(15):
        nlp.update(examples, sgd=optimizer)
    docs = [
        nlp.get_pipe("ner")(Doc(nlp.vocab, [name, "met", month]))
        for name in ("Ann", "Dan")
        for month in ("May", "July")
    ]
    return [[ent.text for ent in doc.ents] for doc in docs]


def test_a_student_learns_from_rejections():
    names = [["Ann"], ["Ann"], ["Dan"], ["Dan"]]
    without, with_negatives = train(None), train(NEGATIVE)
    assert with_negatives == names
    assert without != names


@pytest.mark.parametrize("label", ["PER", ""])
def test_training_takes_what_is_made(label):
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner", config={"incorrect_spans_key": NEGATIVE})
    ner.add_label("PER")
    doc = labelled(vocab=nlp.vocab)
    doc.spans[REJECTED] = [Span(doc, 2, 3, label)]
    NER.set_negatives(doc, ["PER", "LOC"])
    example = Example(Doc(nlp.vocab, WORDS), doc)
    optimizer = nlp.initialize(lambda: [example])
    assert nlp.update([example], sgd=optimizer)["ner"] >= 0
