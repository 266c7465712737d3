"""How often the 95 % interval for F1 of a whole pool holds it, where gold covers a few sentences or articles.

Real answers: the vote of four prompts to GPT-3.5 on CoNLL-2003's eng.testb, expectations from shares of the
votes. Made up: sentences whose errors have a heavy tail, and expectations that are too high; and labels of
which one item in fifty is wrong.

python benchmarks/coverage.py --data DIR
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from spacy.vocab import Vocab

from labels import NER
from real_answers import data_folder
from review import HALF, prompts
from spacy_distill import article_id
from spacy_distill.labels.estimate import Expected, estimate_f1, expect
from spacy_distill.tasks.scores import Counts, micro

SENTENCES = (50, 100, 200, 400)
ARTICLES = (10, 20, 40)
DRAWS = 1000


class Pool(NamedTuple):
    """Counts against gold, what votes let one expect, and the article of each sentence."""

    name: str
    counts: Sequence[Counts]
    expected: Sequence[Expected]
    articles: Sequence[str]


def main(data: Path) -> None:
    """Print the table."""
    print(f"{DRAWS} draws each; chance alone moves 95 % by 1.4 points")
    print(f"{'pool':<12} {'gold':>14} {'coverage':>9} {'plain':>9} {'bias':>7} {'worth':>6}")
    for pool in (recorded(data), made_up(3000, 15, random.Random(0)), nearly_right(2000, random.Random(0))):
        for number in SENTENCES:
            report(pool, f"{number} sentences", [[i] for i in range(len(pool.counts))], number)
        groups: dict[str, list[int]] = {}
        for i, article in enumerate(pool.articles):
            groups.setdefault(article, []).append(i)
        for number in ARTICLES:
            report(pool, f"{number} articles", list(groups.values()), number)


def report(pool: Pool, gold: str, groups: Sequence[Sequence[int]], number: int) -> None:
    """Draw gold, and count the intervals that hold the F1 that gold of all would give."""
    drawn, truth = random.Random(number), f1(sum(pool.counts, Counts()))
    hits = plain_hits = 0
    bias = worth = 0.0
    for _ in range(DRAWS):
        chosen = [i for group in drawn.sample(groups, number) for i in group]
        found = estimate_f1({i: pool.counts[i] for i in chosen}, pool.expected, pool.articles)
        hits += found.interval.low <= truth <= found.interval.high
        plain_hits += found.plain_interval.low <= truth <= found.plain_interval.high
        bias += 100 * (found.f - truth) / DRAWS
        worth += found.worth / DRAWS
    shares = f"{hits / DRAWS:>9.1%} {plain_hits / DRAWS:>9.1%}"
    print(f"{pool.name:<12} {gold:>14} {shares} {bias:>+7.2f} {worth:>6.2f}")


def f1(total: Counts) -> float:
    """Micro F1, in [0, 1]."""
    return 2 * total.tp / (2 * total.tp + total.fp + total.fn)


def recorded(data: Path) -> Pool:
    """The vote of four prompts."""
    golds, views = prompts(data, Vocab())
    results = [NER.combine(said, HALF) for said in views]
    return Pool(
        "GPT-3.5",
        [micro(NER.counts(NER.read(doc), one.annotation)) for doc, one in zip(golds, results, strict=True)],
        [expect(one.annotation, one.shares) for one in results],
        [article_id(doc) or "" for doc in golds],
    )


def made_up(documents: int, article: int, drawn: random.Random) -> Pool:
    """Articles of varying difficulty; most sentences have no error, a few have many."""
    counts, expected, articles = [], [], []
    for i in range(documents):
        if i % article == 0:
            skill = drawn.betavariate(8, 2)
        items = min(int(drawn.paretovariate(1.2)) - 1, 15)
        right = sum(drawn.random() < skill for _ in range(items))
        false = sum(drawn.random() < (1 - skill) / 2 for _ in range(items + 1))
        counts.append(Counts(right, false, items - right))
        sure = drawn.uniform(0.6, 1.0)
        expected.append(Expected(sure * (right + false), (1 - sure) * (right + false), 0.5 * (items - right)))
        articles.append(f"article {i // article}")
    return Pool("made up", counts, expected, articles)


def nearly_right(documents: int, drawn: random.Random) -> Pool:
    """Sentences whose every item has the same small chance to be wrong, and votes that mostly agree."""
    counts, expected = [], []
    for _ in range(documents):
        wrong = [drawn.random() < 0.02 for _ in range(drawn.randint(0, 3))]
        shares = [drawn.choices((1, 0.75, 0.5), (3, 4, 3) if one else (17, 2, 1))[0] for one in wrong]
        counts.append(Counts(len(wrong) - sum(wrong), sum(wrong), sum(wrong)))
        expected.append(Expected(sum(shares), len(shares) - sum(shares), len(shares) - sum(shares)))
    return Pool("nearly right", counts, expected, [f"article {i // 15}" for i in range(documents)])


if __name__ == "__main__":
    main(data_folder(__doc__))
