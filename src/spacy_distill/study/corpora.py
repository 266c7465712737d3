"""The corpora of a study: gold subsets by seed, the pool without its held-out part, the oracle's."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..blend.checks import unscorable
from ..corpus.docbin import content_digest, read_docs, shard_paths, write_docs
from ..corpus.duplicates import find_leaks
from ..corpus.provenance import article_id, doc_id
from ..errors import DistillError
from ..tasks.base import Task
from .config import DEV, ORACLE, POOL, Run, StudyConfig

# Which articles of the pool are held out depends on nothing but the articles and this number.
HELDOUT_SEED = 0
HELDOUT_FILE = Path("heldout.spacy")


@dataclass
class StudyCorpora:
    """Prepared corpora, by what they are for.

    gold_all: the whole gold corpus: labels are counted from it.
    dev: corpus that training looks at.
    scored: corpora to score on, by name: the test corpus, or dev where there is none, and further ones.
    gold: gold subset by (size, seed).
    distilled: distilled corpora by name of the labels and part, held-out articles left out.
    oracle: the pool with its gold labels, held-out articles left out.
    heldout: the held-out part of the pool with gold labels.
    heldout_teachers: the same sentences with the labels of each name.
    sizes: number of documents of each corpus that was written.
    """

    gold_all: Path
    dev: Path
    scored: dict[str, Path]
    gold: dict[tuple[int, int], Path] = field(default_factory=dict)
    distilled: dict[str, dict[str, Path]] = field(default_factory=dict)
    oracle: Path | None = None
    heldout: Path | None = None
    heldout_teachers: dict[str, Path] = field(default_factory=dict)
    sizes: dict[Path, int] = field(default_factory=dict)

    def pool(self, labels: str) -> dict[str, Path]:
        """The distilled documents without the held-out ones, by part; with gold labels where there are some.

        labels: whose labels are in them otherwise.
        """
        if self.oracle:
            return {POOL: self.oracle}
        parts = self.distilled.get(labels, {})
        return {" ".join(filter(None, (POOL, part))): path for part, path in parts.items()}

    def write(self, docs: Iterable[Doc], path: Path) -> Path:
        """Write a corpus and keep its size.

        RAISES DistillError: if there is no document.
        """
        self.sizes[path] = write_docs(docs, path)
        if not self.sizes[path]:
            raise DistillError(f"No document is left for {path}: its source has no document with labels.")
        return path


def prepare_corpora(study: StudyConfig, runs: Iterable[Run], folder: Path, task: Task) -> StudyCorpora:
    """Write the corpora of a study.

    study: the study.
    runs: the runs that will read them.
    folder: where to write them.
    task: what the annotation is.
    RAISES DistillError: if a corpus cannot be read, or has too few documents, no labels or no article ids.
    """
    sources = study.corpora
    corpora = StudyCorpora(
        gold_all=Path(sources.gold),
        dev=Path(sources.dev),
        scored={
            study.main_set: Path(sources.test or sources.dev),
            **{name: Path(path) for name, path in study.tests.items()},
        },
    )
    shard_paths(corpora.gold_all)
    known = _labels(task, corpora.gold_all)
    for path in (corpora.dev, *corpora.scored.values()):
        if any(True for _ in labelled(task, path)):
            if problem := unscorable(str(path), _labels(task, path), known):
                raise DistillError(problem)
        else:
            raise DistillError(
                f"{path} has no document with labels: nothing can be scored on it. Import it with its gold "
                "labels (`spacy-distill import --format conll`); a document without an entity needs them "
                "too, all O."
            )
    runs = list(runs)
    _write_gold(corpora, {(run.arm.gold_size, run.seed) for run in runs}, folder, task)
    heldout = _heldout_articles(study)
    if sources.pool:
        pool = (doc for doc in labelled(task, Path(sources.pool)) if article_id(doc) not in heldout)
        corpora.oracle = corpora.write(pool, folder / "oracle.spacy")
    if sources.pool and heldout:
        pool = (doc for doc in labelled(task, Path(sources.pool)) if article_id(doc) in heldout)
        corpora.heldout = corpora.write(pool, folder / HELDOUT_FILE)
    for labels, parts in _wanted_labels(study, runs).items():
        corpora.distilled[labels] = {}
        for part, path in parts.items():
            docs = (doc for doc in labelled(task, path) if article_id(doc) not in heldout)
            place = folder / "distilled" / f"{'-'.join(filter(None, (labels, part)))}.spacy"
            corpora.distilled[labels][part] = corpora.write(docs, place)
        if heldout:
            docs = (
                doc for p in parts.values() for doc in read_docs(p, Vocab()) if article_id(doc) in heldout
            )
            corpora.heldout_teachers[labels] = corpora.write(docs, folder / heldout_teacher(labels))
    return corpora


def labelled(task: Task, path: Path) -> Iterator[Doc]:
    """The documents of a corpus that have some annotation."""
    return (doc for doc in read_docs(path, Vocab()) if task.read(doc).usable)


def _labels(task: Task, path: Path) -> set[str]:
    return {item.label for doc in labelled(task, path) for item in task.read(doc).items}


def _write_gold(corpora: StudyCorpora, wanted: set[tuple[int, int]], folder: Path, task: Task) -> None:
    docs = list(labelled(task, corpora.gold_all))
    for size, seed in sorted(wanted):
        if size > len(docs):
            raise DistillError(
                f"gold_sizes asks for {size} documents, but {corpora.gold_all} has {len(docs)} with labels. "
                "Make the size smaller, or 0 for all of them."
            )
        chosen = nested_sample(len(docs), size or len(docs), seed)
        place = folder / f"gold-{size or 'all'}" / f"seed-{seed}.spacy"
        corpora.gold[size, seed] = corpora.write((docs[i] for i in chosen), place)


def nested_sample(total: int, size: int, seed: int) -> list[int]:
    """Positions of a sample; a smaller sample of the same seed is the beginning of a larger one.

    RETURNS: `size` different positions below `total`.
    """
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return order[:size]


def _wanted_labels(study: StudyConfig, runs: Iterable[Run]) -> dict[str, dict[str, Path]]:
    """The distilled corpora of all variants for the seeds of some runs, by name of the labels and part."""
    variants = dict.fromkeys(v for grid in study.all_grids().values() for v in grid.variants or [])
    seeds = sorted({run.seed for run in runs})
    return {study.labels_of(v, seed): study.teacher_paths(v, seed) for v in variants for seed in seeds}


def heldout_teacher(labels: str) -> Path:
    """Where, in the folder of corpora, labels of the held-out part are, by their name."""
    return Path("heldout", f"{labels}.spacy")


def _heldout_articles(study: StudyConfig) -> set[str | None]:
    if not (study.heldout and study.corpora.pool):
        return set()
    docs = read_docs(Path(study.corpora.pool), Vocab())
    articles = sorted({article for doc in docs if (article := article_id(doc)) is not None})
    if not articles:
        raise DistillError(
            f"heldout = {study.heldout}: the documents of {study.corpora.pool} name no article. "
            "Make the corpus with `spacy-distill import`, or set heldout = 0."
        )
    random.Random(HELDOUT_SEED).shuffle(articles)
    return set(articles[: max(1, round(study.heldout * len(articles)))])


def doc_key(doc: Doc, position: int) -> str:
    """The document's own id, or its position in its corpus where it has none."""
    return doc_id(doc) or f"#{position}"


def keyed_docs(path: Path) -> Iterator[tuple[str, Doc]]:
    """The documents of a corpus that are scored, those with a token, each with its key."""
    docs = (doc for doc in read_docs(path, Vocab()) if len(doc))
    return ((doc_key(doc, i), doc) for i, doc in enumerate(docs))


def describe_corpora(study: StudyConfig, corpora: StudyCorpora, task: Task) -> dict[str, Any]:
    """Describe the corpora of a study.

    RETURNS: by corpus: "path", "sha256", "documents", "articles", "tokens", "entities" by label; for those
        that students are trained on also "leaks": how many documents are in each test corpus, exactly,
        nearly, and short ones that recur by nature.
    """
    tests = {name: list(read_docs(path, Vocab())) for name, path in corpora.scored.items()}
    trained = {"gold": corpora.gold_all}
    for labels, parts in corpora.distilled.items():
        trained |= {corpus_name(labels, part): path for part, path in parts.items()}
    if corpora.oracle and any(ORACLE in (grid.regimens or []) for grid in study.all_grids().values()):
        trained[ORACLE] = corpora.oracle
    others = {DEV: corpora.dev, **({"held out": corpora.heldout} if corpora.heldout else {})}
    found = {}
    for name, path in (corpora.scored | others | trained).items():
        docs = list(read_docs(path, Vocab()))
        found[name] = _corpus_facts(path, docs, task)
        if name in trained:
            leaks = [find_leaks(docs, test_docs, test) for test, test_docs in tests.items()]
            found[name]["leaks"] = {
                leak.name: {"exact": leak.exact, "near": leak.near, "short": leak.short} for leak in leaks
            }
    return found


def _corpus_facts(path: Path, docs: list[Doc], task: Task) -> dict[str, Any]:
    items = Counter(item.label for doc in docs for item in task.read(doc).items)
    return {
        "path": str(path),
        "sha256": content_digest(path),
        "documents": len(docs),
        "articles": len({article_id(doc) or i for i, doc in enumerate(docs)}),
        "tokens": sum(map(len, docs)),
        "entities": dict(sorted(items.items())),
    }


def corpus_name(labels: str, part: str) -> str:
    """What a part of a teacher's labels is called in the description."""
    return " ".join(filter(None, (labels, part)))


def trained_on(study: StudyConfig, run: Run) -> list[str]:
    """What the corpora that a run was trained on are called in the description."""
    if run.arm.regimen == ORACLE:
        return ["gold", ORACLE]
    if not run.arm.variant:
        return ["gold"]
    parts = study.teacher_paths(run.arm.variant, run.seed)
    labels = study.labels_of(run.arm.variant, run.seed)
    return ["gold", *(corpus_name(labels, part) for part in parts)]
