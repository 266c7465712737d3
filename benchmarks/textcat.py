"""What two plain methods make of the labels of a study of classes: its own corpora, on its test corpus.

    python benchmarks/textcat.py studies/bbc_topics [--encoder assets/encoder] [--json FILE]

TF-IDF (words and pairs of words) and logistic regression; and, with --encoder, the mean of MiniLM's vectors
and logistic regression. Both on the study's gold subsets, on its answers, and on both, gold weighing as much
as the answers. Needs scikit-learn: pip install '.[benchmarks]'.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from spacy.vocab import Vocab

from spacy_distill import read_docs
from spacy_distill.tasks.base import find_task

Texts = list[tuple[str, str]]
Vectors = Callable[[Sequence[str], Sequence[str]], tuple[Any, Any]]
TASK = find_task("textcat")


def read(path: Path) -> Texts:
    """Text and class of each document that has one."""
    docs = [(doc.text, TASK.read(doc).items) for doc in read_docs(path, Vocab())]
    return [(text, items[0].label) for text, items in docs if items]


def tfidf(train: Sequence[str], test: Sequence[str]) -> tuple[Any, Any]:
    """Weights of words and pairs of words."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), stop_words="english")
    return vectorizer.fit_transform(train), vectorizer.transform(test)


def embeddings(encoder: Path) -> Vectors:
    """Mean-pooled vectors of an encoder, computed once for each text."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder)
    known: dict[str, Any] = {}

    def vector(text: str) -> Any:
        if text not in known:
            batch = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
            with torch.inference_mode():
                mean = model(**batch).last_hidden_state.mean(dim=1)[0].numpy()
            known[text] = mean / np.linalg.norm(mean)
        return known[text]

    return lambda train, test: (np.stack([vector(t) for t in train]), np.stack([vector(t) for t in test]))


def accuracy(train: Texts, weights: Sequence[float], test: Texts, vectors: Vectors) -> float:
    """The share of the test's documents that a logistic regression gets right."""
    x, held = vectors([text for text, _ in train], [text for text, _ in test])
    y = [label for _, label in train]
    if len(set(y)) == 1:
        return fmean(label == y[0] for _, label in test)
    found = LogisticRegression(C=10, max_iter=1000).fit(x, y, sample_weight=weights).predict(held)
    return fmean(label == right for label, (_, right) in zip(found, test, strict=True))


def main() -> None:
    """Print the accuracies, mean and standard deviation over the seeds."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("study", type=Path)
    arguments.add_argument("--encoder", type=Path)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    corpora = given.study / "corpora"
    test = read(Path(json.loads((given.study / "data.json").read_text())["test"]["path"]))
    pools = {path.stem: read(path) for path in sorted((corpora / "distilled").glob("*.spacy"))}
    methods: dict[str, Vectors] = {"tf-idf": tfidf}
    if given.encoder:
        methods["minilm"] = embeddings(given.encoder)
    found: dict[str, list[float]] = defaultdict(list)
    for method, vectors in methods.items():
        for name, answers in pools.items():
            found[f"{method}, {name}"].append(accuracy(answers, [1.0] * len(answers), test, vectors))
        for folder in sorted(corpora.glob("gold-*"), key=lambda place: int(place.name.partition("-")[2])):
            for path in sorted(folder.glob("*.spacy")):
                gold = read(path)
                found[f"{method}, {folder.name}"].append(accuracy(gold, [1.0] * len(gold), test, vectors))
                for name, answers in pools.items():
                    weights = [len(answers) / len(gold)] * len(gold) + [1.0] * len(answers)
                    both = accuracy(gold + answers, weights, test, vectors)
                    found[f"{method}, {folder.name} and {name}"].append(both)
    for name, values in found.items():
        spread = f" ± {stdev(values):.3f} ({len(values)})" if len(values) > 1 else ""
        print(f"{name:32} {fmean(values):.3f}{spread}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
