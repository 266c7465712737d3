"""What a teacher's answers cost."""

import pytest
from spacy.vocab import Vocab

from helpers.asking import Entry, Ledger
from spacy_distill.corpus.docbin import read_docs, write_docs
from spacy_distill.corpus.provenance import views
from spacy_distill.study.config import Prices, read_study
from spacy_distill.study.findings import find_all
from spacy_distill.study.report.sections import cost_rows
from spacy_distill.study.sources import add_up, estimate_cost, teacher_rows
from spacy_distill.study.summary import read_summary
from studying import run_study, write_config

PRICES = Prices(input=10, output=30)
TOKENS = {"prompt_tokens": 2000, "completion_tokens": 50}


def entry(key, **known):
    message = {"role": "user", "content": "x" * 4000}
    return Entry(key=key, model="m", host="h", messages=(message,), answer="y" * 400, state="ok", **known)


@pytest.fixture
def ledger(tmp_path):
    place = tmp_path / "ledger.sqlite"
    with Ledger(place) as opened:
        opened.put_all(
            [
                entry("known", cost=0.5),
                entry("counted", prompt_tokens=2000, completion_tokens=50),
                entry("bare"),
            ]
        )
    return place


def test_a_cost_that_the_ledger_knows_is_taken_as_it_is(ledger):
    bill = add_up(["known", "known", "lost"], ledger, None)
    assert bill.record() == {"answers": 1, "missing": 1, "cost": 0.5, "estimated": 0}


def test_an_unknown_cost_is_estimated_and_marked():
    assert estimate_cost(entry("a", **TOKENS), PRICES) == pytest.approx(0.0215)
    assert estimate_cost(entry("a"), PRICES) == pytest.approx((1000 * 10 + 100 * 30) / 1e6)


def test_estimates_are_counted(ledger):
    bill = add_up(["known", "counted", "bare"], ledger, PRICES)
    assert (bill.answers, bill.estimated) == (3, 2)
    assert bill.cost == pytest.approx(0.5 + 0.0215 + 0.013)


def test_without_prices_what_is_unknown_is_not_guessed(ledger):
    assert add_up(["bare"], ledger, None) is None
    assert add_up(["lost"], ledger, PRICES) is None


def test_a_point_of_f1_costs_the_answers_behind_the_distilled_documents(tmp_path, ledger):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / "cot.spacy", Vocab()))
    for doc in docs:
        views(doc)["cot"]["key"] = "known"
    write_docs(docs, tmp_path / "cot.spacy")
    asked = {"study.ledgers": {"cot": str(ledger)}, "study.seeds": [0], "study.heldout": 0}
    assert teacher_rows(read_study(config, asked)[0])["cot"]["bill"]["cost"] == 0.5
    run_study(config, tmp_path / "out", asked)
    summary = read_summary(tmp_path / "out")
    (row,) = cost_rows(summary, find_all(summary))
    assert (row["name"], row["documents"], row["estimated"]) == ("simple_mix", 31, False)
    assert row["cost"] == pytest.approx(0.5 * 31 / 32)
