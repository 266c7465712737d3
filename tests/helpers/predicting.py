"""A small trained pipeline, corpora to predict, and an engine without processes."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.training import Example

from helpers.studying import make_sentences
from spacy_distill import PredictOptions, predict
from spacy_distill.engines.engine import JobEvent, JobResult
from spacy_distill.prediction.predict import PredictPlan
from spacy_distill.prediction.shards import Shard, predict_shard


def make_model(folder: Path) -> Path:
    """Train a pipeline that finds something, and write it to a folder."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in make_sentences("gold", 24)]
    nlp.initialize(lambda: examples)
    for _ in range(8):
        nlp.update(examples)
    nlp.to_disk(folder)
    return folder


def write_rows(path: Path, count: int, name: str = "d") -> Path:
    """Write a JSONL file of sentences with ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": f"{name}{i}", "text": doc.text} for i, doc in enumerate(make_sentences(name, count))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


class InProcess:
    """One shard after the other, in this process.

    prepare: What is done with the scratch folder of each before.
    """

    workers = 1

    def __init__(self, prepare: Callable[[Path], object] = lambda folder: None) -> None:
        self.prepare = prepare

    def run(self, jobs: Sequence[Shard], scratch: Path) -> Iterator[JobEvent[Shard]]:
        for i, job in enumerate(jobs):
            self.prepare(scratch / str(i))
            yield JobEvent.of(job, predict_shard(job, scratch / str(i)))


def make_blank(folder: Path) -> Path:
    """Write a pipeline without components to a folder: it loads at once, and finds nothing."""
    spacy.blank("en").to_disk(folder)
    return folder


def run_predict(
    model: Path,
    corpus: Path,
    out: Path,
    prepare: Callable[[Path], object] = lambda folder: None,
    **options: Any,
) -> tuple[PredictPlan, list[JobEvent[Shard]]]:
    """Predict a corpus in this process, ten records a shard."""
    wanted = PredictOptions(**{"shard_size": 10, "batch_size": 4, **options})
    plan, *events = predict(model, corpus, out, wanted, engine=InProcess(prepare))
    return plan, events


def read_out(out: Path) -> list[dict[str, Any]]:
    """All predictions of a JSONL output, in the order of the shards."""
    return [json.loads(line) for path in sorted(out.rglob("[!_]*.jsonl")) if "_" not in path.parent.name
            for line in path.read_text(encoding="utf8").splitlines()]  # fmt: skip


def read_rejects(out: Path) -> list[dict[str, Any]]:
    """All records that were set aside."""
    return [
        json.loads(line)
        for path in sorted((out / "_rejects").rglob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def predict_slowly(shard: Shard, folder: Path) -> JobResult:
    """A task for an engine: takes long enough for a node to be killed meanwhile."""
    result = predict_shard(shard, folder)
    time.sleep(0.5)
    return result
