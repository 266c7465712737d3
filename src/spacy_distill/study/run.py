"""One run of a study: train, save, load afresh, score."""

import contextlib
import filecmp
import itertools
import json
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.provenance import article_id
from ..corpus.scores import Counts
from ..engines.engine import JobResult
from ..tasks.base import Annotation, Task, find_task
from .corpora import doc_key

if TYPE_CHECKING:
    from confection import Config

# The files of a run's folder.
CONFIG = "config.cfg"
LOG = "log.txt"
SCORES = "scores.json"
RECORD = "run.json"
PREDICTIONS = "predictions.jsonl"
LAST = "model-last"
BEST = "model-best"
# What spaCy notes of a pipeline beside what it consists of.
META = "meta.json"

SEEN = "seen"
# Documents that are predicted at a time, so that memory does not grow with the corpus.
BATCH = 64

LabelCounts = dict[str, list[int]]


@dataclass(frozen=True)
class TrainingJob:
    """One training, complete: a worker needs nothing else, and writes only into its folder.

    name: the run, for people.
    config: the training config; variables are kept.
    paths: files and folders by the name that the config's [paths] give them.
    scored: corpora to score on, by name.
    task: name of the task whose annotation is scored.
    record: what the run is: goes into its `run.json`.
    keep: which models stay: "all", "last" or "none".
    score_best: whether model-best is scored as well.
    gpu: GPU to use, -1 for the CPU.
    """

    name: str
    config: str
    paths: dict[str, str]
    scored: dict[str, str]
    task: str = "ner"
    record: dict[str, Any] = field(default_factory=dict)
    keep: str = "last"
    score_best: bool = True
    gpu: int = -1

    def files(self) -> list[str]:
        """All files and folders that the training and the scoring read."""
        return sorted({*self.paths.values(), *self.scored.values()})

    def moved(self, places: Mapping[str, str]) -> Self:
        """The same training with its files elsewhere."""
        return replace(
            self,
            paths={name: places[path] for name, path in self.paths.items()},
            scored={name: places[path] for name, path in self.scored.items()},
        )

    def training_config(self) -> "Config":
        """The training config, variables kept, with the job's own paths in it."""
        from confection import Config

        overrides: dict[str, Any] = {f"paths.{name}": path for name, path in self.paths.items()}
        return Config().from_str(self.config, interpolate=False, overrides=overrides)


def carry_out(job: TrainingJob, folder: Path) -> JobResult:
    """Carry out one job in this process: what an engine's worker does.

    folder: where its results go: config, log, blend.jsonl, scores.json, run.json, models.
    """
    folder.mkdir(parents=True)
    try:
        train_and_score(job, folder)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a training dies of is recorded, and the other runs go on
        return JobResult(traceback.format_exc())
    return JobResult()


def train_and_score(job: TrainingJob, folder: Path) -> None:
    """Train and score one run into an empty folder."""
    with (
        (folder / LOG).open("w", encoding="utf8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        started = time.monotonic()
        config = job.training_config()
        (folder / CONFIG).write_text(job.config, encoding="utf8")
        _train(config, folder, job.gpu, log)
        trained = time.monotonic()
        models = {"last": folder / LAST, **({"best": folder / BEST} if job.score_best else {})}
        sets = {name: Path(path) for name, path in job.scored.items()}
        scores = score_models(find_task(job.task), models, sets, Path(job.paths["gold"]), folder)
        seconds = {"train": trained - started, "score": time.monotonic() - trained}
    for name, kept in ((LAST, job.keep != "none"), (BEST, job.keep == "all")):
        if not kept:
            shutil.rmtree(folder / name, ignore_errors=True)
    srsly.write_json(folder / RECORD, {**job.record, "seconds": seconds, "versions": _versions()})
    srsly.write_json(folder / SCORES, scores, indent=0)


def _train(config: "Config", folder: Path, gpu: int, log: IO[str]) -> None:
    import torch
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train
    from thinc.api import require_gpu

    torch.set_num_threads(1)
    if gpu >= 0:
        require_gpu(gpu)
    nlp = init_nlp(config, use_gpu=gpu)
    train(nlp, folder, use_gpu=gpu, stdout=log, stderr=log)


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0]}
    for name in ("spacy-distill", "spacy", "thinc", "torch", "spacy-transformers", "transformers", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def score_models(
    task: Task, models: Mapping[str, Path], sets: Mapping[str, Path], gold: Path, out: Path
) -> dict[str, Any]:
    """Load pipelines from disk and score each on each corpus.

    task: what the annotation is.
    models: the pipelines; what "last" predicts is written to `predictions.jsonl`.
    sets: corpora with gold labels.
    gold: the gold training data: an item is seen if its text is that of one there.
    out: folder to write to.
    RETURNS: by corpus the rows of its documents: "id", "document", and by model the counts (true positives,
        false positives, false negatives) per label, of all items and of the seen ones.
    """
    known = {task.text(doc, item) for doc in read_docs(gold, Vocab()) for item in task.read(doc).items}
    scores: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    same = equal_pipelines(models)
    with (out / PREDICTIONS).open("w", encoding="utf8") as stream:
        for model, place in models.items():
            if model in same:
                for row in itertools.chain(*scores.values()):
                    row[model], row[f"{model}_{SEEN}"] = row[same[model]], row[f"{same[model]}_{SEEN}"]
                continue
            nlp = spacy.load(place)
            for name, path in sets.items():
                for i, (reference, doc) in enumerate(_predict(nlp, read_docs(path, nlp.vocab))):
                    if i == len(scores[name]):
                        scores[name].append({"id": doc_key(reference, i), "document": article_id(reference)})
                    row, found = scores[name][i], task.read(doc)
                    if model == "last" and found.items:
                        spans = task.to_characters(doc, found)
                        stream.write(json.dumps({"set": name, "id": row["id"], "spans": spans}) + "\n")
                    row[model], row[f"{model}_{SEEN}"] = count_items(task, reference, doc, known)
    return {"sets": scores}


def equal_pipelines(models: Mapping[str, Path]) -> dict[str, str]:
    """Which pipelines are the same as one before them, file by file; such a one need not be run again."""
    same: dict[str, str] = {}
    for one, other in itertools.combinations(models, 2):
        if other not in same and _same_files(models[one], models[other]):
            same[other] = one
    return same


def _same_files(one: Path, other: Path) -> bool:
    names = _files(one)
    return names == _files(other) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def _files(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != META)


def _predict(nlp: Language, references: Iterable[Doc]) -> Iterator[tuple[Doc, Doc]]:
    """Pairs of a document with gold labels and the pipeline's own, made from the text alone."""
    pairs = ((nlp.make_doc(doc.text), doc) for doc in references if len(doc))
    for found, reference in nlp.pipe(pairs, as_tuples=True, batch_size=BATCH):
        yield reference, found


def count_items(task: Task, reference: Doc, doc: Doc, known: set[str]) -> tuple[LabelCounts, LabelCounts]:
    """Counts of one document per label: of all items, and of those whose text is among some known ones.

    The text of an item is that of the reference's places, whatever the tokens of who found it.
    """
    gold = task.read(reference)
    found = task.project(task.read(doc), doc, reference)

    def only_known(annotation: Annotation) -> Annotation:
        return annotation._replace(
            items=tuple(item for item in annotation.items if task.text(reference, item) in known)
        )

    return _plain(task.counts(gold, found)), _plain(task.counts(only_known(gold), only_known(found)))


def _plain(counts: Mapping[str, Counts]) -> LabelCounts:
    return {label: list(counts[label]) for label in sorted(counts)}
