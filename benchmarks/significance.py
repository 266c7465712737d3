"""How often a study claims a difference between two arms that are equally good: it should be about 5 in 100.

Counts of two arms are made up: articles and seeds differ in how well they go, also differently for each arm,
but over all articles and seeds neither arm is better. `difference` then compares them as a study does.

    python benchmarks/significance.py [--simulations 2000]
"""

import argparse

import numpy as np

from spacy_distill.study.statistics import ALPHA, ArmCounts, Resampler, difference

ENTITIES = 16  # Of an article, on average.
LABELS = ("LOC", "MISC", "ORG", "PER")
RECALL = 0.83
# Standard deviations of logits: of an article in both arms; below, of an article in one arm, and of a seed.
ARTICLE = 0.7
CASES = {
    "seeds vary": (0.0, 0.12),
    "articles vary": (0.35, 0.0),
    "both vary alike": (0.35, 0.12),
    "neither varies beyond chance": (0.0, 0.0),
}
SIZES = ((10, 20), (10, 100), (10, 231), (20, 100))


def make_arm(
    rng: np.random.Generator, common: np.ndarray, spread: float, seed_spread: float, seeds: int
) -> ArmCounts:
    """Counts of one arm: true positives, false positives and false negatives by seed, article and label."""
    articles, labels = common.shape
    logit = np.log(RECALL / (1 - RECALL)) + common.mean(axis=1)
    logit = logit + rng.normal(0, spread, articles) + rng.normal(0, seed_spread, (seeds, 1))
    chance = np.repeat((1 / (1 + np.exp(-logit)))[..., None], labels, axis=2)
    gold = np.broadcast_to(common_entities(common), chance.shape)
    tp = rng.binomial(gold, chance)
    fp = rng.binomial(gold, 1 - chance)
    table = np.stack([tp, fp, gold - tp], axis=-1).astype(float)
    return ArmCounts(tuple(map(str, range(articles))), LABELS, tuple(range(seeds)), table)


def common_entities(common: np.ndarray) -> np.ndarray:
    """How many entities of each label an article has: the same in both arms."""
    rng = np.random.default_rng(abs(int(common.sum() * 1e6)))
    sizes = rng.gamma(1.5, ENTITIES / 1.5 / len(LABELS), size=(common.shape[0], 1))
    return rng.poisson(np.repeat(sizes, common.shape[1], axis=1))


def false_positives(case: tuple[float, float], seeds: int, articles: int, simulations: int) -> float:
    """The share of simulations in which two equal arms differ with p below 0.05."""
    rng = np.random.default_rng(seeds * 1000 + articles)
    resampler = Resampler(500)
    found = 0
    for _ in range(simulations):
        common = rng.normal(0, ARTICLE, (articles, 1)).repeat(len(LABELS), axis=1)
        first, second = (make_arm(rng, common, *case, seeds) for _ in range(2))
        compared = difference(first, second, resampler)
        found += compared is not None and compared["p"] is not None and compared["p"] < ALPHA
    return found / simulations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    simulations = parser.parse_args().simulations
    error = 1.96 * (ALPHA * (1 - ALPHA) / simulations) ** 0.5
    print(f"{simulations} simulations each; chance alone moves a rate of 5 % by {100 * error:.1f} points")
    print(f"{'':30}" + "".join(f"{f'{seeds} seeds, {articles} articles':>24}" for seeds, articles in SIZES))
    for name, case in CASES.items():
        rates = [false_positives(case, seeds, articles, simulations) for seeds, articles in SIZES]
        print(f"{name:30}" + "".join(f"{100 * rate:23.1f}%" for rate in rates), flush=True)


if __name__ == "__main__":
    main()
