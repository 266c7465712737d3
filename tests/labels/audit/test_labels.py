"""What the labels look like without gold."""

from spacy_distill.labels.audit.annotation import annotation_names
from spacy_distill.labels.audit.corpus_statistics import (
    contradictions,
    corpus_facts,
    unseen_entities,
    view_facts,
)


def test_sizes_and_labels(make):
    docs = [
        make("Ana of New York left", [(0, 1, "PER"), (2, 4, "LOC")], missing=[4]),
        make("new york", [(0, 2, "LOC")], id="a:2"),
        make("Nobody here", id="b:1"),
        make("Refused", labelled=False, id="c:1"),
    ]
    facts = corpus_facts(docs)
    assert (facts.documents, facts.articles, facts.tokens) == (4, 3, 10)
    assert (facts.unlabelled, facts.without_entities, facts.missing) == (1, 1, 1)
    assert facts.lengths[0] == 1 and facts.lengths[-1] == 5
    assert list(facts.labels) == ["LOC", "PER"]
    loc = facts.labels["LOC"]
    assert (loc.entities, loc.texts, loc.mean_length, loc.max_length) == (2, 1, 2.0, 2)


def test_states_and_counters_of_views(make):
    docs = [
        make("Ana left", teachers={"cot": [(0, 1, "PER")]}, dropped={"invented": 1, "overlap": 0}),
        make("Bo left", teachers={"cot": "refused"}, dropped={"invented": 0}),
        make("Li left"),
    ]
    (view,) = view_facts(docs)
    assert view.states == {"absent": 1, "ok": 1, "refused": 1}
    assert (view.entities, view.candidates, view.recorded, view.models) == (1, 6, 0, ["m"])
    assert view.dropped == {"invented": 1, "overlap": 0}


def test_recorded_answers_are_told_from_live_ones(make):
    (view,) = view_facts([make("Ana left", teachers={"cot": []}, source="answers.jsonl")])
    assert view.recorded == 1


def test_texts_with_different_labels(make):
    docs = [
        make("Oslo", [(0, 1, "LOC")]),
        make("OSLO", [(0, 1, "ORG")]),
        make("Oslo", [(0, 1, "LOC")]),
        make("Bern", [(0, 1, "LOC")]),
    ]
    count, (one,) = contradictions(docs)
    assert count == 1
    assert (one.text, one.labels) == ("Oslo", {"LOC": 2, "ORG": 1})


def test_entities_never_seen_in_gold(make):
    docs = [make("Oslo and Bern and Bern", [(0, 1, "LOC"), (2, 3, "LOC"), (4, 5, "LOC")])]
    unseen = unseen_entities(docs, [make("OSLO", [(0, 1, "ORG")])])
    assert unseen.entities == {"LOC": 2}
    assert unseen.share == {"LOC": 2 / 3}
    assert unseen.texts == [("Bern", "LOC", 2)]


def test_the_chosen_labels_are_not_shown_twice(make):
    same = make("Ana left", [(0, 1, "PER")], teachers={"cot": [(0, 1, "PER")]})
    other = make("Ana left", [], teachers={"cot": [(0, 1, "PER")]})
    both = make("Ana left", [(0, 1, "PER")], teachers={"cot": [(0, 1, "PER")], "standard": []})
    assert annotation_names([same]) == ["labels"]
    assert annotation_names([same, other]) == ["cot", "labels"]
    assert annotation_names([both]) == ["cot", "standard", "labels"]
    assert annotation_names([make("Ana left")]) == ["labels"]
