"""The corpora of a study: gold subsets, the pool's held-out part."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill.corpus.docbin import read_docs, write_docs
from spacy_distill.corpus.files import digest
from spacy_distill.corpus.provenance import article_id, doc_id
from spacy_distill.study.config import make_runs, read_study
from spacy_distill.study.corpora import nested_sample, prepare
from spacy_distill.study.plan import make_plan
from studying import write_config


def prepared(config, folder, **overrides):
    study = read_study(config, {f"study.{name}": value for name, value in overrides.items()})[0]
    return prepare(study, make_runs(study), folder)


def ids(path):
    return [doc_id(doc) for doc in read_docs(path, Vocab())]


@given(st.integers(1, 200), st.integers(0, 5), st.data())
def test_a_smaller_sample_of_a_seed_is_part_of_a_larger_one(total, seed, data):
    size = data.draw(st.integers(1, total))
    smaller = data.draw(st.integers(1, size))
    sample = nested_sample(total, size, seed)
    assert len(set(sample)) == size and max(sample) < total
    assert nested_sample(total, smaller, seed) == sample[:smaller]


def test_gold_subsets_are_nested_by_seed_and_differ_between_seeds(config, tmp_path):
    inputs = prepared(config, tmp_path, gold_sizes=[4, 12], seeds=[0, 1])
    assert set(ids(inputs.gold[4, 0])) < set(ids(inputs.gold[12, 0]))
    assert ids(inputs.gold[12, 0]) != ids(inputs.gold[12, 1])
    assert inputs.sizes[inputs.gold[4, 1]] == 4


def test_more_gold_than_there_is_is_refused(config, tmp_path):
    with pytest.raises(ValueError, match=r"gold_sizes asks for 99 documents, but .* has 24"):
        prepared(config, tmp_path, gold_sizes=[99])


def test_whole_articles_of_the_pool_are_held_out_of_all_training_data(config, tmp_path):
    inputs = prepared(config, tmp_path, variants=["cot", "standard"])
    held = {article_id(doc) for doc in read_docs(inputs.heldout, Vocab())}
    assert len(held) == 2
    for path in (inputs.oracle, inputs.distilled["cot"][""], inputs.distilled["standard"][""]):
        assert held.isdisjoint(article_id(doc) for doc in read_docs(path, Vocab()))
    assert set(ids(inputs.heldout_teachers["cot"])) == set(ids(inputs.heldout))


def test_an_unusable_answer_is_no_training_data(config, tmp_path):
    inputs = prepared(config, tmp_path, heldout=0)
    assert "pool:0" not in ids(inputs.distilled["cot"][""])
    assert inputs.sizes[inputs.distilled["cot"][""]] == 31


def test_the_oracle_has_the_gold_labels_of_the_pool(config, tmp_path):
    inputs = prepared(config, tmp_path)
    assert all(doc.ents[1].label_ == "LOC" for doc in read_docs(inputs.oracle, Vocab()))
    taught = read_docs(inputs.distilled["cot"][""], Vocab())
    assert any(doc.ents[1].label_ == "ORG" for doc in taught)


def test_several_distilled_corpora_make_one_variant(config, tmp_path):
    study = read_study(config)[0]
    study.teachers["both"] = {"a": study.teachers["cot"], "b": study.teachers["standard"]}
    study.variants.append("both")
    inputs = prepare(study, make_runs(study), tmp_path)
    assert set(inputs.distilled["both"]) == {"a", "b"}


def test_labels_may_be_made_anew_for_each_seed(config, tmp_path):
    study = read_study(config)[0]
    for seed, name in enumerate(("cot", "standard")):
        shutil.copy(study.teachers[name], tmp_path / f"judged-{seed}.spacy")
    study.teachers["judged"] = str(tmp_path / "judged-{seed}.spacy")
    study.variants.append("judged")
    runs = make_runs(study)
    inputs = prepare(study, runs, tmp_path / "out")
    corpora = {
        str(planned.run): Path(planned.job.paths["distilled"])
        for planned in make_plan(study, inputs, runs).runs
        if planned.run.arm.variant == "judged"
    }
    assert list(corpora) == [f"tiny/simple_mix+judged/gold-all/seed-{seed}" for seed in (0, 1)]
    for seed, path in enumerate(corpora.values()):
        assert labels(path) == labels(tmp_path / f"judged-{seed}.spacy", only=ids(path))
    assert set(inputs.heldout_teachers) == {"cot", "judged-seed-0", "judged-seed-1"}
    (tmp_path / "judged-1.spacy").unlink()
    with pytest.raises(ValueError, match=r"No such corpus: .*judged-1"):
        prepare(study, runs, tmp_path / "again")


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
def test_a_corpus_to_judge_by_that_has_no_labels_is_refused(tmp_path, name):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / f"{name}.spacy", Vocab()))
    bare = [Doc(doc.vocab, words=[token.text for token in doc]) for doc in docs]
    for corpus in (bare, []):
        write_docs(corpus, tmp_path / f"{name}.spacy")
        with pytest.raises(ValueError, match=rf"{name}\.spacy has no document with labels"):
            prepared(config, tmp_path / "out")


def test_a_digest_is_of_the_content_and_not_of_the_place(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("content")
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    (tmp_path / "two" / "file").write_text("other")
    assert digest(tmp_path / "one") != digest(tmp_path / "two")
