"""The labels of gold are those that `spacy init labels` would find in all of it."""

from itertools import islice
from pathlib import Path

import pytest
import spacy
from confection import ConfigValidationError
from spacy.tokens import DocBin
from spacy.training import Corpus as SpacyCorpus

from helpers.blending import Corpus, make_docs, registered

make_gold_labels = registered("readers", "gold_labels")


def test_they_are_what_spacy_counts_itself(tmp_path: Path):
    docs = [*make_docs("a", 130, "PER"), *make_docs("b", 7, "LOC"), *make_docs("c", 3, "ORG")]
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    nlp, ours = spacy.blank("en"), spacy.blank("en")
    nlp.add_pipe("ner")
    ours.add_pipe("ner")
    gold = SpacyCorpus(tmp_path / "gold.spacy")
    nlp.initialize(lambda: gold(nlp))
    labels = make_gold_labels(tmp_path / "gold.spacy")
    ours.get_pipe("ner").initialize(lambda: islice(gold(ours), 5), nlp=ours, labels=labels)  # type: ignore[attr-defined]
    assert ours.get_pipe("ner").label_data == nlp.get_pipe("ner").label_data  # type: ignore[attr-defined]
    assert ours.get_pipe("ner").move_names == nlp.get_pipe("ner").move_names  # type: ignore[attr-defined]


def test_they_are_counted_over_all_shards(corpus: Corpus):
    assert make_gold_labels(corpus("gold", 10, "ORG", shards=3))["1"] == {"ORG": 10}


def test_without_a_gold_corpus_the_line_to_change_is_told():
    with pytest.raises(ConfigValidationError, match=r"(?s)initialize -> components.*Set gold in \[paths\]"):
        make_gold_labels(None)


def test_a_corpus_without_entities_is_refused(corpus: Corpus):
    with pytest.raises(ConfigValidationError, match="has no label"):
        make_gold_labels(corpus("none", 0))
