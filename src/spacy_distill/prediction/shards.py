"""Shards: chunks predicted, in the formats that predictions are written in."""

import json
import shutil
import traceback
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import require_gpu

from ..configs import load_pipeline
from ..corpus.docbin import Codecs
from ..corpus.provenance import CONFIDENCE, set_origin
from ..engines.engine import JobResult, unseen
from ..errors import DistillError
from ..labels.committee import COMMITTEE, CommitteePipeline, read_committee
from ..labels.confidence import Calibration
from ..tasks.base import DEFAULT, Task, find_task, set_task, tasks
from ..training.fast_prediction import speed_up_prediction
from . import ShardFormat
from .records import Fields, Record, Reject, read_records
from .scored_pipeline import ScoredPipeline
from .sources import Chunk, import_pyarrow

# Rows of Parquet that are written as one row group.
GROUP = 4096
# Where, in the output's folder, what is no prediction is kept; readers of Parquet pass such names over.
DONE = "_done"
REJECTS = "_rejects"
# Characters of a batch: so that long documents do not make a large one.
CHARACTERS = 500_000
# How often a shard is begun whose workers die.
TRIES = 3
PROBE = "."

Row = dict[str, Any]
Predictor = Language | CommitteePipeline | ScoredPipeline


class ShardWriter(Protocol):
    """Writes one shard; `scored` says whether its spans have a score."""

    def add(self, row: Row, doc: Doc) -> None:
        """Write a prediction: as a row with id, text and spans, or as a document."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class JsonlWriter:
    """One object a line."""

    def __init__(self, path: Path, scored: bool) -> None:
        self.stream = path.open("w", encoding="utf8")

    def add(self, row: Row, doc: Doc) -> None:
        self.stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self.stream.close()


class ParquetWriter:
    """The same fields as columns, written in row groups."""

    def __init__(self, path: Path, scored: bool) -> None:
        pyarrow = import_pyarrow()
        fields = [("start", pyarrow.int32()), ("end", pyarrow.int32()), ("label", pyarrow.string())]
        span = pyarrow.struct([*fields, ("score", pyarrow.float32())] if scored else fields)
        columns = [("id", pyarrow.string()), ("text", pyarrow.string()), ("spans", pyarrow.list_(span))]
        self.file = pyarrow.parquet.ParquetWriter(path, pyarrow.schema(columns))
        self.rows: list[Row] = []

    def add(self, row: Row, doc: Doc) -> None:
        self.rows.append(row)
        if len(self.rows) == GROUP:
            self._write()

    def close(self) -> None:
        self._write()
        self.file.close()

    def _write(self) -> None:
        self.file.write_table(import_pyarrow().Table.from_pylist(self.rows, self.file.schema))
        self.rows = []


class SpacyWriter:
    """A DocBin; it is in memory until it is written, as the format demands."""

    def __init__(self, path: Path, scored: bool) -> None:
        self.path = path
        self.docbin = DocBin(store_user_data=True)
        self.codecs = Codecs()

    def add(self, row: Row, doc: Doc) -> None:
        self.codecs.call(self.docbin.add, doc)

    def close(self) -> None:
        self.path.write_bytes(self.docbin.to_bytes())


WRITERS: dict[ShardFormat, type[JsonlWriter | ParquetWriter | SpacyWriter]] = {
    ShardFormat.jsonl: JsonlWriter,
    ShardFormat.parquet: ParquetWriter,
    ShardFormat.spacy: SpacyWriter,
}


@dataclass(frozen=True)
class Shard:
    """One chunk to predict, and where its shard goes.

    chunk: what to read.
    model: the pipeline's folder.
    out: the output's folder.
    fingerprint: hash of all that the shard depends on.
    format: what to write.
    fields: where text and ids are.
    batch_size: documents of a batch.
    gpu: whether to predict on a GPU.
    calibration: what scores of a single pipeline are worth; None: it gives none.
    """

    chunk: Chunk
    model: str
    out: str
    fingerprint: str
    format: ShardFormat = ShardFormat.jsonl
    fields: Fields = field(default_factory=Fields)
    batch_size: int = 128
    gpu: bool = False
    calibration: Calibration | None = None

    @property
    def name(self) -> str:
        """The shard's place in the output."""
        return f"{self.chunk.name}.{self.format}"

    @property
    def place(self) -> Path:
        """Where the shard appears when it is done."""
        return Path(self.out, self.name)

    @property
    def rejects(self) -> Path:
        """Where its bad records are set aside."""
        return Path(self.out, REJECTS, f"{self.chunk.name}.jsonl")

    @property
    def record(self) -> Path:
        """What is known of the finished shard: written last."""
        return Path(self.out, DONE, f"{self.chunk.name}.json")

    def files(self) -> list[str]:
        """What may be sent to a worker: the pipeline. Corpus and output must be in reach of it."""
        return [self.model]

    def moved(self, places: Mapping[str, str]) -> Self:
        """The same shard with the pipeline elsewhere."""
        return replace(self, model=places[self.model])

    def finished(self) -> dict[str, Any] | None:
        """What is known of the shard if it is done and depends on nothing that changed since."""
        try:
            found: dict[str, Any] = json.loads(self.record.read_bytes())
            same = found["fingerprint"] == self.fingerprint and self.place.stat().st_size == found["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if same else None


def predict_shard(shard: Shard, folder: Path) -> JobResult:
    """Predict one chunk in this process, and put its shard in place: the work of an engine.

    shard: the shard.
    folder: where its files are until they are whole; within the output's own scratch folder.
    RETURNS: its facts are the shard's record.
    """
    if (done := shard.finished()) is not None:
        return JobResult(facts=done)
    if not folder.parent.is_dir():
        return JobResult(unseen(folder.parent))
    # A worker that is killed leaves its folder behind.
    if folder.is_dir() and len(list(folder.iterdir())) >= TRIES:
        return JobResult(f"The worker died {TRIES} times at this shard (killed, or out of memory).")
    own = folder / uuid.uuid4().hex
    try:
        own.mkdir(parents=True)
        return JobResult(facts=_predict(shard, own))
    except (DistillError, OSError) as error:
        return JobResult(str(error))
    except Exception:  # noqa: BLE001 - whatever a shard fails of is reported, and the others go on
        return JobResult(traceback.format_exc())
    finally:
        shutil.rmtree(own, ignore_errors=True)


@lru_cache(maxsize=1)
def load(model: str, gpu: bool) -> tuple[Language | CommitteePipeline, Task]:
    """The pipeline, or committee, of this process and the task it predicts, loaded once."""
    if gpu:
        require_gpu()
    return load_predictor(Path(model))


def load_predictor(model: Path) -> tuple[Language | CommitteePipeline, Task]:
    """The pipeline, or committee, of a folder, and the task it predicts.

    A pipeline whose components belong to no task, such as an `entity_ruler`, is taken to find entities.

    RAISES DistillError: if it does not load.
    """
    if (model / COMMITTEE).is_file():
        committee = CommitteePipeline(read_committee(model))
        return committee, committee.task
    nlp = speed_up_prediction(load_pipeline(model))
    factories = set(nlp.pipe_factories.values())
    own = [task for task in tasks().values() if factories.intersection(task.factories)]
    return nlp, own[0] if own else find_task(DEFAULT)


def _predict(shard: Shard, own: Path) -> dict[str, Any]:
    loaded, task = load(shard.model, shard.gpu)
    nlp: Predictor = loaded
    if shard.calibration is not None and isinstance(loaded, Language):
        nlp = ScoredPipeline(loaded, task, shard.calibration)
    counts = {"records": shard.chunk.records, "documents": 0, "words": 0, "items": 0, "rejects": 0}
    writer: AbstractContextManager[ShardWriter] = closing(
        WRITERS[shard.format](own / "shard", not isinstance(nlp, Language))
    )
    with (own / "rejects").open("w", encoding="utf8") as rejects, writer as shard_file:
        for batch in batches(read_records(shard.chunk, shard.fields), shard.batch_size):
            # What the pipeline learns of new words is forgotten again: a stream of text never ends.
            with nlp.memory_zone():
                for record, doc in predict_batch(nlp, batch):
                    if isinstance(doc, Reject):
                        counts["rejects"] += 1
                        aside = {"source": shard.chunk.source.name, "line": doc.number, "reason": doc.reason}
                        rejects.write(json.dumps({**aside, "record": doc.excerpt}) + "\n")
                        continue
                    spans = task.to_characters(doc, task.read(doc))
                    counts["documents"] += 1
                    counts["words"] += len(doc)
                    counts["items"] += len(spans)
                    sure = task.kept_items(doc, CONFIDENCE)
                    # What components hang on it (a transformer: all its vectors) is not written.
                    doc.user_data = {}
                    set_origin(set_task(doc, task.name), id=record.id, document=record.id, source="")
                    labelled: list[Row] = [{"start": s, "end": e, "label": label} for s, e, label in spans]
                    if sure:
                        task.keep_items(doc, CONFIDENCE, sure)
                        for row, item in zip(labelled, task.read(doc).items, strict=True):
                            row["score"] = round(sure[item], 4)
                    shard_file.add({"id": record.id, "text": record.text, "spans": labelled}, doc)
    return _put_in_place(shard, own, counts)


def batches(records: Iterable[Record | Reject], size: int) -> Iterator[list[Record | Reject]]:
    """Records in batches of at most so many, or of so many characters."""
    batch: list[Record | Reject] = []
    characters = 0
    for record in records:
        batch.append(record)
        characters += len(record.text) if isinstance(record, Record) else 0
        if len(batch) == size or characters >= CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def predict_batch(nlp: Predictor, batch: Sequence[Record | Reject]) -> Iterator[tuple[Any, Doc | Reject]]:
    """Each record of a batch with its document, or with why there is none."""
    good = [record for record in batch if isinstance(record, Record)]
    try:
        docs: list[Doc | Reject] = list(nlp.pipe([nlp.make_doc(record.text) for record in good]))
    except Exception:  # noqa: BLE001 - one by one it will be seen which record it was
        docs = [_predict_alone(nlp, record) for record in good]
    found = iter(docs)
    for record in batch:
        yield record, record if isinstance(record, Reject) else next(found)


def _predict_alone(nlp: Predictor, record: Record) -> Doc | Reject:
    try:
        return nlp(record.text)
    except Exception as error:  # noqa: BLE001 - the record is set aside with the reason
        # Fails again if it was not the record but the pipeline or the machine.
        nlp(PROBE)
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:300]
        return Reject(record.number, reason, record.text[:200])


def _put_in_place(shard: Shard, own: Path, counts: Mapping[str, int]) -> dict[str, Any]:
    """Rename the files to their places: bad records first, then the shard, then its record."""
    for place in (shard.place, shard.record, *([shard.rejects] if counts["rejects"] else ())):
        place.parent.mkdir(parents=True, exist_ok=True)
    # It may be of other input, and would mark as done the new shard if this ended before the last line.
    shard.record.unlink(missing_ok=True)
    if counts["rejects"]:
        (own / "rejects").replace(shard.rejects)
    else:
        shard.rejects.unlink(missing_ok=True)
    found = {**counts, "fingerprint": shard.fingerprint, "bytes": (own / "shard").stat().st_size}
    (own / "record").write_text(json.dumps(found), encoding="utf8")
    (own / "shard").replace(shard.place)
    (own / "record").replace(shard.record)
    return found
