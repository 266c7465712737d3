"""Masking what a judge contradicts."""

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_distill.corpus.docbin import write_docs
from spacy_distill.corpus.provenance import doc_id, record, set_origin
from spacy_distill.labels import cross_validation as judges
from spacy_distill.labels.clean import clean, mask, read_gold
from spacy_distill.labels.cross_validation import judge_by_folds, judge_by_model, train_student

VOCAB = Vocab()
WORDS = ["Ann", "left", "Rome", "in", "May"]


def doc(*spans, missing=(), words=WORDS, number=1, article=None):
    made = set_origin(Doc(VOCAB, words), id=f"x:{number}", document=article or f"x:{number}", source="x")
    made.set_ents(
        [Span(made, *s) for s in spans], missing=[made[i : i + 1] for i in missing], default="outside"
    )
    return made


def iob(made):
    return [token.ent_iob_ for token in made]


ANN, ROME, MAY = (0, 1, "PER"), (2, 3, "LOC"), (4, 5, "PER")


def test_agreement_stays_and_contradiction_is_masked():
    made, mine, theirs = mask(doc(ANN, ROME), doc(ANN, (2, 3, "ORG"), MAY), "someone")
    assert iob(made) == ["B", "O", "", "O", ""]
    assert [s.label_ for s in mine] == ["LOC"]
    assert [(s.text, s.label_) for s in theirs] == [("Rome", "ORG"), ("May", "PER")]
    assert [s.text for s in made.spans["judge"]] == ["Ann", "Rome", "May"]
    assert record(made)["clean"] == {"judge": "someone", "masked": (2, 4)}


def test_borders_are_a_contradiction_of_all_tokens_of_both():
    made, _, _ = mask(doc((0, 2, "PER")), doc((1, 3, "PER")), "someone")
    assert iob(made) == ["", "", "", "O", "O"]


def test_missing_tokens_are_no_claim_and_stay_missing():
    made, mine, theirs = mask(doc(ANN, missing=[2]), doc(ANN, ROME), "someone")
    assert iob(made) == ["B", "O", "", "O", "O"]
    assert not mine
    assert not theirs


def test_a_document_without_labels_or_with_none_left_stays_without():
    unlabelled = Doc(VOCAB, WORDS)
    assert not mask(unlabelled, doc(ANN), "someone")[0].has_annotation("ENT_IOB")
    assert not mask(doc((0, 5, "PER")), doc(), "someone")[0].has_annotation("ENT_IOB")


def test_the_report_says_how_many_of_the_masked_were_errors():
    teacher, gold = doc(ANN, (2, 3, "ORG"), number=1), doc(ANN, ROME, MAY, number=1)
    found = clean([teacher], [(0, doc(ROME, MAY, number=1))], "someone", {0: gold})
    assert (found.tokens, found.masked) == (5, 3)
    assert found.entities == {"PER": 1, "ORG": 1}
    assert found.wrong == {"ORG": 1}
    assert found.absences == {"LOC": 1, "PER": 1}
    assert found.missed == {"LOC": 1, "PER": 1}
    assert (found.before.wrong, found.after.wrong, found.after.missing) == (2, 0, 3)


def test_a_judge_that_contradicts_most_of_a_label_is_pointed_out():
    docs = [doc(ANN, ROME, number=n) for n in range(3)]
    verdicts = [(0, doc(ANN)), (1, doc(ANN)), (2, doc(ROME))]
    assert clean(docs, verdicts, "someone").hardly_left() == ["LOC"]


def test_documents_without_gold_are_not_counted_against_it():
    found = clean([doc(ANN)], [(0, doc())], "someone", {})
    assert found.entities == {"PER": 1}
    assert not found.wrong
    assert found.before.tokens == 0
    assert clean([doc(ANN)], [(0, doc())], "someone").wrong is None


def test_gold_is_found_by_text_where_the_ids_differ_and_must_be_there(tmp_path):
    write_docs([doc(ANN, number=7), doc(words=["else"], number=2)], tmp_path / "gold.spacy")
    docs = [doc(ROME, number=1), doc(ROME, number=2, words=["Bonn", "and", "Rome"])]
    assert list(read_gold(tmp_path / "gold.spacy", docs, VOCAB)) == [0]
    with pytest.raises(ValueError, match=r"gold\.spacy holds the gold labels of none"):
        read_gold(tmp_path / "gold.spacy", docs[1:], VOCAB)
    with pytest.raises(ValueError, match="other tokens in gold"):
        clean(docs, [], "someone", {1: docs[0]})


def test_a_corpus_without_labels_is_refused():
    with pytest.raises(ValueError, match="None of the 1 documents has a label"):
        clean([Doc(VOCAB, WORDS)], [], "someone")


def corpus(size=48):
    """Names of persons after "saw", of places after "in"; one in twelve is labelled wrong."""
    docs = []
    for n in range(size):
        words = ["we", "saw", f"Name{n}", "in", f"Town{n}", "."]
        spans = [(2, 3, "PER"), (4, 5, "PER" if n % 12 == 0 else "LOC")]
        docs.append(doc(*spans, words=words, number=n, article=f"a{n // 4}"))
    return docs


def test_students_of_other_folds_find_what_is_inconsistent():
    docs = corpus()
    found = clean(docs, judge_by_folds(docs, folds=2, epochs=20, seed=0), "folds")
    assert all(iob(docs[n])[4] == "" for n in (0, 12, 24, 36))
    assert found.entities["LOC"] + found.entities["PER"] <= 6


def test_a_student_never_judges_what_it_has_seen(monkeypatch):
    docs, seen = corpus(24), []

    def train(some, **arguments):
        seen.append(set(map(doc_id, some)))
        return train_student(some, **arguments)

    monkeypatch.setattr(judges, "train_student", train)
    for number, _ in judge_by_folds(docs, folds=3, epochs=1, seed=0):
        assert doc_id(docs[number]) not in seen[-1]
    assert [len(some) for some in seen] == [16, 16, 16]


def test_students_learn_from_labels_of_which_no_other_judge_has_masked_any(monkeypatch):
    docs, seen = corpus(24), []

    def train(some, **arguments):
        seen.append(sum(token.ent_iob == 0 for made in some for token in made))
        return train_student(some, **arguments)

    monkeypatch.setattr(judges, "train_student", train)
    found = clean(docs, judge_by_folds(docs, folds=3, epochs=1, seed=0), "folds")
    assert found.masked > 0
    assert seen == [0, 0, 0]


def test_every_document_is_judged_once_and_articles_are_not_divided():
    heard = []
    docs = corpus(24)
    numbers = [n for n, _ in judge_by_folds(docs, folds=3, epochs=1, seed=0, progress=heard.append)]
    assert sorted(numbers) == list(range(24))
    assert len(heard) == 3
    first = numbers[:8]
    assert {n // 4 for n in first}.isdisjoint({n // 4 for n in numbers[8:]})


def test_a_trained_pipeline_judges(tmp_path):
    docs = corpus(24)
    train_student([made for n, made in enumerate(docs) if n % 12], epochs=15, seed=0).to_disk(
        tmp_path / "judge"
    )
    found = clean(docs, judge_by_model(docs, tmp_path / "judge"), "model")
    assert found.entities == {"PER": 2}


def test_what_cannot_judge(tmp_path):
    docs = corpus(8)
    with pytest.raises(ValueError, match="fewer folds"):
        list(judge_by_folds(docs, folds=3, epochs=1, seed=0))
    with pytest.raises(ValueError, match="at least 2 folds"):
        list(judge_by_folds(docs, folds=1, epochs=1, seed=0))
    with pytest.raises(ValueError, match="no entity to learn from"):
        train_student([doc()], epochs=1, seed=0)
    with pytest.raises(ValueError, match="Cannot load the judge"):
        list(judge_by_model(docs, tmp_path / "nothing"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match=r"does not know \['LOC', 'PER'\]"):
        list(judge_by_model(docs, tmp_path / "blank"))
