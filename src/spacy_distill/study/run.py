"""One run of a study: train, save, load afresh, score."""

import contextlib
import filecmp
import itertools
import json
import shutil
import sys
import time
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
from ..corpus.scores import Counts, count_keys, span_keys
from .corpora import doc_key

if TYPE_CHECKING:
    from confection import Config


@dataclass(frozen=True)
class Job:
    """One training, complete: a worker needs nothing else, and writes only into its folder.

    name: The run, for people.
    config: The training config; variables are kept.
    paths: Files and folders by the name that the config's [paths] give them.
    scored: Corpora to score on, by name.
    record: What the run is: goes into its `run.json`.
    keep: Which models stay: "all", "last" or "none".
    score_best: Whether model-best is scored as well.
    gpu: GPU to use, -1 for the CPU.
    """

    name: str
    config: str
    paths: dict[str, str]
    scored: dict[str, str]
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


SEEN = "seen"
PREDICTIONS = "predictions.jsonl"
# What spaCy notes of a pipeline beside what it consists of.
META = "meta.json"
# Documents that are predicted at a time, so that memory does not grow with the corpus.
BATCH = 64

Counted = dict[str, list[int]]


def score_models(
    models: Mapping[str, Path], sets: Mapping[str, Path], gold: Path, out: Path
) -> dict[str, Any]:
    """Load pipelines from disk and score each on each corpus.

    models: The pipelines; the spans of "last" are written to `predictions.jsonl`.
    sets: Corpora with gold labels.
    gold: The gold training data: an entity is seen if its text is one there.
    out: Folder to write to.
    RETURNS: By corpus the rows of its documents: "id", "document", and by model the counts
        (true positives, false positives, false negatives) per label, of all entities and of the seen ones.
    """
    surfaces = entity_texts(read_docs(gold, Vocab()))
    scores: dict[str, list[dict[str, Any]]] = {name: [] for name in sets}
    twins = find_twins(models)
    with (out / PREDICTIONS).open("w", encoding="utf8") as stream:
        for model, place in models.items():
            if model in twins:
                _copy_counts(scores, twins[model], model)
                continue
            nlp = spacy.load(place)
            for name, path in sets.items():
                for i, (reference, found) in enumerate(predict(nlp, read_docs(path, nlp.vocab))):
                    if i == len(scores[name]):
                        scores[name].append({"id": doc_key(reference, i), "document": article_id(reference)})
                    row = scores[name][i]
                    if model == "last" and found.ents:
                        stream.write(_line(name, row["id"], found))
                    row[model], row[f"{model}_{SEEN}"] = count_apart(reference, found, surfaces)
    return {"sets": scores}


def find_twins(models: Mapping[str, Path]) -> dict[str, str]:
    """Which pipelines are the same as one before them, file by file; such a one need not be run again."""
    twins: dict[str, str] = {}
    for one, other in itertools.combinations(models, 2):
        if other not in twins and _same_files(models[one], models[other]):
            twins[other] = one
    return twins


def _files(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != META)


def _same_files(one: Path, other: Path) -> bool:
    names = _files(one)
    return names == _files(other) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names
    )


def _copy_counts(scores: dict[str, list[dict[str, Any]]], source: str, target: str) -> None:
    for rows in scores.values():
        for row in rows:
            row[target], row[f"{target}_{SEEN}"] = row[source], row[f"{source}_{SEEN}"]


def predict(nlp: Language, references: Iterable[Doc]) -> Iterator[tuple[Doc, Doc]]:
    """Pairs of a document with gold labels and the pipeline's own, made from the text alone."""
    pairs = ((nlp.make_doc(doc.text), doc) for doc in references if len(doc))
    for found, reference in nlp.pipe(pairs, as_tuples=True, batch_size=BATCH):
        yield reference, found


def entity_texts(docs: Iterable[Doc]) -> set[str]:
    """The texts of all entities."""
    return {ent.text for doc in docs for ent in doc.ents}


def count_apart(reference: Doc, found: Doc, surfaces: set[str]) -> tuple[Counted, Counted]:
    """Span counts of one document per label: of all entities, and of those whose text is among `surfaces`.

    The text of an entity is that of the reference's tokens, whatever the tokens of who found it.
    """
    expected, given = span_keys(reference, found)
    seen = {key for key in expected | given if reference[key[1] : key[2]].text in surfaces}
    return _plain(count_keys(expected, given)), _plain(count_keys(expected & seen, given & seen))


def _plain(counts: Mapping[str, Counts]) -> Counted:
    return {label: list(counts[label]) for label in sorted(counts)}


def _line(name: str, key: str, doc: Doc) -> str:
    spans = [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents]
    return json.dumps({"set": name, "id": key, "spans": spans}) + "\n"


CONFIG = "config.cfg"
LOG = "log.txt"
SCORES = "scores.json"
RECORD = "run.json"
LAST = "model-last"
BEST = "model-best"


def carry_out(job: Job, folder: Path) -> None:
    """Train and score one run.

    job: The run.
    folder: An empty folder for its results: config, log, blend.jsonl, scores.json, run.json, models.
    """
    with (folder / LOG).open("w", encoding="utf8") as log, _written_to(log):
        started = time.monotonic()
        config = training_config(job)
        (folder / CONFIG).write_text(job.config, encoding="utf8")
        _train(config, folder, job.gpu, log)
        trained = time.monotonic()
        scores = _score(job, folder)
        record = {
            **job.record,
            "seconds": {"train": trained - started, "score": time.monotonic() - trained},
            "versions": _versions(),
        }
    for name, kept in ((LAST, job.keep != "none"), (BEST, job.keep == "all")):
        if not kept:
            shutil.rmtree(folder / name, ignore_errors=True)
    srsly.write_json(folder / RECORD, record)
    srsly.write_json(folder / SCORES, scores, indent=0)


def training_config(job: Job) -> "Config":
    """The training config of a job, variables kept, with its own paths in it."""
    from confection import Config

    overrides: dict[str, Any] = {f"paths.{name}": path for name, path in job.paths.items()}
    return Config().from_str(job.config, interpolate=False, overrides=overrides)


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


def _score(job: Job, folder: Path) -> dict[str, Any]:
    sets = {name: Path(path) for name, path in job.scored.items()}
    models = {"last": folder / LAST, **({"best": folder / BEST} if job.score_best else {})}
    return score_models(models, sets, Path(job.paths["gold"]), folder)


@contextlib.contextmanager
def _written_to(log: IO[str]) -> Iterator[None]:
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        yield


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0]}
    for name in ("spacy-distill", "spacy", "thinc", "torch", "spacy-transformers", "transformers", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
