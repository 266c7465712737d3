"""Span counts of a pipeline, checked against spaCy's own scorer."""

import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.scorer import Scorer, get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from helpers.counting import PRF, Counts, add_counts, character_counts, count_items, micro, prf, score_models
from spacy_distill import find_task, set_origin, write_docs

VOCAB = Vocab()
NER = find_task("ner")
TAGS = st.sampled_from(["", "-", "B-PER", "B-LOC", "I-PER", "I-LOC"])


def total(rows, kind="last"):
    """Counts by label of all rows."""
    return add_counts({label: Counts(*numbers) for label, numbers in row[kind].items()} for row in rows)


def doc_of(tags):
    """A document of words w0, w1 … with IOB tags; "" leaves a token missing."""
    fixed, open_label = [], ""
    for tag in tags:
        if tag.startswith("I-") and tag[2:] != open_label:
            tag = f"B-{tag[2:]}"
        open_label = tag[2:]
        fixed.append({"-": "O"}.get(tag, tag))
    return Doc(VOCAB, words=[f"w{i}" for i in range(len(tags))], ents=fixed)


@st.composite
def pairs(draw):
    size = draw(st.integers(1, 8))
    gold = draw(st.lists(TAGS, min_size=size, max_size=size))
    found = draw(st.lists(TAGS.filter(bool), min_size=size, max_size=size))
    return doc_of(gold), doc_of(found)


@settings(deadline=None)
@given(st.lists(pairs(), min_size=1, max_size=4), st.sets(st.sampled_from(["w0", "w1", "w0 w1", "w2"])))
def test_counts_are_those_of_spacys_scorer_and_seen_ones_are_a_part(drawn, surfaces):
    expected = get_ner_prf([Example(found, gold) for gold, found in drawn])
    counted = [count_items(NER, gold, found, surfaces) for gold, found in drawn]
    rows = [{"last": every, "last_seen": seen} for every, seen in counted]
    score = prf(micro(total(rows)))
    if expected["ents_f"] is None:
        assert score.f == 0
    else:
        assert score == pytest.approx((expected["ents_p"], expected["ents_r"], expected["ents_f"]))
        by_label = {label: prf(count) for label, count in total(rows).items()}
        for label, found in expected["ents_per_type"].items():
            assert by_label.get(label, PRF(0, 0, 0)) == pytest.approx((found["p"], found["r"], found["f"]))
    seen = total(rows, "last_seen")
    assert all(a <= b for label in seen for a, b in zip(seen[label], total(rows)[label], strict=True))


def test_an_entity_is_seen_if_its_text_is_an_entity_of_the_gold_training_data():
    gold = Doc(VOCAB, words=["Ana", "saw", "Oslo"], ents=["B-PER", "O", "B-LOC"])
    found = Doc(VOCAB, words=["Ana", "saw", "Oslo"], ents=["B-PER", "O", "B-ORG"])
    every, seen = count_items(NER, gold, found, {"Oslo"})
    assert every == {"LOC": [0, 0, 1], "ORG": [0, 1, 0], "PER": [1, 0, 0]}
    assert seen == {"LOC": [0, 0, 1], "ORG": [0, 1, 0]}


def test_an_entity_is_right_also_if_the_students_tokens_make_its_text_another():
    """As spaCy's scorer has it: the student finds "Oslo" in gold's word "Oslo-based"."""
    gold = Doc(VOCAB, words=["Oslo-based", "waits"], ents=["B-LOC", "O"])
    words, spaces = ["Oslo", "-", "based", "waits"], [False, False, True, True]
    found = Doc(VOCAB, words=words, spaces=spaces, ents=["B-LOC", "O", "O", "O"])
    assert get_ner_prf([Example(found, gold)])["ents_f"] == 1
    assert count_items(NER, gold, found, {"Oslo"}) == ({"LOC": [1, 0, 0]}, {})
    assert count_items(NER, gold, found, {"Oslo-based"}) == ({"LOC": [1, 0, 0]}, {"LOC": [1, 0, 0]})


def test_counts_stay_with_their_document_and_article_and_no_text_is_written(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    nlp.to_disk(tmp_path / "model")
    docs = []
    for i, text in enumerate(["Oslo waits .", "Nothing here .", "Lima and Oslo ."]):
        doc = nlp.make_doc(text)
        doc.ents = [Span(doc, t.i, t.i + 1, "LOC") for t in doc if t.text in ("Oslo", "Lima")]
        docs.append(set_origin(doc, id=f"d{i}", document=f"a{i // 2}", source="x"))
    write_docs(docs, tmp_path / "test.spacy")
    scores = score_models(
        NER,
        {"last": tmp_path / "model"},
        {"test": tmp_path / "test.spacy"},
        tmp_path / "test.spacy",
        tmp_path,
    )
    kinds = ("last", "last_seen", "last_characters")
    assert scores["sets"]["test"] == [
        {"id": "d0", "document": "a0", **{key: {"LOC": [1, 0, 0]} for key in kinds}},
        {"id": "d1", "document": "a0", **{key: {} for key in kinds}},
        {"id": "d2", "document": "a1", **{key: {"LOC": [1, 0, 1]} for key in kinds}},
    ]
    assert list(srsly.read_gzip_jsonl(tmp_path / "predictions.jsonl.gz")) == [
        {"set": "test", "id": "d0", "spans": [[0, 4, "LOC"]]},
        {"set": "test", "id": "d2", "spans": [[9, 13, "LOC"]]},
    ]


def test_a_pipeline_that_is_the_same_as_another_is_not_run_again(tmp_path, monkeypatch):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    nlp.to_disk(tmp_path / "last")
    nlp.meta["performance"] = {"ents_f": 0.5}
    nlp.to_disk(tmp_path / "best")
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "waits"}])
    nlp.to_disk(tmp_path / "other")
    doc = nlp.make_doc("Oslo waits .")
    doc.ents = [Span(doc, 0, 1, "LOC")]
    write_docs([set_origin(doc, id="d", document="a", source="x")], tmp_path / "test.spacy")
    loaded = []
    monkeypatch.setattr(
        spacy, "load", lambda place: loaded.append(place.name) or spacy.util.load_model(place)
    )
    models = {name: tmp_path / name for name in ("last", "best", "other")}
    scores = score_models(NER, models, {"test": tmp_path / "test.spacy"}, tmp_path / "test.spacy", tmp_path)
    (row,) = scores["sets"]["test"]
    assert loaded == ["last", "other"]
    assert row["best"] == row["last"] == {"LOC": [1, 0, 0]}
    assert row["best_seen"] == row["last_seen"]
    assert row["other"] == {"LOC": [1, 0, 0], "ORG": [0, 1, 0]}


def test_scores_by_characters_count_a_word_that_was_found_in_part_as_wrong(tmp_path):
    """By the words of gold, as spaCy's scorer goes, all of "Oslo-based" counts as found."""
    nlp = spacy.blank("en")
    reference = Doc(nlp.vocab, words=["Oslo-based", "Acme", "left"], ents=["B-LOC", "B-ORG", "O"])
    found = nlp.make_doc(reference.text)
    assert found[0].text == "Oslo"
    cut = found.char_span(0, 4, label="LOC")
    found.ents = [cut, found.char_span(11, 15, label="ORG")]
    by_words, _ = count_items(NER, reference, found, set())
    assert by_words == {"LOC": [1, 0, 0], "ORG": [1, 0, 0]}
    assert character_counts(NER, reference, found) == {"LOC": [0, 1, 1], "ORG": [1, 0, 0]}
    own = Scorer().score([Example(found, reference)])
    assert (own["ents_p"], own["ents_r"]) == (1.0, 1.0)


def test_scores_by_characters_skip_what_gold_does_not_know():
    nlp = spacy.blank("en")
    reference = nlp.make_doc("Oslo waits")
    reference.set_ents([], missing=[reference[0:1]], default="outside")
    found = nlp.make_doc("Oslo waits")
    found.ents = [Span(found, 0, 1, "LOC"), Span(found, 1, 2, "LOC")]
    assert character_counts(NER, reference, found) == {"LOC": [0, 1, 0]}
    assert character_counts(NER, nlp.make_doc("Oslo waits"), found) == {}


def test_the_order_of_documents_is_that_of_the_corpus_whatever_their_lengths(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    nlp.to_disk(tmp_path / "model")
    docs = []
    for i, length in enumerate([9, 1, 5, 1, 3]):
        doc = nlp.make_doc(" ".join(["word"] * length + ["Oslo"] * (i % 2)))
        doc.ents = [Span(doc, length, length + 1, "LOC")] if i % 2 else []
        docs.append(set_origin(doc, id=f"d{i}", document=f"a{i}", source="x"))
    write_docs(docs, tmp_path / "test.spacy")
    place = tmp_path / "test.spacy"
    rows = score_models(NER, {"last": tmp_path / "model"}, {"test": place}, place, tmp_path)["sets"]["test"]
    assert [(row["id"], row["last"]) for row in rows] == [
        (f"d{i}", {"LOC": [1, 0, 0]} if i % 2 else {}) for i in range(5)
    ]
