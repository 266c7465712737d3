"""One run: train by spaCy's own functions, save, load afresh, score."""

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import srsly

from .job import Job

if TYPE_CHECKING:
    from confection import Config

CONFIG = "config.cfg"
LOG = "log.txt"
SCORES = "scores.json"
RECORD = "run.json"
LAST = "model-last"
BEST = "model-best"


def carry_out(job: Job, folder: Path) -> None:
    """Train and score one run.

    job (Job): The run.
    folder (Path): An empty folder for its results: config, log, blend.jsonl, scores.json, run.json, models.
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
    from .scoring import score_models

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
