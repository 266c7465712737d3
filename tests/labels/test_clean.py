"""What a student contradicts becomes missing: by cross-validation, or by a trained pipeline."""

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from helpers.docs import make_doc, missing_tokens, read_docs, record_of, write_docs
from spacy_distill import clean

TEXT = "Ann left Rome in May"
ANN, ROME, MAY = (0, 1, "PER"), (2, 3, "LOC"), (4, 5, "PER")


@pytest.fixture
def pipeline(tmp_path):
    """Save a pipeline that finds the given items of a text, and return its folder."""

    def pipeline(*items, text=TEXT, labels=("LOC", "ORG", "PER")):
        words = text.split()
        nlp = spacy.blank("xx")
        ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": None})
        patterns = [
            {"label": label, "pattern": [{"ORTH": word} for word in words[start:end]]}
            for start, end, label in items
        ]
        ruler.add_patterns([*patterns, *({"label": n, "pattern": [{"ORTH": f"~{n}"}]} for n in labels)])
        nlp.to_disk(tmp_path / "pipeline")
        return tmp_path / "pipeline"

    return pipeline


@pytest.fixture
def cleaned(tmp_path):
    """Clean documents; the report and the documents written."""

    def cleaned(docs, gold=None, **settings):
        source = write_docs(tmp_path / "in.spacy", *docs)
        right = write_docs(tmp_path / "gold.spacy", *gold) if gold is not None else None
        report = clean(source, tmp_path / "out.spacy", gold=right, **settings)
        return report, read_docs(tmp_path / "out.spacy")

    return cleaned


def iob(doc):
    return [token.ent_iob_ for token in doc]


def test_agreement_stays_and_contradiction_is_masked(cleaned, pipeline):
    model = pipeline(ANN, (2, 3, "ORG"), MAY)
    report, (doc,) = cleaned([make_doc(TEXT, [ANN, ROME])], model=model)
    assert iob(doc) == ["B", "O", "", "O", ""]
    assert [s.text for s in doc.spans["judge"]] == ["Ann", "Rome", "May"]
    assert record_of(doc)["clean"] == {"judge": str(model), "masked": (2, 4)}
    assert (report.labelled, report.masked) == (5, 2)
    assert (report.masked_items, report.student) == ({"LOC": 1}, {"ORG": 1, "PER": 1})


def test_borders_are_a_contradiction_of_all_tokens_of_both(cleaned, pipeline):
    _, (doc,) = cleaned([make_doc(TEXT, [(0, 2, "PER")])], model=pipeline((1, 3, "PER")))
    assert iob(doc) == ["", "", "", "O", "O"]


def test_missing_tokens_say_nothing_and_stay_missing(cleaned, pipeline):
    report, (doc,) = cleaned([make_doc(TEXT, [ANN], missing=[2])], model=pipeline(ANN, ROME))
    assert iob(doc) == ["B", "O", "", "O", "O"]
    assert report.masked == 0


def test_a_document_without_labels_or_with_none_left_stays_without(cleaned, pipeline):
    docs = [make_doc(TEXT, labelled=False), make_doc(TEXT, [(0, 5, "PER")], id="b:1")]
    _, written = cleaned(docs, model=pipeline())
    assert [doc.has_annotation("ENT_IOB") for doc in written] == [False, False]


def test_the_report_says_how_many_of_the_masked_were_errors(cleaned, pipeline):
    docs, gold = [make_doc(TEXT, [ANN, (2, 3, "ORG")])], [make_doc(TEXT, [ANN, ROME, MAY])]
    report, _ = cleaned(docs, gold, model=pipeline(ROME, MAY))
    assert (report.labelled, report.masked) == (5, 3)
    assert (report.masked_items, report.wrong) == ({"PER": 1, "ORG": 1}, {"ORG": 1})
    assert report.student == report.right == {"LOC": 1, "PER": 1}
    assert (report.before.wrong, report.after.wrong, report.after.missing) == (2, 0, 3)
    assert report.before.counts == {"LOC": (0, 0, 1), "ORG": (0, 1, 0), "PER": (1, 0, 1)}
    assert (report.before.error_rate, report.after.error_rate) == (2 / 5, 0.0)


def test_gold_counts_only_where_labels_were_kept(cleaned, pipeline):
    # Of "Ann left" only "Ann" is kept, with a wrong label; gold does not know "May".
    docs = [make_doc(TEXT, [(0, 1, "ORG"), MAY], missing=[1])]
    report, _ = cleaned(docs, [make_doc(TEXT, [(0, 2, "PER")], missing=[4])], model=pipeline())
    assert report.before.counts == {"ORG": (0, 1, 0)}
    assert (report.before.places, report.before.missing, report.before.wrong) == (4, 1, 1)


def test_a_student_that_contradicts_most_of_a_label_is_pointed_out(cleaned, pipeline):
    docs = [make_doc(TEXT, [ANN, ROME], id=f"{n}:1") for n in range(3)]
    assert cleaned(docs, model=pipeline(ANN))[0].mostly_masked() == ["LOC"]


def test_documents_without_gold_are_not_counted_against_it(cleaned, pipeline):
    docs = [make_doc(TEXT, [ANN]), make_doc("Bonn and Rome", [(0, 1, "LOC")], id="b:1")]
    report, _ = cleaned(docs, [make_doc("Bonn and Rome", id="b:7")], model=pipeline())
    assert (report.masked_items, report.wrong) == ({"PER": 1, "LOC": 1}, {"LOC": 1})
    assert report.before.places == 3
    assert cleaned(docs, model=pipeline())[0].wrong is None


def test_gold_must_be_of_the_documents(cleaned, pipeline):
    with pytest.raises(ValueError, match=r"gold\.spacy has the gold labels of none"):
        cleaned([make_doc(TEXT, [ANN])], [make_doc("else")], model=pipeline())


def test_a_corpus_without_labels_is_refused(cleaned):
    with pytest.raises(ValueError, match="None of the 1 documents has a label"):
        cleaned([make_doc(TEXT, labelled=False)])


def corpus(size=48):
    """Names of persons after "saw", of places after "in"; one in twelve is labelled wrong."""
    return [
        make_doc(
            f"we saw Name{n} in Town{n} .",
            [(2, 3, "PER"), (4, 5, "PER" if n % 12 == 0 else "LOC")],
            id=f"a{n // 4}:{n}",
        )
        for n in range(size)
    ]


def test_students_of_other_folds_find_what_is_inconsistent(cleaned):
    heard = []
    report, docs = cleaned(corpus(), folds=2, epochs=20, progress=heard.append)
    assert all(f"Town{n}" in missing_tokens(docs[n]) for n in (0, 12, 24, 36))
    assert report.masked_items.total() <= 6
    assert len(heard) == 2 and "fold 1 of 2: 24 documents to learn from, 24 to predict" in heard[0]
    assert record_of(docs[0])["clean"]["judge"] == "students of 2 folds"


def test_students_do_not_see_what_they_predict_nor_what_others_masked(cleaned, monkeypatch):
    seen, predicted, missing = [], [], []
    update, pipe = spacy.language.Language.update, spacy.language.Language.pipe

    def learning(self, examples, **arguments):
        examples = list(examples)
        seen[-1].update(example.reference.text for example in examples)
        missing.extend(missing_tokens(example.reference) for example in examples)
        return update(self, examples, **arguments)

    def predicting(self, docs, **arguments):
        docs = list(docs)
        predicted.append({doc.text for doc in docs})
        seen.append(set())
        return pipe(self, docs, **arguments)

    seen.append(set())
    monkeypatch.setattr(spacy.language.Language, "update", learning)
    monkeypatch.setattr(spacy.language.Language, "pipe", predicting)
    report, _ = cleaned(corpus(24), folds=3, epochs=1)
    assert report.masked > 0 and not any(missing)
    assert [len(texts) for texts in predicted] == [8, 8, 8]
    assert len(set().union(*predicted)) == 24
    for learned, texts in zip(seen, predicted, strict=False):
        assert len(learned) == 16 and learned.isdisjoint(texts)
        articles = {int(text.split()[2].removeprefix("Name")) // 4 for text in texts}
        assert articles.isdisjoint(int(text.split()[2].removeprefix("Name")) // 4 for text in learned)


def test_a_trained_pipeline_finds_errors(cleaned, tmp_path):
    docs = corpus(24)
    nlp = spacy.blank("xx")
    nlp.add_pipe("ner")
    examples = [Example(Doc(nlp.vocab, [t.text for t in d]), d) for n, d in enumerate(docs) if n % 12]
    nlp.initialize(lambda: examples)
    for _ in range(15):
        nlp.update(examples)
    nlp.to_disk(tmp_path / "trained")
    report, _ = cleaned(docs, model=tmp_path / "trained")
    assert report.masked_items == {"PER": 2}


def test_what_no_student_can_do(cleaned, tmp_path, pipeline):
    docs = corpus(8)
    for settings, message in (
        ({"folds": 3}, "fewer folds"),
        ({"folds": 1}, "at least 2 folds"),
        ({"epochs": 0}, "1 epoch"),
        ({"model": tmp_path / "nothing"}, "nothing does not load"),
        ({"model": pipeline(labels=["ORG"])}, r"does not know \['LOC', 'PER'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            cleaned(docs, **settings)
    with pytest.raises(ValueError, match="no label to learn from"):
        cleaned([make_doc(TEXT), make_doc(TEXT, id="b:1")], folds=2)
    assert not (tmp_path / "out.spacy").exists()
