"""How far scores of a single pipeline's entities can be believed: beam, Monte Carlo dropout, none at all.

MODEL is a trained pipeline with `transformer` and `ner`. A score belongs to an entity that it predicts
greedily.

- beam: the share of the parses in spaCy's beam, by their probability, that have the entity.
- dropout: the share of passes with dropout in the encoder that predict it.

Printed is the expected calibration error (ECE) on test in points, of the score as it is and of the chance
that isotonic regression makes of it on 100 sentences of dev (mean of ten draws), and how often a right entity
has a higher score than a wrong one (AUC).

python benchmarks/confidence.py MODEL DEV.spacy TEST.spacy
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from labels import NER
from spacy_distill import Item
from spacy_distill.corpus.docbin import read_docs
from spacy_distill.labels.confidence import Rated, calibrate, calibration_error, rate

DRAWS, SENTENCES, BATCH = 10, 100, 32
Score = Callable[[Language, list[Doc]], list[Counter[Item]]]


def main(model: Path, dev: Path, test: Path) -> None:
    """Print the table."""
    nlp = spacy.load(model)
    corpora = [list(read_docs(path, nlp.vocab)) for path in (dev, test)]
    methods: dict[str, Score] = {"none: 1 for each": certain}
    methods |= {f"beam of {width}": beam(width, 0.0) for width in (4, 16)}
    methods["beam of 16, density 0.001"] = beam(16, 0.001)
    methods |= {f"dropout, {number} passes": dropout(number) for number in (5, 10)}
    print(f"{'score':<26} {'ECE':>6} {'on dev':>7} {'AUC':>6} {'seconds':>8}")
    for name, method in methods.items():
        began = time.process_time()
        (on_dev, _), (on_test, spent) = (rated(nlp, docs, method) for docs in corpora)
        spent = time.process_time() - began
        flat = [one for some in on_test for one in some]
        learned = []
        for seed in range(DRAWS):
            chance = calibrate(one for some in random.Random(seed).sample(on_dev, SENTENCES) for one in some)
            learned.append(calibration_error([Rated(chance(one.score), one.right) for one in flat]) or 0.0)
        plain = 100 * (calibration_error(flat) or 0.0)
        print(f"{name:<26} {plain:>6.1f} {100 * fmean(learned):>7.1f} {auc(flat):>6.2f} {spent:>8.0f}")


def rated(nlp: Language, docs: Sequence[Doc], method: Score) -> tuple[list[list[Rated]], float]:
    """The entities of each document with their scores, and the seconds that these took."""
    found: list[list[Rated]] = []
    seconds = 0.0
    for start in range(0, len(docs), BATCH):
        golds = docs[start : start + BATCH]
        bare = [Doc(nlp.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in golds]
        predicted = [NER.read(doc) for doc in nlp.pipe(bare)]
        began = time.process_time()
        scores = method(nlp, bare)
        seconds += time.process_time() - began
        for gold, said, score in zip(golds, predicted, scores, strict=True):
            # A score of 0 is no share of a vote; it is the lowest there is.
            shares = {item: min(1.0, max(score[item], 1e-6)) for item in said.items}
            found.append(rate(NER.read(gold), shares))
    return found, seconds


def certain(nlp: Language, docs: list[Doc]) -> list[Counter[Item]]:
    """No score: each entity counts as certain."""
    return [Counter(dict.fromkeys(NER.read(doc).items, 1.0)) for doc in docs]


def beam(width: int, density: float) -> Score:
    """The probability of an entity among the parses of a beam."""

    def score(nlp: Language, docs: list[Doc]) -> list[Counter[Item]]:
        ner, transformer = pipes(nlp)
        # The beam reads what the transformer wrote into the documents.
        transformer.set_annotations(docs, transformer.predict(docs))
        forget(docs)
        found = ner.scored_ents(ner.beam_parse(docs, beam_width=width, beam_density=density))
        return [Counter({Item(*key): value for key, value in one.items()}) for one in found]

    return score


def dropout(passes: int) -> Score:
    """The share of passes with dropout in the encoder that predict an entity."""

    def score(nlp: Language, docs: list[Doc]) -> list[Counter[Item]]:
        ner, transformer = pipes(nlp)
        found: list[Counter[Item]] = [Counter() for _ in docs]
        for _ in range(passes):
            transformer.set_annotations(docs, transformer.model.begin_update(docs)[0])
            forget(docs)
            ner.set_annotations(docs, ner.predict(docs))
            for doc, counter in zip(docs, found, strict=True):
                counter.update(dict.fromkeys(NER.read(doc).items, 1.0 / passes))
        return found

    return score


def pipes(nlp: Language) -> tuple[Any, Any]:
    """The parser of entities, and the transformer."""
    return nlp.get_pipe("ner"), nlp.get_pipe("transformer")


def forget(docs: list[Doc]) -> None:
    """Take the entities away: `ner` would keep them."""
    for doc in docs:
        doc.set_ents([], default="missing")


def auc(items: Sequence[Rated]) -> float:
    """How often a right item has a higher score than a wrong one; equal ones count half."""
    right = [one.score for one in items if one.right]
    wrong = [one.score for one in items if not one.right]
    pairs = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return pairs / (len(right) * len(wrong)) if right and wrong else float("nan")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
