"""What an audit says of the whole pool, and of confidences."""

import random

import pytest

from helpers.docs import make_doc, write_docs
from spacy_distill import audit_corpus, render_page
from spacy_distill.labels.estimate import Expected, estimate_f1
from spacy_distill.tasks.scores import Counts, prf

WORDS = ("Rome", "Oslo", "Acme", "Bern")


def make_pool(folder, documents=80, with_gold=30):
    """A pool with two views, of which the first is right in four of five places, and gold of a part."""
    drawn = random.Random(0)
    pool, gold = [], []
    for i in range(documents):
        text = f"{drawn.choice(WORDS)} and {drawn.choice(WORDS)} fell {i}"
        right = [(0, 1, "LOC"), (2, 3, "LOC")]
        said = [[one if drawn.random() < 0.8 else (*one[:2], "ORG") for one in right] for _ in range(2)]
        pool.append(make_doc(text, said[0], id=f"a{i}:1", teachers={"cot": said[0], "standard": said[1]}))
        gold.append(make_doc(text, right, id=f"a{i}:1"))
    return write_docs(folder / "pool.spacy", *pool), write_docs(folder / "gold.spacy", *gold[:with_gold])


def test_gold_of_a_part_says_something_of_the_whole(tmp_path):
    pool, gold = make_pool(tmp_path)
    audit = audit_corpus(pool, [gold])
    whole = audit.gold.whole
    assert (whole.documents, whole.gold) == (80, 30)
    assert whole.interval.low < whole.f < whole.interval.high
    assert whole.plain == audit.gold.quality[-1].all_scores.micro.prf.f
    assert audit.to_json()["gold"]["whole"]["f"] == whole.f
    assert "On all 80 documents" in render_page(audit)


@pytest.mark.parametrize("sentences", [50, 100])
@pytest.mark.parametrize("wrong", [0.01, 0.02, 0.05])
def test_the_interval_holds_where_labels_are_nearly_right(sentences, wrong):
    drawn = random.Random(0)
    flaws = [[drawn.random() < wrong for _ in range(drawn.randint(0, 3))] for _ in range(1000)]
    counts = [Counts(len(some) - sum(some), sum(some), sum(some)) for some in flaws]
    expected = [Expected(0.95 * len(some), 0.05 * len(some), 0.05 * len(some)) for some in flaws]
    truth, held = prf(sum(counts, Counts())).f, 0
    for _ in range(100):
        chosen = drawn.sample(range(1000), sentences)
        found = estimate_f1({i: counts[i] for i in chosen}, expected, range(1000))
        assert found.interval.low <= found.f <= found.interval.high
        held += found.interval.low <= truth <= found.interval.high
    assert held >= 90


def test_gold_of_all_or_of_little_needs_no_estimate(tmp_path):
    pool, gold = make_pool(tmp_path, 30, 30)
    assert audit_corpus(pool, [gold]).gold.whole is None
    pool, gold = make_pool(tmp_path, 30, 9)
    assert audit_corpus(pool, [gold]).gold.whole is None
