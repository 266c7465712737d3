"""How sure a single pipeline is of what it predicts, learned from gold documents."""

import json
from statistics import fmean

import pyarrow.parquet
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from helpers.committees import make_committee
from helpers.predicting import make_blank, read_out, run_predict, write_rows
from helpers.studying import make_sentences
from spacy_distill.corpus.docbin import write_docs
from spacy_distill.tasks.base import find_task

NER = find_task("ner")


@pytest.fixture
def corpus(tmp_path):
    return write_rows(tmp_path / "in.jsonl", 23)


@pytest.fixture
def dev(tmp_path):
    write_docs(make_sentences("dev", 40), tmp_path / "dev.spacy")
    return tmp_path / "dev.spacy"


def without_entities():
    """Gold that makes every entity wrong."""
    docs = make_sentences("dev", 40)
    for doc in docs:
        doc.set_ents([], default="outside")
    return docs


def scores_of(out):
    return [span["score"] for row in read_out(out) for span in row["spans"]]


def test_every_predicted_item_has_a_score_and_the_documents_stay_as_they_are(model):
    nlp = spacy.load(model)
    docs = list(nlp.pipe([doc.text for doc in make_sentences("d", 12)]))
    # An entity that no parse has, with an id: another component's.
    docs[0].ents = [Span(docs[0], 1, 2, label="PLACE", kb_id="Q1", span_id="a")]
    before = [doc.to_json() for doc in docs]
    scores = NER.predicted_scores(nlp, docs)
    assert [doc.to_json() for doc in docs] == before
    assert [list(found) for found in scores] == [list(NER.read(doc).items) for doc in docs]
    assert list(scores[0].values()) == [0.0]
    assert all(0 < score <= 1 for found in scores[1:] for score in found.values())
    assert len({round(score, 3) for found in scores for score in found.values()}) > 3


def test_scores_are_as_high_as_the_share_that_is_right_on_dev(model, corpus, dev, tmp_path):
    write_docs(without_entities(), tmp_path / "nothing.spacy")
    run_predict(model, corpus, tmp_path / "good", dev=dev)
    run_predict(model, corpus, tmp_path / "poor", dev=tmp_path / "nothing.spacy")
    plain, _ = run_predict(model, corpus, tmp_path / "plain")
    assert plain.calibration is None

    def without_scores(name):
        return [[{**s, "score": None} for s in row["spans"]] for row in read_out(tmp_path / name)]

    assert without_scores("good") == without_scores("poor") == without_scores("plain")
    nlp, right = spacy.load(model), []
    for gold in make_sentences("dev", 40):
        right += [item in NER.read(gold).items for item in NER.read(nlp(gold.text)).items]
    assert fmean(scores_of(tmp_path / "good")) == pytest.approx(fmean(right), abs=0.1)
    assert max(scores_of(tmp_path / "poor")) < 0.2


def test_every_format_has_the_scores(model, corpus, dev, tmp_path):
    run_predict(model, corpus, tmp_path / "jsonl", dev=dev)
    expected = scores_of(tmp_path / "jsonl")
    run_predict(model, corpus, tmp_path / "parquet", dev=dev, format="parquet")
    rows = pyarrow.parquet.read_table(tmp_path / "parquet").to_pylist()
    assert [s["score"] for row in rows for s in row["spans"]] == pytest.approx(expected)
    run_predict(model, corpus, tmp_path / "spacy", dev=dev, format="spacy")
    docs = [
        doc
        for path in sorted((tmp_path / "spacy").glob("*.spacy"))
        for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    ]
    kept = [score for doc in docs for score in NER.kept_items(doc, "confidence").values()]
    assert kept == pytest.approx(expected, abs=1e-4)


def test_what_was_scored_by_another_dev_is_done_again(model, corpus, dev, tmp_path):
    out = tmp_path / "out"
    assert len(run_predict(model, corpus, out)[1]) == 3
    assert len(run_predict(model, corpus, out, dev=dev)[1]) == 3
    assert len(run_predict(model, corpus, out, dev=dev)[1]) == 0
    write_docs(without_entities(), dev)
    assert len(run_predict(model, corpus, out, dev=dev)[1]) == 3


def test_gold_in_other_tokens_teaches_the_same(model, corpus, dev, tmp_path):
    # Every word is cut in two, as another tokenizer might.
    docs = []
    for doc in make_sentences("dev", 40):
        words = [part for token in doc for part in (token.text[:1], token.text[1:])]
        spaces = [space for token in doc for space in (False, bool(token.whitespace_))]
        cut = Doc(doc.vocab, words, spaces)
        NER.write(cut, NER.from_characters(cut, NER.to_characters(doc, NER.read(doc))))
        docs.append(cut)
    write_docs(docs, tmp_path / "cut.spacy")
    run_predict(model, corpus, tmp_path / "out", dev=dev)
    run_predict(model, corpus, tmp_path / "cut", dev=tmp_path / "cut.spacy")
    assert scores_of(tmp_path / "cut") == scores_of(tmp_path / "out")


def test_a_class_has_a_score_too(tmp_path):
    texts = [("good fine good", "GOOD"), ("bad poor bad", "BAD"), ("good bad", "GOOD"), ("poor fine", "BAD")]
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("textcat")
    for label in ("GOOD", "BAD"):
        pipe.add_label(label)
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    docs = []
    for text, label in texts * 10:
        doc = nlp.make_doc(text)
        doc.cats = {name: float(name == label) for name in ("GOOD", "BAD")}
        docs.append(doc)
    write_docs(docs, tmp_path / "dev.spacy")
    rows = [{"id": str(i), "text": text} for i, (text, _) in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan, _ = run_predict(
        tmp_path / "model", tmp_path / "in.jsonl", tmp_path / "out", dev=tmp_path / "dev.spacy"
    )
    assert plan.calibration.items == 40
    # The model has learned nothing: half is right.
    assert scores_of(tmp_path / "out") == pytest.approx([0.5] * 4, abs=0.1)


def test_dev_from_which_nothing_can_be_learned_is_refused_and_leaves_no_folder(model, corpus, dev, tmp_path):
    def refused(match, model=model, dev=dev):
        with pytest.raises(ValueError, match=match):
            run_predict(model, corpus, tmp_path / "out", dev=dev)
        assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())

    refused("has no ner or beam_ner", make_blank(tmp_path / "blank"))
    refused(
        "is a committee", make_committee(tmp_path / "committee", {"a": {"Oslo": "LOC"}, "b": {"Oslo": "LOC"}})
    )
    other = tmp_path / "other.spacy"
    docs = make_sentences("dev", 4)
    for doc in docs:
        doc.ents = [Span(doc, ent.start, ent.end, label="THING") for ent in doc.ents]
    write_docs(docs, other)
    refused("has the labels THING, of which the pipeline knows none", dev=other)
    for doc in docs:
        doc.set_ents([], default="missing")
    write_docs(docs, other)
    refused("predicts no entities", dev=other)
    for doc in docs:
        doc.cats = {"A": 1.0, "B": 0.0}
    write_docs(docs, other)
    refused("is of the task 'textcat'", dev=other)
    refused("No such corpus", dev=tmp_path / "none.spacy")
