"""How long a study will take: from its own finished runs, else from a short probe of each student."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from time import perf_counter

from spacy.language import DEFAULT_CONFIG
from spacy.vocab import Vocab

from ...corpus.docbin import count_docs, read_docs
from ...engines.local import prepare_worker
from .job import Job
from .plan import Planned
from .store import Store
from .trial import training_config

STEPS = 4
DOCS = 60
# So many runs are worth a probe.
WORTH_A_PROBE = 10


@dataclass(frozen=True)
class Speed:
    """What a student takes on this machine, in seconds.

    setup (float): To build and initialize it.
    step (float): For one update.
    document (float): To predict one document of dev.
    """

    setup: float
    step: float
    document: float


def estimate(pending: Sequence[Planned], store: Store, workers: int, *, probe: bool) -> float | None:
    """The expected seconds of runs.

    pending (Sequence[Planned]): The runs.
    store (Store): The study's folder: finished runs of a student tell best.
    workers (int): How many runs at a time.
    probe (bool): Whether to try out a student of which no run is finished.
    RETURNS (Optional[float]): The seconds, or None if nothing is known of a student.
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
