"""What a study says of its teachers: who answered, and what it cost."""

import pytest
import srsly
from spacy.vocab import Vocab

from helpers.asking import Entry, Ledger
from helpers.studying import carry_out_study, planned, write_config
from spacy_distill import read_docs, views, write_docs, write_report
from spacy_distill.study.config import AnswerPrices
from spacy_distill.study.teachers import add_costs, estimate_cost

PRICES = AnswerPrices(input=10, output=30)
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
    bill = add_costs(["known", "known", "lost"], ledger, None)
    assert bill == {"answers": 1, "missing": 1, "cost": 0.5, "estimated": 0}


def test_an_unknown_cost_is_estimated_and_marked():
    assert estimate_cost(entry("a", **TOKENS), PRICES) == pytest.approx(0.0215)
    assert estimate_cost(entry("a"), PRICES) == pytest.approx((1000 * 10 + 100 * 30) / 1e6)


def test_estimates_are_counted(ledger):
    bill = add_costs(["known", "counted", "bare"], ledger, PRICES)
    assert (bill["answers"], bill["estimated"]) == (3, 2)
    assert bill["cost"] == pytest.approx(0.5 + 0.0215 + 0.013)


def test_without_prices_what_is_unknown_is_not_guessed(ledger):
    assert add_costs(["bare"], ledger, None) is None
    assert add_costs(["lost"], ledger, PRICES) is None


def test_a_point_of_f1_costs_the_answers_behind_the_distilled_documents(tmp_path, ledger):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / "cot.spacy", Vocab()))
    for doc in docs:
        views(doc)["cot"]["key"] = "known"
    write_docs(docs, tmp_path / "cot.spacy")
    values = {"ledgers": {"cot": str(ledger)}, "seeds": [0], "heldout": 0}
    carry_out_study(config, tmp_path / "out", {f"study.{name}": value for name, value in values.items()})
    report = write_report(tmp_path / "out")
    assert report.findings["teachers"]["cot"]["bill"]["cost"] == 0.5
    row = next(
        line for line in report.files[1].read_text().splitlines() if line.startswith("| simple_mix | 31")
    )
    assert row.split(" | ")[2] == f"{0.5 * 31 / 32:.2f}"


RECORDED = {"model": "m", "prompt": "p", "key": "k", "state": "ok", "source": "answers.jsonl"}


def test_a_document_without_an_answer_does_not_pass_for_a_live_run(tmp_path):
    config = write_config(tmp_path)
    docs = list(read_docs(tmp_path / "cot.spacy", Vocab()))
    for doc in docs:
        views(doc)["cot"] = RECORDED
    views(docs[0])["cot"] = {"model": None, "prompt": "p", "key": None, "state": "unanswered", "source": None}
    write_docs(docs, tmp_path / "cot.spacy")
    planned(config, tmp_path / "out")
    teachers = srsly.read_json(tmp_path / "out" / "teachers.json")
    assert [origin["source"] for origin in teachers["cot"]["origins"]] == ["answers.jsonl"]
