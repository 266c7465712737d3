"""What a cascade's labels are worth: the teacher for the most disputed part of a pool, students for the rest.

The committee are students of the same 500 gold sentences: all runs of gold alone in FOLDER's studies, of 600
and 1,200 steps at rates up to 2e-4. They never saw the teacher. Intervals are 95 % bootstrap intervals over
articles.

python benchmarks/cascade.py FOLDER [SEEDS]

SEEDS: draws of the gold sentences, for instance 0,1,2,3,4. The last table is their mean, with intervals
for other draws and other articles (`spacy_distill.study.statistics.t_test`).

FOLDER has `corpus/conll` and `studies`, as configs/study_budget.cfg and configs/study_main_testb.cfg read and
write them; gold that has fewer than three students is left out.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab

from labels import NER
from review import HALF, RESAMPLES, interval
from spacy_distill import Annotation, Item, article_id, doc_id
from spacy_distill.corpus.docbin import read_docs
from spacy_distill.labels.select import SpendingLimit, by_value, choose, word_count
from spacy_distill.labels.voters import disagreement
from spacy_distill.study.lineage import read_predictions
from spacy_distill.study.statistics import t_test
from spacy_distill.tasks.scores import micro

RUNS = "studies/*/minilm/gold/steps-*-rate-*/gold-500/seed-*/predictions.jsonl.gz"
SHARES = (0.05, 0.1, 0.2, 0.4)
DRAWS = 10
LEAST = 3


def main(folder: Path, only: set[int]) -> None:
    """Print a table for each draw of gold sentences, and one of all.

    only: the seeds of the draws; empty for all.
    """
    corpora = folder / "corpus/conll"
    gold = {doc_id(doc): doc for doc in read_docs(corpora / "pool.spacy", Vocab())}
    docs = list(gold.values())
    teacher = [NER.read(doc) for doc in read_docs(corpora / "pool_cot.spacy", Vocab())]
    score = scorer(docs)
    asked = score(teacher)
    words = [word_count(doc) for doc in docs]
    print(f"{len(docs):,} sentences, {sum(words):,} words; the teacher for all: F1 {interval(asked)}")
    found = {seed: some for seed, some in sorted(members(folder).items()) if not only or seed in only}
    gains: dict[float, list[np.ndarray]] = {share: [] for share in (0.0, *SHARES)}
    controls: dict[float, list[np.ndarray]] = {share: [] for share in SHARES}
    for seed, places in found.items():
        said = [list(some) for some in zip(*(predictions(place, gold) for place in places), strict=True)]
        voted = [NER.combine(some, HALF).annotation for some in said]
        alone = score(voted)
        print(f"\ngold of seed {seed}, {len(places)} students; their vote for all: F1 {interval(alone)}")
        print(f"{'asked':>6} {'most disputed':>22} {'− teacher for all':>22} {'at random':>22}")
        values = [disagreement(some, [1.0] * len(some)) for some in said]
        share = sum(n for n, value in zip(words, values, strict=True) if value) / sum(words)
        print(f"{share:.0%} of the words are in sentences that some of them dispute")
        gains[0.0].append(alone - asked)
        for share in SHARES:
            limit = SpendingLimit(int(share * sum(words)), "words")
            disputed = score(cascade(docs, values, words, limit, teacher, voted))
            # Where each word is worth the same, chance decides.
            control = (
                score(cascade(docs, list(map(float, words)), words, limit, teacher, voted, draw))
                for draw in range(DRAWS)
            )
            drawn = np.mean(list(control), axis=0)
            columns = " ".join(f"{interval(one):>22}" for one in (disputed, disputed - asked, drawn))
            print(f"{share:>6.0%} {columns}")
            gains[share].append(disputed - asked)
            controls[share].append(disputed - drawn)
    articles = len({article_id(doc) for doc in docs})
    print(f"\n{len(found)} draws: mean\n{'asked':>6} {'− teacher for all':>22} {'− at random':>22}")
    for share, by_draw in gains.items():
        columns = " ".join(f"{over_draws(some, articles):>22}" for some in (by_draw, controls.get(share, [])))
        print(f"{share:>6.0%} {columns}")


def over_draws(by_draw: list[np.ndarray], articles: int) -> str:
    """The mean over draws of a value and its resamples, with an interval."""
    if not by_draw:
        return "–"
    values = np.array(by_draw).T
    low, high, _ = t_test(values[0], values[1:], articles)
    return f"{values[0].mean():+.1f}" + ("" if low is None else f" ({low:.1f} to {high:.1f})")


def cascade(
    docs: list[Doc],
    values: list[float],
    words: list[int],
    limit: SpendingLimit,
    teacher: list[Annotation],
    voted: list[Annotation],
    draw: int = 0,
) -> list[Annotation]:
    """The teacher's labels where a word is worth most, as far as the budget goes, and else the vote.

    values: what asking about each sentence is worth; where it is nothing, the teacher is not asked.
    """
    order = [i for i in by_value(values, words, draw) if values[i] > 0]
    chosen = set(choose(docs, order, words, limit, repeats=True).chosen)
    return [teacher[i] if i in chosen else voted[i] for i in range(len(docs))]


def members(folder: Path) -> dict[int, list[Path]]:
    """The students of each seed: what they predict."""
    found: dict[int, list[Path]] = {}
    for place in sorted(folder.glob(RUNS)):
        steps, rate, seed = re.findall(r"steps-(\d+)-rate-([\d.e-]+)/gold-500/seed-(\d+)", str(place))[0]
        if int(steps) in (600, 1200) and float(rate) <= 2e-4:
            found.setdefault(int(seed), []).append(place)
    return {seed: places for seed, places in found.items() if len(places) >= LEAST}


def predictions(place: Path, gold: Mapping[str | None, Doc]) -> list[Annotation]:
    """What a student finds in each sentence of the pool, in the pool's tokens."""
    found = read_predictions(place, "pool") | read_predictions(place, "heldout")
    return [annotation(doc, found.get(name or "", [])) for name, doc in gold.items()]


def annotation(doc: Doc, found: list[tuple[int, int, str]]) -> Annotation:
    """Spans by characters as items; one that ends within a word has the whole word."""
    spans = [doc.char_span(start, end, label, alignment_mode="expand") for start, end, label in found]
    return Annotation(len(doc), tuple(Item(span.start, span.end, span.label_) for span in spans if span))


def scorer(docs: list[Doc]) -> Callable[[list[Annotation]], np.ndarray]:
    """A function that gives F1 of labels on the pool, and on each resample of its articles."""
    right = [NER.read(doc) for doc in docs]
    ids = [article_id(doc) for doc in docs]
    articles = {name: n for n, name in enumerate(dict.fromkeys(ids))}
    places = np.array([articles[id] for id in ids])
    drawn = np.random.default_rng(0).integers(len(articles), size=(RESAMPLES, len(articles)))
    drawn = np.vstack([np.arange(len(articles)), drawn])

    def score(labels: list[Annotation]) -> np.ndarray:
        by_article = np.zeros((len(articles), 3))
        counts = [micro(NER.counts(gold, found)) for gold, found in zip(right, labels, strict=True)]
        np.add.at(by_article, places, np.array(counts))
        tp, fp, fn = by_article[drawn].sum(axis=1).T
        return np.asarray(200 * tp / (2 * tp + fp + fn))

    return score


if __name__ == "__main__":
    main(Path(sys.argv[1]), {int(seed) for seed in "".join(sys.argv[2:]).split(",") if seed})
