"""What an audit says of the whole pool, and of confidences."""

import random

from helpers.docs import make_doc, write_docs
from spacy_distill import audit_corpus, render_page

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


def test_gold_of_all_or_of_little_needs_no_estimate(tmp_path):
    pool, gold = make_pool(tmp_path, 30, 30)
    assert audit_corpus(pool, [gold]).gold.whole is None
    pool, gold = make_pool(tmp_path, 30, 9)
    assert audit_corpus(pool, [gold]).gold.whole is None
