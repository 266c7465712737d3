"""What a person's time is worth: F1 of labels after N words became gold, chosen by disagreement or at random.

Gold stands for the person. The pool is the part of CoNLL-2003's eng.testb that four prompts to GPT-3.5 have
answers to; its labels are their vote. Intervals are 95 % bootstrap intervals over articles.

python benchmarks/review.py --data DIR
"""

from pathlib import Path

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab

from labels import NER, annotation
from parsing import read
from real_answers import CONLL, PROMPTS, conll_answers, data_folder, rows, with_tags
from spacy_distill import Annotation, VoteRule, article_id
from spacy_distill.labels.select import SpendingLimit, by_value, choose, word_count
from spacy_distill.labels.voters import disagreement
from spacy_distill.tasks.scores import micro

# Of the fourth prompt, without definitions of the labels, only its authors' own parse is known.
FOURTH = "result_CoNLL_pos_wo_defn.jsonl.gz"
WORDS = (1000, 2500, 5000, 10000)
SENTENCES = 250
SEEDS, RESAMPLES = 20, 1000
HALF = VoteRule("half", "O")


def main(data: Path) -> None:
    """Print the table."""
    golds, views = prompts(data, Vocab())
    ids = [article_id(doc) for doc in golds]
    articles = {name: n for n, name in enumerate(dict.fromkeys(ids))}
    words = [word_count(doc) for doc in golds]
    values = [disagreement(said, [1.0] * len(said)) for said in views]
    right = [NER.read(doc) for doc in golds]
    voted = [NER.combine(said, HALF).annotation for said in views]
    before = np.array([micro(NER.counts(gold, found)) for gold, found in zip(right, voted, strict=True)])
    after = np.array([micro(NER.counts(gold, gold)) for gold in right])
    drawn = np.random.default_rng(0).integers(len(articles), size=(RESAMPLES, len(articles)))
    drawn = np.vstack([np.arange(len(articles)), drawn])
    places = np.array([articles[id] for id in ids])

    def scores(chosen: list[int]) -> np.ndarray:
        """F1 on the pool and on each resample of its articles, once some documents are gold."""
        counts = before.copy()
        counts[chosen] = after[chosen]
        by_article = np.zeros((len(articles), 3))
        np.add.at(by_article, places, counts)
        tp, fp, fn = by_article[drawn].sum(axis=1).T
        return np.asarray(200 * tp / (2 * tp + fp + fn))

    print(f"{len(golds):,} sentences, {sum(words):,} words, {len(articles)} articles, four prompts")
    print(f"labels before: F1 {interval(scores([]))}")
    print(f"{'budget':>16} {'sentences':>10} {'by disagreement':>22} {'at random':>22} {'difference':>22}")
    limits = [*(SpendingLimit(amount, "words") for amount in WORDS), SpendingLimit(SENTENCES, "docs")]
    for limit in limits:
        costs = words if limit.unit == "words" else [1] * len(words)
        chosen = choose(golds, by_value(values, costs), costs, limit).chosen
        control = [
            scores(
                choose(golds, by_value([0.0] * len(words), costs, seed), costs, limit, repeats=True).chosen
            )
            for seed in range(SEEDS)
        ]
        disputed, random = scores(chosen), np.mean(control, axis=0)
        columns = " ".join(f"{interval(one):>22}" for one in (disputed, random, disputed - random))
        print(f"{limit!s:>16} {len(chosen):>10} {columns}")


def prompts(data: Path, vocab: Vocab) -> tuple[list[Doc], list[list[Annotation]]]:
    """The sentences that all prompts have an answer to, and what each says of them."""
    gold: dict[str, Doc] = {}
    said: dict[str, list[Annotation]] = {}
    for prompt in PROMPTS:
        for item in conll_answers(data, prompt, vocab):
            name = item.gold.user_data["distill"]["id"]
            gold[name] = item.gold
            found = read(item.answer, [token.text for token in item.gold], CONLL)
            said.setdefault(name, []).append(annotation(len(item.gold), found))
    by_words = {tuple(row["tokens"]): row["pred"] for row in rows(data / "gpt35_conll_testb" / FOURTH)}
    kept = []
    for name, doc in gold.items():
        tags = by_words.get(tuple(token.text for token in doc))
        if tags is not None and len(said[name]) == len(PROMPTS):
            said[name].append(NER.read(with_tags(doc, tags)))
            kept.append(name)
    return [gold[name] for name in kept], [[one for one in said[name] if one.usable] for name in kept]


def interval(values: np.ndarray) -> str:
    """A value, and its 95 % interval over the resamples behind it."""
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return f"{values[0]:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main(data_folder(__doc__ or ""))
