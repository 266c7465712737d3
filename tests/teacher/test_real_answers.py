"""Real answers are read at least as well as by those who recorded them. Needs SPACY_DISTILL_DATA."""

import gzip
import json
import os
from pathlib import Path

import pytest
from spacy.vocab import Vocab

from helpers.counting import add_counts, micro, prf
from helpers.reading import LabelSet, WordIndex, align, parse_answer
from spacy_distill import Annotation, Item, find_task
from spacy_distill.corpus.formats.columns import read_columns

DATA = Path(os.environ.get("SPACY_DISTILL_DATA", "none"))
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="SPACY_DISTILL_DATA is not set to a folder of corpora"),
]
NER = find_task("ner")
ALIASES = {"Location": "LOC", "Miscellaneous": "MISC", "Organization": "ORG", "Person": "PER"}
LABELS = LabelSet(["LOC", "MISC", "ORG", "PER"], ALIASES)


def f1(pairs):
    """100 times the F1 of (gold document, answer) pairs."""
    counts = []
    for gold, answer in pairs:
        words = [token.text for token in gold]
        parsed = parse_answer(answer, LABELS)  # None of one that takes back what it lists.
        found = align(WordIndex(words), parsed.candidates if parsed else (), LABELS)
        items = tuple(Item(e.start, e.end, e.label) for e in found.entities)
        counts.append(NER.counts(NER.read(gold), Annotation(len(words), items)))
    return 100 * prf(micro(add_counts(counts))).f


@pytest.mark.parametrize(
    ("prompt", "sentences", "least"), [("cot_pos", 3450, 83.2), ("cot", 3442, 81.9), ("standard", 3437, 78.6)]
)
def test_lines_on_conll(prompt, sentences, least):
    gold = list(read_columns(DATA / "conll2003" / "eng.testb.gz", Vocab()))
    with gzip.open(DATA / "gpt35_conll_testb" / f"recorded_{prompt}.jsonl.gz", "rt", encoding="utf8") as file:
        rows = [json.loads(line) for line in file]
    assert len(rows) == sentences
    assert f1((gold[row["conll_test_index"]], row["answer"]) for row in rows) >= least


@pytest.mark.parametrize(("name", "least"), [("std", 72.6), ("std_c5", 71.5)])
def test_dicts_on_wikigold(name, least):
    gold = {
        doc.text.strip(): doc for doc in read_columns(DATA / "wikigold" / "wikigold.conll.txt.gz", Vocab())
    }
    path = DATA / "gpt35_wikigold" / f"train_shuffle_42_demo_pool_{name}_500.json.gz"
    with gzip.open(path, "rt", encoding="utf8") as file:
        rows = json.load(file)
    assert f1((gold[row["sentence"]], row["self_annotate"]["prediction"]) for row in rows) >= least
