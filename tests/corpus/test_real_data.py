"""Real corpora are read to the sentence and the entity. Needs the folder that SPACY_DISTILL_DATA names."""

import os
from pathlib import Path

import pytest
from spacy.tokens import DocBin

from helpers.importing import VOCAB
from spacy_distill import Columns, ImportOptions, import_corpus, parse_range

DATA = Path(os.environ.get("SPACY_DISTILL_DATA", "none"))
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="SPACY_DISTILL_DATA is not set to a folder of corpora"),
]


@pytest.mark.parametrize(
    ("path", "options", "documents", "articles", "entities"),
    [
        ("conll2003/eng.train.gz", ImportOptions("conll"), 14041, 946, 23499),
        ("conll2003/eng.testa.gz", ImportOptions("conll"), 3250, 216, 5942),
        ("conll2003/eng.testb.gz", ImportOptions("conll"), 3453, 231, 5648),
        ("conll2003/eng.testb.gz", ImportOptions("conll", sentences=False), 231, 231, 5648),
        ("wikigold/wikigold.conll.txt.gz", ImportOptions("conll"), 1696, 145, 3558),
        (
            "noisebench/noisebench_traindev.tsv.gz",
            ImportOptions("conll", columns=Columns(label=2)),
            5885,
            400,
            9685,
        ),
        (
            "noisebench/noisebench_traindev.tsv.gz",
            ImportOptions("conll", columns=Columns(label=3)),
            5885,
            400,
            11349,
        ),
        ("bbc/bbc.jsonl.gz", ImportOptions("jsonl"), 2225, 2225, 0),
        ("gpt35_conll_testb/recorded_cot.jsonl.gz", ImportOptions("jsonl"), 3442, 3442, 0),
    ],
)
def test_known_sizes(tmp_path, path, options, documents, articles, entities):
    account = import_corpus(DATA / path, tmp_path / "out.spacy", options)
    assert (account.written, account.articles) == (documents, articles)
    assert sum(account.labels.values()) == entities


def test_halves_share_no_article_and_make_up_the_whole(tmp_path):
    sizes = []
    for part in ("0:0.5", "0.5:1"):
        options = ImportOptions("conll", documents=parse_range(part))
        account = import_corpus(DATA / "conll2003/eng.testa.gz", tmp_path / "out.spacy", options)
        sizes.append((account.written, account.articles))
    assert [sum(column) for column in zip(*sizes, strict=True)] == [3250, 216]


def test_every_sentence_of_an_article_is_its_exact_text(tmp_path):
    def read(sentences):
        import_corpus(DATA / "bbc/bbc.jsonl.gz", tmp_path / "out.spacy", ImportOptions(sentences=sentences))
        return DocBin(store_user_data=True).from_disk(tmp_path / "out.spacy").get_docs(VOCAB)

    articles, sentences = read(False), list(read(True))
    current, position = next(articles), 0
    for sentence in sentences:
        while (found := current.text.find(sentence.text, position)) < 0:
            current, position = next(articles), 0
        assert not current.text[position:found].strip()
        position = found + len(sentence.text)
