"""Carry out a study: what is not done yet, on an engine, into the study's folder."""

import json
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Literal

from confection import Config
from spacy.language import DEFAULT_CONFIG
from spacy.vocab import Vocab

from ..corpus.docbin import count_docs, read_docs
from ..corpus.files import write_bytes
from ..engines import opened_engine
from ..engines.engine import Engine, EngineName, JobEvent, JobResult
from ..engines.local import prepare_worker
from ..errors import DistillError
from .config import Study, make_runs
from .corpora import Inputs, prepare
from .plan import Plan, Planned, make_plan
from .run import Job, training_config
from .store import Store


def work(job: Job, folder: Path) -> JobResult:
    """Carry out one job in this process: a task for an engine."""
    from .run import carry_out

    folder.mkdir(parents=True)
    try:
        carry_out(job, folder)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a training dies of is recorded, and the other runs go on
        return JobResult(traceback.format_exc())
    return JobResult()


@contextmanager
def open_study_engine(name: EngineName, jobs: int | None, study: Study) -> Iterator[Engine[Job]]:
    """An engine that trains and scores.

    name: Who does the work.
    jobs: Runs at a time; None: one on this machine, as many as fit on a cluster.
    study: The study: says what a run takes of a cluster.
    YIELDS: The engine; a cluster is left, or ended if it was started here, afterwards.
    RAISES DistillError: If Ray is not installed, its cluster cannot be used, or runs get no GPU they need.
    """
    if name == EngineName.ray and study.gpu != (0 if study.ray.num_gpus else -1):
        raise DistillError(
            f"[study] has gpu = {study.gpu}, but [study.ray] num_gpus = {study.ray.num_gpus:g}. Ray "
            "shows a run only the GPUs that it was given: set gpu = 0 and num_gpus (0.25 for four runs "
            "on one GPU), or gpu = -1 and num_gpus = 0."
        )
    with opened_engine(name, work, jobs, study.ray, on_ray="tasks") as engine:
        yield engine


STUDY = "study.cfg"
PLAN = "plan.json"
CORPORA = "corpora"


@dataclass(frozen=True)
class Progress:
    """Something that happened to a run.

    planned: The run.
    kind: "skipped" (done before), "started", "finished" or "failed".
    error: Why it failed.
    place: Where its results, or the log of its failure, are.
    """

    planned: Planned
    kind: Literal["skipped", "started", "finished", "failed"]
    error: str = ""
    place: Path | None = None


def plan_study(study: Study, folder: Path) -> tuple[Plan, Inputs]:
    """Write a study's corpora into a folder and plan its runs.

    study: The study.
    folder: Where to write the corpora.
    RETURNS: The plan and the corpora.
    """
    runs = make_runs(study)
    inputs = prepare(study, runs, folder)
    return make_plan(study, inputs, runs), inputs


def conduct(plan: Plan, store: Store, engine: Engine[Job], scratch: Path) -> Iterator[Progress]:
    """Carry out the runs of a plan that are not done.

    plan: The plan.
    store: The study's folder, which must be held open.
    engine: Who does the work.
    scratch: The store's scratch folder.
    YIELDS: What happens, run by run.
    """
    pending: dict[str, Planned] = {}
    for planned in plan.runs:
        if store.is_done(planned.run.folder, planned.fingerprint):
            yield Progress(planned, "skipped", place=store.root / planned.run.folder)
        else:
            pending[planned.job.name] = planned
    for event in engine.run([planned.job for planned in pending.values()], scratch):
        yield _take_over(pending[event.job.name], event, store)


def _take_over(planned: Planned, event: JobEvent[Job], store: Store) -> Progress:
    folder = planned.run.folder
    if event.kind == "finished" and event.folder is not None:
        store.keep(folder, event.folder)
        return Progress(planned, "finished", place=store.root / folder)
    if event.kind == "failed":
        place = store.keep_failure(folder, event.folder, event.error)
        return Progress(planned, "failed", event.error, place)
    return Progress(planned, "started")


def write_study(config: Config, plan: Plan, store: Store) -> None:
    """Keep a study's config and plan in its folder: the report reads them."""
    write_bytes(config.to_str().encode(), store.root / STUDY)
    content = {
        "runs": {str(planned.run): planned.fingerprint for planned in plan.runs},
        "left_out": plan.left_out,
    }
    write_bytes(json.dumps(content, indent=1).encode(), store.root / PLAN)


def read_plan(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The plan of a study.

    root: Its folder.
    RETURNS: The fingerprint of each run, and why arms were left out.
    """
    content = json.loads((root / PLAN).read_bytes())
    return content["runs"], content["left_out"]


STEPS = 4
DOCS = 60
# So many runs are worth a probe.
WORTH_A_PROBE = 10


@dataclass(frozen=True)
class Speed:
    """What a student takes on this machine, in seconds.

    setup: To build and initialize it.
    step: For one update.
    document: To predict one document of dev.
    """

    setup: float
    step: float
    document: float


def estimate(pending: Sequence[Planned], store: Store, workers: int, *, probe: bool) -> float | None:
    """The expected seconds of runs.

    pending: The runs.
    store: The study's folder: finished runs of a student tell best.
    workers: How many runs at a time.
    probe: Whether to try out a student of which no run is finished.
    RETURNS: The seconds, or None if nothing is known of a student.
    """
    total = 0.0
    groups: dict[str, list[Planned]] = {}
    for planned in pending:
        groups.setdefault(planned.run.arm.student, []).append(planned)
    for student, runs in groups.items():
        per_step = _known(store, student)
        if per_step is not None:
            total += sum(per_step * planned.steps for planned in runs)
        elif probe:
            speed = run_probe(runs[0].job)
            total += sum(_expected(planned, speed) for planned in runs)
        else:
            return None
    return total / max(1, min(workers, len(pending)))


def _known(store: Store, student: str) -> float | None:
    """Seconds per step of a student's finished runs, everything included."""
    records = [record for record in store.records() if record["student"] == student]
    return fmean(sum(r["seconds"].values()) / r["steps"] for r in records) if records else None


def _expected(planned: Planned, speed: Speed) -> float:
    job = planned.job
    training = training_config(job).interpolate()["training"]
    frequency = int(training.get("eval_frequency", DEFAULT_CONFIG["training"]["eval_frequency"]))
    looked_at = (planned.steps // frequency + 1) * count_docs(Path(job.paths["dev"]))
    judged = sum(count_docs(Path(path)) for path in job.scored.values()) * (1 + job.score_best)
    return speed.setup + planned.steps * speed.step + (looked_at + judged) * speed.document


def run_probe(job: Job) -> Speed:
    """Try out the student of a job in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=prepare_worker) as pool:
        return pool.submit(probe_student, job).result()


def probe_student(job: Job) -> Speed:
    """Make a few updates and predictions, and time them."""
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.util import registry, resolve_dot_names

    config = training_config(job)
    began = perf_counter()
    nlp = init_nlp(config, use_gpu=job.gpu)
    ready = perf_counter()
    filled = nlp.config.interpolate()
    training = registry.resolve(filled["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(filled, [training["train_corpus"]])
    batches = list(islice(training["batcher"](corpus(nlp)), STEPS + 1))
    nlp.update(batches[0], sgd=training["optimizer"])
    warm = perf_counter()
    for batch in batches[1:]:
        nlp.update(batch, sgd=training["optimizer"])
    trained = perf_counter()
    docs = [nlp.make_doc(doc.text) for doc in islice(read_docs(Path(job.paths["dev"]), Vocab()), DOCS)]
    started = perf_counter()
    found = len(list(nlp.pipe(docs)))
    return Speed(
        ready - began, (trained - warm) / max(1, len(batches) - 1), (perf_counter() - started) / max(1, found)
    )
