"""One run of a study: train, save, load afresh, score."""

import contextlib
import platform
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import srsly
from spacy.language import Language

from ..engines.engine import JobResult
from ..tasks.base import DEFAULT, find_task
from ..training.fast_encoder import precision_of
from .scoring import score_models

if TYPE_CHECKING:
    from confection import Config

# The files of a run's folder.
CONFIG = "config.cfg"
LOG = "log.txt"
SCORES = "scores.json"
RECORD = "run.json"
LAST = "model-last"
BEST = "model-best"


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
