"""One run of a study: train, save, load afresh, score."""

import contextlib
import filecmp
import itertools
import json
import platform
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Self

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.files import write_bytes
from ..corpus.provenance import article_id
from ..engines.engine import JobResult
from ..tasks.base import DEFAULT, Annotation, Task, find_task
from ..tasks.scores import Counts
from ..training.fast_encoder import precision_of
from .corpora import doc_key

if TYPE_CHECKING:
    from confection import Config

# The files of a run's folder.
CONFIG = "config.cfg"
LOG = "log.txt"
SCORES = "scores.json"
RECORD = "run.json"
PREDICTIONS = "predictions.jsonl.gz"
LAST = "model-last"
BEST = "model-best"
# What spaCy notes of a pipeline beside what it consists of.
META = "meta.json"

SEEN = "seen"
# Counts of model-last by character borders.
CHARACTERS = "last_characters"
# Documents that are predicted at a time, so that memory does not grow with the corpus.
BATCH = 64
# Documents among which those of one length are brought together.
WINDOW = 32 * BATCH

LabelCounts = dict[str, list[int]]


@dataclass(frozen=True)
class TrainingJob:
    """One training, complete: a worker needs nothing else, and writes only into its folder.

    name: the run, for people.
    config: the training config; variables are kept.
    paths: files and folders by the name that the config's [paths] give them.
    scored: corpora to score on, by name.
    predicted: further corpora of which the predictions are kept, by name.
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
    predicted: dict[str, str] = field(default_factory=dict)
    task: str = DEFAULT
    record: dict[str, Any] = field(default_factory=dict)
    keep: str = "last"
    score_best: bool = True
    gpu: int = -1

    def files(self) -> list[str]:
        """All files and folders that the training and the scoring read."""
        return sorted({*self.paths.values(), *self.scored.values(), *self.predicted.values()})

    def moved(self, places: Mapping[str, str]) -> Self:
        """The same training with its files elsewhere."""

        def move(named: dict[str, str]) -> dict[str, str]:
            return {name: places[path] for name, path in named.items()}

        return replace(self, paths=move(self.paths), scored=move(self.scored), predicted=move(self.predicted))

    def training_config(self) -> "Config":
        """The training config, variables kept, with the job's own paths in it."""
        from confection import Config

        overrides: dict[str, Any] = {f"paths.{name}": path for name, path in self.paths.items()}
        return Config().from_str(self.config, interpolate=False, overrides=overrides)


def train_job(job: TrainingJob, folder: Path) -> JobResult:
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
        config = job.training_config()
        (folder / CONFIG).write_text(job.config, encoding="utf8")
        seconds, machine = _train(config, folder, job.gpu, log)
        trained = time.monotonic()
        models = {"last": folder / LAST, **({"best": folder / BEST} if job.score_best else {})}
        scores = score_models(
            find_task(job.task), models, _paths(job.scored), Path(job.paths["gold"]), folder,
            predicted=_paths(job.predicted),
        )  # fmt: skip
        seconds["scoring"] = time.monotonic() - trained
    for name, kept in ((LAST, job.keep != "none"), (BEST, job.keep == "all")):
        if not kept:
            shutil.rmtree(folder / name, ignore_errors=True)
    made = {"seconds": seconds, "machine": machine, "versions": _versions()}
    srsly.write_json(folder / RECORD, {**job.record, **made})
    srsly.write_json(folder / SCORES, scores, indent=0)


def _paths(named: Mapping[str, str]) -> dict[str, Path]:
    return {name: Path(path) for name, path in named.items()}


def _train(config: "Config", folder: Path, gpu: int, log: IO[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Train a pipeline into a folder.

    RETURNS: the seconds that each part took, and the machine: see `machine_of`.
    """
    import torch
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train
    from thinc.api import require_gpu

    torch.set_num_threads(1)
    if gpu >= 0:
        require_gpu(gpu)
    started = time.monotonic()
    nlp = init_nlp(config, use_gpu=gpu)
    seconds = {"loading": time.monotonic() - started, "dev": 0.0, "saving": 0.0}
    for method, part in (("evaluate", "dev"), ("to_disk", "saving")):
        setattr(nlp, method, _timed(getattr(nlp, method), seconds, part))
    machine, started = machine_of(nlp, gpu), time.monotonic()
    train(nlp, folder, use_gpu=gpu, stdout=log, stderr=log)
    seconds["training"] = time.monotonic() - started - seconds["dev"] - seconds["saving"]
    return seconds, machine


def _timed(function: Callable[..., Any], seconds: dict[str, float], part: str) -> Callable[..., Any]:
    """A function whose time is added to that of a part."""

    def call(*args: Any, **kwargs: Any) -> Any:
        started = time.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[part] += time.monotonic() - started

    return call


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0]}
    for name in ("spacy-distill", "spacy", "thinc", "torch", "spacy-transformers", "transformers", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def score_models(
    task: Task,
    models: Mapping[str, Path],
    sets: Mapping[str, Path],
    gold: Path,
    out: Path,
    predicted: Mapping[str, Path] = MappingProxyType({}),
) -> dict[str, Any]:
    """Load pipelines from disk and score each on each corpus.

    task: what the annotation is.
    models: the pipelines; what "last" predicts is written to `predictions.jsonl.gz`.
    sets: corpora with gold labels.
    predicted: further corpora of which predictions are written.
    gold: the gold training data: an item is seen if its text is that of one there.
    out: folder to write to.
    RETURNS: by corpus the rows of its documents: "id", "document", and by model the counts (true positives,
        false positives, false negatives) per label, of all items and, where the texts of items recur, of the
        seen ones.
    """
    known = {task.text(doc, item) for doc in read_docs(gold, Vocab()) for item in task.read(doc).items}
    scores: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    same = equal_pipelines(models)
    found: list[bytes] = []
    for model, place in models.items():
        if model in same:
            for row in itertools.chain(*scores.values()):
                pairs = [(f"{model}{end}", f"{same[model]}{end}") for end in ("", f"_{SEEN}")]
                row.update({own: row[other] for own, other in pairs if other in row})
            continue
        nlp = spacy.load(place)
        for name, path in sets.items():
            for i, (reference, doc) in enumerate(_predict(nlp, read_docs(path, nlp.vocab))):
                if i == len(scores[name]):
                    scores[name].append({"id": doc_key(reference, i), "document": article_id(reference)})
                row = scores[name][i]
                if model == "last":
                    found += _found_line(task, name, row["id"], doc)
                row[model], seen = count_items(task, reference, doc, known)
                if task.recurs:
                    row[f"{model}_{SEEN}"] = seen
                if model == "last":
                    row[CHARACTERS] = character_counts(task, reference, doc)
        for name, path in predicted.items() if model == "last" else ():
            for i, (reference, doc) in enumerate(_predict(nlp, read_docs(path, nlp.vocab))):
                found += _found_line(task, name, doc_key(reference, i), doc)
    write_bytes(found, out / PREDICTIONS)
    return {"sets": scores}


def _found_line(task: Task, name: str, key: str, doc: Doc) -> Iterator[bytes]:
    """The line that says what was found in a document, if it is anything: places, never a text."""
    if (found := task.read(doc)).items:
        line = {"set": name, "id": key, "spans": task.to_characters(doc, found)}
        yield f"{json.dumps(line, separators=(',', ':'))}\n".encode()


def machine_of(nlp: Language, gpu: int) -> dict[str, str]:
    """What a pipeline is trained on: other processors and precisions give other scores.

    RETURNS: "processor" and "precision" ("fp32", "bf16" or "mixed").
    """
    if gpu >= 0:
        import torch

        parts = nlp.config["components"].values()
        mixed = any(part.get("model", {}).get("mixed_precision") for part in parts)
        return {"processor": torch.cuda.get_device_name(gpu), "precision": "mixed" if mixed else "fp32"}
    return {"processor": processor_name(), "precision": precision_of(nlp) or "fp32"}


def processor_name() -> str:
    """What this machine's processor is called: its model, as exactly as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").partition("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    numbers = ", ".join(f"{key} {facts[key]}" for key in ("cpu family", "model", "stepping") if key in facts)
    return " ".join(filter(None, (facts.get("model name", platform.machine()), numbers and f"({numbers})")))


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
    documents = (doc for doc in references if len(doc))
    while some := list(itertools.islice(documents, WINDOW)):
        # Documents of one length beside each other: a transformer pads all of a batch to the longest.
        order = sorted(range(len(some)), key=lambda i: len(some[i]))
        made = nlp.pipe((nlp.make_doc(some[i].text) for i in order), batch_size=BATCH)
        found = dict(zip(order, made, strict=True))
        yield from ((doc, found[i]) for i, doc in enumerate(some))


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


def character_counts(task: Task, reference: Doc, doc: Doc) -> LabelCounts:
    """Counts of one document per label by borders of characters.

    spaCy's own scores, and `count_items`, go by the reference's tokens: of a token that was found in part all
    counts as found. Here it does not.
    """
    gold, found = task.read(reference), task.read(doc)
    if not gold.usable:
        return {}
    if gold.missing:
        apart = {item: task.project(found._replace(items=(item,)), doc, reference) for item in found.items}
        known = [item for item, alone in apart.items() if not any(map(gold.touches_missing, alone.items))]
        found = found._replace(items=tuple(known))
    right, given = set(task.to_characters(reference, gold)), set(task.to_characters(doc, found))
    counts: dict[str, Counts] = {}
    for item in right | given:
        one = Counts(item in right and item in given, item not in right, item not in given)
        counts[item[2]] = counts.get(item[2], Counts()) + one
    return _plain(counts)


def _plain(counts: Mapping[str, Counts]) -> LabelCounts:
    return {label: list(counts[label]) for label in sorted(counts)}
