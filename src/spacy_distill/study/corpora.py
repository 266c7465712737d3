"""The corpora that runs read: gold subsets by seed, the pool without its held-out part, the oracle's."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, shard_paths, write_docs
from ..corpus.provenance import article_id, doc_id
from ..errors import DistillError
from .config import Run, Study

# Which articles of the pool are held out depends on nothing but the articles and this number.
HELDOUT_SEED = 0
HELDOUT_FILE = Path("heldout.spacy")


@dataclass
class Inputs:
    """Prepared corpora, by what they are for.

    gold: Gold subset by (size, seed).
    gold_all: The whole gold corpus: labels are counted from it.
    distilled: Distilled corpora by name of the labels and part, held-out articles left out.
    oracle: The pool with its gold labels, held-out articles left out.
    heldout: The held-out part of the pool with gold labels.
    heldout_teachers: The same sentences with the labels of each name.
    dev, test (Path), tests (dict): Corpora to score on.
    """

    gold_all: Path
    dev: Path
    test: Path
    tests: dict[str, Path]
    gold: dict[tuple[int, int], Path] = field(default_factory=dict)
    distilled: dict[str, dict[str, Path]] = field(default_factory=dict)
    oracle: Path | None = None
    heldout: Path | None = None
    heldout_teachers: dict[str, Path] = field(default_factory=dict)
    sizes: dict[Path, int] = field(default_factory=dict)


def prepare(study: Study, runs: Iterable[Run], folder: Path) -> Inputs:
    """Write the corpora of a study.

    study: The study.
    runs: The runs that will read them.
    folder: Where to write them.
    RETURNS: The corpora.
    RAISES DistillError: If a corpus cannot be read, or has too few documents, no labels or no article ids.
    """
    sources = study.corpora
    inputs = Inputs(
        gold_all=Path(sources.gold),
        dev=Path(sources.dev),
        test=Path(sources.test),
        tests={name: Path(path) for name, path in study.tests.items()},
    )
    shard_paths(inputs.gold_all)
    for path in (inputs.dev, inputs.test, *inputs.tests.values()):
        if not any(True for _ in _labelled(read_docs(path, Vocab()))):
            raise DistillError(
                f"{path} has no document with labels: it can judge nothing. Import it with its gold labels "
                "(`spacy distill import --format conll`); a document without an entity needs them too, all O."
            )
    runs = list(runs)
    _write_gold(inputs, {(run.arm.gold_size, run.seed) for run in runs}, folder)
    held = _heldout_articles(study)
    if sources.pool:
        pool = _labelled(read_docs(Path(sources.pool), Vocab()))
        inputs.oracle = _write(inputs, (doc for doc in pool if not _in(doc, held)), folder / "oracle.spacy")
    if sources.pool and held:
        pool = _labelled(read_docs(Path(sources.pool), Vocab()))
        inputs.heldout = _write(inputs, (doc for doc in pool if _in(doc, held)), folder / HELDOUT_FILE)
    for labels, parts in _wanted_labels(study, runs).items():
        _write_distilled(inputs, labels, parts, held, folder)
    return inputs


def _write_gold(inputs: Inputs, wanted: set[tuple[int, int]], folder: Path) -> None:
    docs = list(_labelled(read_docs(inputs.gold_all, Vocab())))
    for size, seed in sorted(wanted):
        if size > len(docs):
            raise DistillError(
                f"gold_sizes asks for {size} documents, but {inputs.gold_all} has {len(docs)} with labels. "
                "Make the size smaller, or 0 for all of them."
            )
        chosen = nested_sample(len(docs), size or len(docs), seed)
        place = folder / f"gold-{size or 'all'}" / f"seed-{seed}.spacy"
        inputs.gold[size, seed] = _write(inputs, (docs[i] for i in chosen), place)


def nested_sample(total: int, size: int, seed: int) -> list[int]:
    """Positions of a sample; a smaller sample of the same seed is the beginning of a larger one.

    RETURNS: `size` different positions below `total`.
    """
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return order[:size]


def _wanted_labels(study: Study, runs: Iterable[Run]) -> dict[str, dict[str, Path]]:
    """The distilled corpora of all variants for the seeds of some runs, by name of the labels and part."""
    variants = dict.fromkeys(v for grid in study.all_grids().values() for v in grid.variants or [])
    return {
        study.labels_of(variant, seed): study.sources_of(variant, seed)
        for variant in variants
        for seed in sorted({run.seed for run in runs})
    }


def _write_distilled(
    inputs: Inputs, labels: str, parts: dict[str, Path], held: set[str], folder: Path
) -> None:
    inputs.distilled[labels] = {
        part: _write(
            inputs,
            (doc for doc in _labelled(read_docs(path, Vocab())) if not _in(doc, held)),
            folder / "distilled" / f"{'-'.join(filter(None, (labels, part)))}.spacy",
        )
        for part, path in parts.items()
    }
    if held:
        docs = (doc for path in parts.values() for doc in read_docs(path, Vocab()) if _in(doc, held))
        inputs.heldout_teachers[labels] = _write(inputs, docs, folder / heldout_teacher(labels))


def heldout_teacher(labels: str) -> Path:
    """Where, in the folder of corpora, labels of the held-out part are, by their name."""
    return Path("heldout", f"{labels}.spacy")


def _heldout_articles(study: Study) -> set[str]:
    if not (study.heldout and study.corpora.pool):
        return set()
    docs = read_docs(Path(study.corpora.pool), Vocab())
    articles = sorted({article for doc in docs if (article := article_id(doc)) is not None})
    if not articles:
        raise DistillError(
            f"heldout = {study.heldout}: the documents of {study.corpora.pool} name no article. "
            "Make the corpus with `spacy distill import`, or set heldout = 0."
        )
    random.Random(HELDOUT_SEED).shuffle(articles)
    return set(articles[: max(1, round(study.heldout * len(articles)))])


def _labelled(docs: Iterable[Doc]) -> Iterable[Doc]:
    return (doc for doc in docs if len(doc) and doc.has_annotation("ENT_IOB"))


def _in(doc: Doc, articles: set[str]) -> bool:
    return article_id(doc) in articles


def _write(inputs: Inputs, docs: Iterable[Doc], path: Path) -> Path:
    count = write_docs(docs, path)
    if not count:
        raise DistillError(f"No document is left for {path}: its source has no document with labels.")
    inputs.sizes[path] = count
    return path


def doc_key(doc: Doc, position: int) -> str:
    """The document's own id, or its position in its corpus where it has none."""
    return doc_id(doc) or f"#{position}"
