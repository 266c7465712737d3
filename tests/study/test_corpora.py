"""The corpora of a study: gold subsets, the pool's held-out part."""

import shutil
from pathlib import Path

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.studying import planned, write_config
from spacy_distill import article_id, doc_id, read_docs, write_docs


def prepared(config, folder, **values):
    return planned(config, folder, **values).corpora


def ids(path):
    return [doc_id(doc) for doc in read_docs(path, Vocab())]


def test_gold_subsets_are_nested_by_seed_and_differ_between_seeds(config, tmp_path):
    corpora = prepared(config, tmp_path, gold_sizes=[4, 12], seeds=[0, 1])
    assert set(ids(corpora.gold[4, 0])) < set(ids(corpora.gold[12, 0]))
    assert ids(corpora.gold[12, 0]) != ids(corpora.gold[12, 1])
    assert corpora.sizes[corpora.gold[4, 1]] == 4


def test_more_gold_than_there_is_is_refused(config, tmp_path):
    with pytest.raises(ValueError, match=r"gold_sizes asks for 99 documents, but .* has 24"):
        prepared(config, tmp_path, gold_sizes=[99])


def test_whole_articles_of_the_pool_are_held_out_of_all_training_data(config, tmp_path):
    corpora = prepared(config, tmp_path, variants=["cot", "standard"])
    heldout = {article_id(doc) for doc in read_docs(corpora.heldout, Vocab())}
    assert len(heldout) == 2
    for path in (corpora.oracle, corpora.distilled["cot"][""], corpora.distilled["standard"][""]):
        assert heldout.isdisjoint(article_id(doc) for doc in read_docs(path, Vocab()))
    assert set(ids(corpora.heldout_teachers["cot"])) == set(ids(corpora.heldout))


def test_an_unusable_answer_is_no_training_data(config, tmp_path):
    corpora = prepared(config, tmp_path, heldout=0)
    assert "pool:0" not in ids(corpora.distilled["cot"][""])
    assert corpora.sizes[corpora.distilled["cot"][""]] == 31


def test_the_oracle_has_the_gold_labels_of_the_pool(config, tmp_path):
    corpora = prepared(config, tmp_path)
    assert all(doc.ents[1].label_ == "LOC" for doc in read_docs(corpora.oracle, Vocab()))
    taught = read_docs(corpora.distilled["cot"][""], Vocab())
    assert any(doc.ents[1].label_ == "ORG" for doc in taught)


def test_several_distilled_corpora_make_one_variant(tmp_path):
    config = write_config(tmp_path)
    both = {"a": str(tmp_path / "cot.spacy"), "b": str(tmp_path / "standard.spacy")}
    corpora = prepared(config, tmp_path / "out", teachers={"both": both}, variants=["both"])
    assert set(corpora.distilled["both"]) == {"a", "b"}


def test_labels_may_be_made_anew_for_each_seed(tmp_path):
    config = write_config(tmp_path)
    for seed, name in enumerate(("cot", "standard")):
        shutil.copy(tmp_path / f"{name}.spacy", tmp_path / f"anew-{seed}.spacy")
    teachers = {"cot": str(tmp_path / "cot.spacy"), "anew": str(tmp_path / "anew-{seed}.spacy")}
    values = {"teachers": teachers, "variants": ["cot", "anew"]}
    plan = planned(config, tmp_path / "out", **values)
    corpora = {
        str(planned.run): Path(planned.job.paths["distilled"])
        for planned in plan.runs
        if planned.run.arm.variant == "anew"
    }
    assert list(corpora) == [f"tiny/simple_mix+anew/steps-6/gold-all/seed-{seed}" for seed in (0, 1)]
    for seed, path in enumerate(corpora.values()):
        assert labels(path) == labels(tmp_path / f"anew-{seed}.spacy", only=ids(path))
    assert set(plan.corpora.heldout_teachers) == {"cot", "anew-seed-0", "anew-seed-1"}
    (tmp_path / "anew-1.spacy").unlink()
    with pytest.raises(ValueError, match=r"No such corpus: .*anew-1"):
        planned(config, tmp_path / "again", **values)


def labels(path, only=()):
    """The entities of each document of a corpus."""
    docs = zip(ids(path), read_docs(path, Vocab()), strict=True)
    return {
        id: [(ent.start, ent.end, ent.label_) for ent in doc.ents]
        for id, doc in docs
        if not only or id in only
    }


def test_a_corpus_that_is_not_there_is_named(config, tmp_path):
    with pytest.raises(ValueError, match="No such corpus: nowhere"):
        prepared(config, tmp_path, **{"corpora.test": "nowhere.spacy"})


@pytest.mark.parametrize("name", ["dev", "test"])
def test_a_corpus_to_score_on_that_has_no_labels_is_refused(tmp_path, name):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / f"{name}.spacy", Vocab()))
    bare = [Doc(doc.vocab, words=[token.text for token in doc]) for doc in docs]
    for corpus in (bare, []):
        write_docs(corpus, tmp_path / f"{name}.spacy")
        with pytest.raises(ValueError, match=rf"{name}\.spacy has no document with labels"):
            prepared(config, tmp_path / "out")
