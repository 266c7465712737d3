"""Documents that are worth the money, as many as a budget pays for."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from helpers.committees import make_committee
from helpers.docs import make_doc, read_docs, record_of, write_docs
from helpers.loopback import Server, completion
from helpers.warm import CONFIG
from spacy_distill import (
    DistillError,
    SelectOptions,
    annotate,
    annotate_disputed,
    audit_corpus,
    parse_limit,
    select,
)
from spacy_distill.cli import app
from spacy_distill.corpus.duplicates import NEAR, likeness, shingles
from spacy_distill.labels.select import SpendingLimit, by_new_words, by_value, choose

WORDS = ("rome", "fell", "to", "acme", "in", "may", "and", "june")
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=20).map(" ".join), min_size=1, max_size=30
)


def repeats(doc, other):
    """Whether one document says what the other does, exactly or nearly."""
    long = min(len(doc), len(other)) >= 8
    return doc.text == other.text or (long and likeness(shingles(doc.text), shingles(other.text)) >= NEAR)


@given(TEXTS, st.floats(0.5, 200), st.sampled_from(["words", "docs"]), st.integers(0, 9), st.data())
def test_a_budget_is_kept_and_nothing_repeats(texts, amount, unit, seed, data):
    docs = [make_doc(text) for text in texts]
    costs = [len(doc) if unit == "words" else 1 for doc in docs]
    values = data.draw(st.lists(st.floats(0, 5), min_size=len(docs), max_size=len(docs)))
    known = docs[: data.draw(st.integers(0, 3))]
    limit = SpendingLimit(amount, unit)
    for order in (by_value(values, costs, seed), list(by_new_words(docs, costs, known))):
        assert sorted(order) == list(range(len(docs)))
        if min(costs) > amount:
            with pytest.raises(DistillError, match="below the cheapest"):
                choose(docs, order, costs, limit, known)
            continue
        try:
            found = choose(docs, order, costs, limit, known)
        except DistillError as error:
            # All that could be bought is known.
            assert "repeats one of the excluded" in str(error)
            assert all(any(repeats(docs[i], k) for k in known) for i in order if costs[i] <= amount)
            continue
        assert found == choose(docs, order, costs, limit, known)
        assert found.cost == sum(costs[i] for i in found.chosen) <= amount
        taken = [*known, *(docs[i] for i in found.chosen)]
        for j, doc in enumerate(taken[len(known) :], start=len(known)):
            assert not any(repeats(doc, other) for other in taken[:j])
        # Nothing is left that would still fit, and repeats nothing that was taken.
        left = [i for i in order if i not in found.chosen and found.cost + costs[i] <= amount]
        assert all(any(repeats(docs[i], other) for other in taken) for i in left)


@given(st.lists(st.floats(0.0001, 5e4), min_size=1, max_size=9), st.sampled_from(["words", "USD"]))
def test_the_budget_that_is_advised_is_enough(costs, unit):
    docs = [make_doc("Rome fell")] * len(costs)
    with pytest.raises(DistillError, match="Give at least that") as refused:
        choose(docs, range(len(docs)), costs, SpendingLimit(0.00001, unit))
    advised = parse_limit(re.search(r"which costs (.+)\. Give", str(refused.value))[1])
    assert choose(docs, range(len(docs)), costs, advised).chosen
    assert advised.amount <= max(1.02 * min(costs), min(costs) + 1)


def test_without_documents_there_is_nothing_to_choose():
    with pytest.raises(DistillError, match="no document"):
        choose([], [], [], SpendingLimit(5, "words"))


def test_a_document_that_costs_too_much_is_in_nobodys_way():
    long = "rome acme june may to in fell and rome fell to acme"
    docs = [make_doc(text) for text in (long, long[:-5], "rome acme", "rome acme", "june may")]
    limit, costs = SpendingLimit(4, "words"), [5, 3, 1, 1, 1]
    assert choose(docs, range(5), costs, limit).chosen == [1, 2]
    assert list(by_new_words(docs, [5, 5, 1, 1, 1], most=4)) == [2, 4, 3]


@given(st.text(max_size=12))
def test_a_budget_is_a_number_and_what_it_counts(text):
    try:
        limit = parse_limit(text)
    except DistillError as error:
        assert '"5000 words", "200 docs" or "3 USD"' in str(error)
    else:
        assert limit.amount > 0


@given(st.floats(0.1, 1e7), st.integers(0, 2), st.sampled_from(["words", "docs", "USD"]), st.data())
def test_a_budget_is_never_read_as_more_than_it_says(amount, decimals, unit, data):
    """With a comma before the decimals, as much of the world writes it, it is refused or read as less."""
    written = f"{amount:,.{decimals}f}"
    meant = float(written.replace(",", ""))
    assert not meant or parse_limit(f"{written} {unit}") == (meant, unit)
    assert not meant or parse_limit(str(SpendingLimit(meant, unit))) == (meant, unit)
    grouping = data.draw(st.sampled_from(["", ".", " ", "'"]))
    other = written.translate({ord(","): grouping, ord("."): ","})
    with suppress(DistillError):
        assert parse_limit(f"{other} {unit}").amount <= meant


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5000 words", (5000, "words")),
        ("200 DOCS", (200, "docs")),
        (" 2.5usd ", (2.5, "USD")),
        ("5,000 words", (5000, "words")),
    ],
)
def test_budgets(text, limit):
    assert parse_limit(text) == limit


@pytest.fixture
def corpus(tmp_path):
    """Members disagree on Rome, and on nothing else."""
    texts = [
        "Nothing at all happened there",
        "Rome fell",
        "Nothing at all happened there",
        "It rained on Monday",
    ]
    return write_docs(
        tmp_path / "in.spacy", *(make_doc(t, id=f"a:{n}", labelled=False) for n, t in enumerate(texts))
    )


@pytest.fixture
def committee(tmp_path):
    return make_committee(
        tmp_path / "committee", {"gold/seed-0": {"Rome": "LOC"}, "gold/seed-1": {}}, labels=("LOC",)
    )


def test_what_members_disagree_on_comes_first(corpus, committee, tmp_path):
    report = select(corpus, tmp_path / "out.spacy", parse_limit("3 docs"), SelectOptions(committee=committee))
    texts = [doc.text for doc in read_docs(tmp_path / "out.spacy")]
    assert texts[0] == "Rome fell" and len(set(texts)) == len(texts) == report.documents == 3
    assert (report.strategy, report.disagreement, report.of_documents) == ("disagreement", 1.0, 4)


def test_new_words_come_first_and_excluded_documents_not_at_all(corpus, tmp_path):
    known = write_docs(tmp_path / "known.spacy", make_doc("It rained on Monday"))
    options = SelectOptions("diverse", exclude=[known])
    report = select(corpus, tmp_path / "out.spacy", parse_limit("7 words"), options)
    assert {doc.text for doc in read_docs(tmp_path / "out.spacy")} == {
        "Nothing at all happened there",
        "Rome fell",
    }
    assert report.words == 7
    select(tmp_path / "out.spacy", tmp_path / "more.spacy", parse_limit("1 docs"))
    with pytest.raises(DistillError, match="repeat"):
        select(known, tmp_path / "none.spacy", parse_limit("1 docs"), options)


def test_money_buys_what_the_prices_of_the_teacher_say(corpus, tmp_path):
    teacher = tmp_path / "teacher.cfg"
    teacher.write_text(CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"'))
    prices = {"components.llm.model.prices": {"input": 10.0, "output": 10.0}}
    options = SelectOptions(teacher=teacher, overrides=prices)
    everything = select(corpus, tmp_path / "all.spacy", parse_limit("3 docs"), options)
    report = select(corpus, tmp_path / "out.spacy", SpendingLimit(everything.cost * 0.7, "USD"), options)
    assert report.documents == 2 and report.cost <= everything.cost * 0.7
    with pytest.raises(DistillError, match=r"cheapest.*0\.00\d+ USD"):
        select(corpus, tmp_path / "out.spacy", parse_limit("0.0001 USD"), options)
    for overrides in ({}, {"components.llm.model.prices": {"input": 0.0, "output": 0.0}}):
        with pytest.raises(DistillError, match=r"components\.llm\.model\.prices\.input"):
            select(
                corpus,
                tmp_path / "out.spacy",
                parse_limit("3 USD"),
                SelectOptions(teacher=teacher, overrides=overrides),
            )
    with pytest.raises(DistillError, match="--teacher"):
        select(corpus, tmp_path / "out.spacy", parse_limit("3 USD"))


def test_what_the_teacher_answered_is_left_out(corpus, tmp_path):
    teacher = tmp_path / "teacher.cfg"
    with Server(lambda _: completion('{"entities": []}')) as server:
        text = CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"')
        teacher.write_text(text.replace("http://127.0.0.1:9/v1", server.url))
        annotate(teacher, corpus, tmp_path / "labelled.spacy")
        with pytest.raises(DistillError, match="nothing to ask"):
            select(corpus, tmp_path / "out.spacy", parse_limit("9 docs"), SelectOptions(teacher=teacher))
        new = write_docs(tmp_path / "new.spacy", *read_docs(corpus), make_doc("It snowed", labelled=False))
        report = select(new, tmp_path / "out.spacy", parse_limit("9 docs"), SelectOptions(teacher=teacher))
    assert [doc.text for doc in read_docs(tmp_path / "out.spacy")] == ["It snowed"]
    assert report.answered == 4


def test_a_cascade_asks_the_teacher_of_what_members_dispute(corpus, tmp_path):
    words = {"gold/seed-0": {"Rome": "LOC", "Monday": "PER"}, "gold/seed-1": {"Monday": "PER"}}
    committee = make_committee(tmp_path / "committee", words, labels=("LOC", "PER"))
    teacher = tmp_path / "teacher.cfg"
    with Server(lambda _: completion('{"entities": [{"text": "Rome", "label": "PER"}]}')) as server:
        text = CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"')
        teacher.write_text(text.replace("http://127.0.0.1:9/v1", server.url))
        report = annotate_disputed(teacher, corpus, tmp_path / "out.spacy", committee, 0.2)
        assert len(server.prompts) == 1
    docs = read_docs(tmp_path / "out.spacy")
    assert [record_of(doc)["labelled_by"] for doc in docs] == [
        "committee",
        "standard",
        "committee",
        "committee",
    ]
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs] == [
        [],
        [("Rome", "PER")],
        [],
        [("Monday", "PER")],
    ]
    assert docs[3].spans["confidence"].attrs["scores"] == [1.0]
    assert report.asked.documents == len(docs) == 4
    assert (report.documents, report.disagreement, report.asked.states) == (1, 1.0, {"ok": 1})
    audit = audit_corpus(tmp_path / "out.spacy")
    assert {view.name: dict(view.states) for view in audit.views} == {
        "standard": {"ok": 1, "absent": 3},
        "committee": {"ok": 3, "absent": 1},
    }
    again = annotate_disputed(teacher, corpus, tmp_path / "all.spacy", committee, 1)
    assert (len(server.prompts), again.documents) == (1, 1)
    for share, message in (
        *((one, r"share is") for one in (0, 1.5, float("nan"))),
        (0.1, r"share of 0\.1 is 1\.6 of 16 words.*disputed document has 2\. Give --share 0\.125"),
    ):
        with pytest.raises(DistillError, match=message):
            annotate_disputed(teacher, corpus, tmp_path / "out.spacy", committee, share)
    agreed = make_committee(tmp_path / "agreed", {"a/seed-0": {}, "b/seed-0": {}}, labels=("LOC", "PER"))
    with pytest.raises(DistillError, match="agree on all of the 4 documents"):
        annotate_disputed(teacher, corpus, tmp_path / "out.spacy", agreed, 0.5)


@pytest.mark.parametrize(("disputed", "agreed"), [(57, 43), (1, 6)])
def test_the_share_that_is_advised_is_enough(disputed, agreed, tmp_path):
    words = {"gold/seed-0": {"Rome": "LOC"}, "gold/seed-1": {}}
    committee = make_committee(tmp_path / "committee", words, labels=("LOC", "PER"))
    docs = [make_doc(" ".join(["Rome", *["fell"] * (disputed - 1)]), labelled=False)]
    docs += [make_doc("It", id=f"b:{n}", labelled=False) for n in range(agreed)]
    corpus, teacher = write_docs(tmp_path / "in.spacy", *docs), tmp_path / "teacher.cfg"
    with Server(lambda _: completion('{"entities": []}')) as server:
        text = CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"')
        teacher.write_text(text.replace("http://127.0.0.1:9/v1", server.url))
        with pytest.raises(DistillError, match="Give --share") as refused:
            annotate_disputed(teacher, corpus, tmp_path / "out.spacy", committee, 1e-9)
        share = float(re.search(r"Give --share ([\d.]+),", str(refused.value))[1])
        report = annotate_disputed(teacher, corpus, tmp_path / "out.spacy", committee, share)
    assert (report.documents, report.words) == (1, disputed)


@pytest.mark.parametrize("share", ["0.2", "0.3"])
def test_a_share_without_a_committee_asks_nobody(share, tmp_path):
    done = CliRunner().invoke(app, ["annotate", "a.cfg", "in.spacy", "out.spacy", "--share", share])
    assert (done.exit_code, "Give --only-disputed" in " ".join(done.output.split())) == (1, True)


def test_a_committee_of_other_labels_is_refused(corpus, committee, tmp_path):
    teacher = tmp_path / "teacher.cfg"
    teacher.write_text(CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"'))
    options = SelectOptions(committee=committee, teacher=teacher)
    with pytest.raises(DistillError, match="know no PER"):
        select(corpus, tmp_path / "out.spacy", parse_limit("1 docs"), options)
    with pytest.raises(DistillError, match="know no PER"):
        annotate_disputed(teacher, corpus, tmp_path / "out.spacy", committee, 0.5)
    more = make_committee(tmp_path / "more", {"a/seed-0": {}, "b/seed-0": {}})
    with pytest.raises(DistillError, match="knows ORG, which"):
        annotate_disputed(teacher, corpus, tmp_path / "out.spacy", more, 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "best"}, "disagreement, diverse, random"),
        ({"strategy": "disagreement"}, "--committee DIR"),
        ({"strategy": "random", "committee": "DIR"}, "asks no committee"),
        ({"overrides": {"a.b": 1}}, r"a\.b is a value"),
    ],
)
def test_options_that_do_nothing_are_refused(options, message):
    with pytest.raises(DistillError, match=message):
        SelectOptions(**options)
