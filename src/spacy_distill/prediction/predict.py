"""Predict a corpus: what is to be done, what is done already, and doing the rest on an engine."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.util import get_package_path, is_package

from ..corpus.files import check_outputs, digest, locked_folder
from ..engines import EngineName, opened_engine
from ..engines.engine import Engine, JobEvent, RayOptions
from ..errors import DistillError, counted
from ..labels.committee import COMMITTEE, CommitteePipeline
from ..labels.confidence import Calibration
from ..tasks.base import Task
from . import ShardFormat
from .records import Fields
from .scored_pipeline import learn_calibration
from .shards import Shard, load_predictor, predict_shard
from .sources import Chunk, Source, cut, find_sources, import_pyarrow

RUNNING = "_running"
# Files that are read at a time to be cut into chunks.
READERS = 8
SHOWN = 3


@dataclass(frozen=True)
class PredictOptions:
    """How to predict.

    format: format of the shards.
    fields: where JSON and Parquet have text and id.
    lines: whether text has one document a line; None: a line of a file, a file of a folder.
    shard_size: records of a shard, at least 1.
    batch_size: documents that are predicted at a time, at least 1.
    gpu: whether to predict on a GPU.
    dev: gold documents from which it is learned how sure a single pipeline is of what it says; each item then
        has a score. None: no scores, but for a committee, which learned from its own.
    """

    format: ShardFormat = ShardFormat.jsonl
    fields: Fields = field(default_factory=Fields)
    lines: bool | None = None
    shard_size: int = 10_000
    batch_size: int = 128
    gpu: bool = False
    dev: Path | None = None


DEFAULTS = PredictOptions()


@dataclass
class PredictPlan:
    """The shards of an output.

    done: the records of those that are finished.
    todo: those that are not.
    unreadable: sources that cannot be read, and why.
    items: what the task calls what is predicted, in the plural.
    calibration: what scores of a single pipeline are worth; None without `dev`.
    """

    done: list[dict[str, Any]] = field(default_factory=list)
    todo: list[Shard] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    items: str = "items"
    calibration: Calibration | None = None


def predict(
    model: str | Path,
    corpus: Path,
    out: Path,
    options: PredictOptions = DEFAULTS,
    *,
    engine: EngineName | Engine[Shard] = EngineName.local,
    jobs: int | None = None,
    ray: RayOptions | None = None,
) -> Iterator[PredictPlan | JobEvent[Shard]]:
    """Predict a corpus with a trained pipeline, shard by shard; what is finished is not done again.

    model: a pipeline's folder, or the name of an installed package.
    corpus: a file or a folder of `.jsonl`, `.txt` (`.gz` too), `.parquet` or `.spacy` files.
    out: the folder of shards; no other command may work in it at the same time.
    options: how to predict.
    engine: where: "local", "ray", or an engine of one's own.
    jobs: shards at a time, at least 1; None: one on this machine, as many as fit on a cluster.
    ray: what a worker takes of a cluster.
    YIELDS: the plan; then for each of its shards "started", and "finished" (its facts are the record) or
        "failed".
    RAISES DistillError: if there is no such pipeline or corpus, the output is part of the corpus, cannot be
        written, or holds what is not of this corpus, the engine cannot be used, or nothing can be learned
        from dev.
    """
    if min(options.shard_size, options.batch_size) < 1:
        raise DistillError("The sizes of shards and batches must be at least 1.")
    folder, nlp, task = find_model(model)
    corpus, out = Path(corpus), Path(out)
    _check_places(folder, corpus, out, options.dev)
    if options.format is ShardFormat.parquet:
        import_pyarrow()
    with locked_folder(out.resolve(), RUNNING, "Another prediction") as scratch:
        calibration = _calibration(nlp, task, options.dev)
        plan = _make_plan(folder, corpus, out, options, calibration)
        plan.items = task.items
        yield plan
        if plan.todo:
            # A name that no node has by chance: who sees it, shares the storage.
            own = scratch / uuid.uuid4().hex
            own.mkdir()
            opened: AbstractContextManager[Engine[Shard]] = (
                opened_engine(engine, predict_shard, jobs, ray or RayOptions(), on_ray="dataset")
                if isinstance(engine, str)
                else nullcontext(engine)
            )
            with opened as workers:
                yield from workers.run(plan.todo, own)


def find_model(model: str | Path) -> tuple[Path, Language | CommitteePipeline, Task]:
    """The folder of a trained pipeline that loads, the pipeline, and the task that it predicts.

    model: a folder, be it a committee's, or the name of an installed package.
    RAISES DistillError: if there is no such pipeline, or it does not load here.
    """
    folder = Path(model)
    if not folder.is_dir() and is_package(str(model)):
        package = get_package_path(str(model))
        folder = next((place.parent for place in package.glob("*/config.cfg")), package)
    is_pipeline = all((folder / name).is_file() for name in ("config.cfg", "meta.json"))
    if not is_pipeline and not (folder / COMMITTEE).is_file():
        raise DistillError(
            f"{model} is no trained pipeline: expected a folder with config.cfg and meta.json, such as "
            "training/model-last, or the name of an installed package."
        )
    return folder.resolve(), *load_predictor(folder)


def _calibration(nlp: Language | CommitteePipeline, task: Task, dev: Path | None) -> Calibration | None:
    if dev is None:
        return None
    if isinstance(nlp, CommitteePipeline):
        raise DistillError(
            f"{nlp.committee.folder} is a committee: its spans have scores, learned when it was trained. "
            "Leave --dev out."
        )
    return learn_calibration(nlp, task, dev)


def _check_places(model: Path, corpus: Path, out: Path, dev: Path | None) -> None:
    if out.resolve().suffix in {f".{name}" for name in ShardFormat}:
        raise DistillError(f"{out}: expected a folder for the shards; --format says what they are.")
    check_outputs([out], [model, corpus, *([dev] if dev else [])], folder=True)
    if corpus.is_dir() and corpus.resolve().is_relative_to(out.resolve()):
        raise DistillError(
            f"The corpus {corpus} lies in {out}, which would be written. Choose another folder."
        )


def _make_plan(
    model: Path, corpus: Path, out: Path, options: PredictOptions, calibration: Calibration | None
) -> PredictPlan:
    """Cut the corpus into chunks and look for the shards that are done."""
    sources = find_sources(corpus, lines=options.lines)
    plan, names, hashed = PredictPlan(calibration=calibration), set(), digest(model)
    with ThreadPoolExecutor(READERS) as pool:
        for source, chunks in zip(sources, pool.map(lambda s: _chunks(s, options), sources), strict=True):
            if isinstance(chunks, str):
                plan.unreadable[source.name] = chunks
                continue
            for chunk in chunks:
                facts = [hashed, chunk.digest, chunk.source.name, chunk.source.kind, chunk.start, chunk.end]
                facts += [options.format, options.fields.text, options.fields.id]
                if calibration:
                    facts += [calibration.shares, calibration.chances]
                shard = Shard(
                    chunk,
                    str(model),
                    str(out.resolve()),
                    hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
                    options.format,
                    options.fields,
                    options.batch_size,
                    options.gpu,
                    calibration,
                )
                names.add(shard.name)
                if (record := shard.finished()) is None:
                    plan.todo.append(shard)
                else:
                    plan.done.append(record)
    _refuse_foreign_files(out, names, plan.unreadable)
    return plan


def _chunks(source: Source, options: PredictOptions) -> list[Chunk] | str:
    """The chunks of a source, or why it cannot be read."""
    try:
        return list(cut(source, options.shard_size, options.fields.text))
    except (DistillError, OSError) as error:
        return str(error)


def _refuse_foreign_files(out: Path, names: set[str], unreadable: Mapping[str, str]) -> None:
    """Refuse shards that this corpus does not make: nobody could say later which belong together."""
    out = out.resolve()
    inner = (p.relative_to(out) for p in chain.from_iterable(out.rglob(f"*.{name}") for name in ShardFormat))
    foreign = sorted(
        name.as_posix() for name in inner if name.parts[0][0] not in "._" and name.as_posix() not in names
    )
    if foreign and not unreadable:
        shown = ", ".join(foreign[:SHOWN]) + (", …" if len(foreign) > SHOWN else "")
        raise DistillError(
            f"{out} holds {counted(len(foreign), 'file')} of other predictions than these ({shown}): made "
            "from another corpus, or with another --format or --shard-size. Remove them, or choose another "
            "folder."
        )
