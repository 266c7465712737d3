"""The teacher table says who answered, and only who did."""

import pytest
from spacy.vocab import Vocab

from spacy_distill.corpus.docbin import read_docs, write_docs
from spacy_distill.corpus.provenance import views
from spacy_distill.study.config import read_study
from spacy_distill.study.sources import teacher_rows
from studying import write_config

RECORDED = {"model": "m", "prompt": "p", "key": "k", "state": "ok", "source": "answers.jsonl"}


@pytest.fixture
def origins(tmp_path):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / "cot.spacy", Vocab()))
    for doc in docs:
        views(doc)["cot"] = RECORDED
    views(docs[0])["cot"] = {"model": None, "prompt": "p", "key": None, "state": "unanswered", "source": None}
    write_docs(docs, tmp_path / "cot.spacy")
    return teacher_rows(read_study(config)[0])["cot"]["origins"]


def test_a_document_without_an_answer_does_not_pass_for_a_live_run(origins):
    assert [origin["source"] for origin in origins] == ["answers.jsonl"]
