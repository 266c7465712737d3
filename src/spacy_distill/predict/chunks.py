"""Shards in the formats that predictions are written in."""

import json
import shutil
import traceback
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol, Self

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import require_gpu

from ..corpus.docbin import Codecs
from ..corpus.provenance import set_origin
from ..engines.engine import JobResult, unseen
from .files import Format, Piece, import_pyarrow
from .records import Fields, Record, Reject, read_records

# Rows of Parquet that are held until they are written as one row group.
GROUP = 4096


class Writer(Protocol):
    """Writes one shard."""

    def add(self, record: Record, doc: Doc) -> None:
        """Write a prediction; the document is not needed afterwards."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class JsonlWriter:
    """One object a line: id, text, and spans with start, end and label."""

    def __init__(self, path: Path) -> None:
        self.stream = path.open("w", encoding="utf8")

    def add(self, record: Record, doc: Doc) -> None:
        """Write a prediction."""
        self.stream.write(json.dumps(_row(record, doc), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self.stream.close()


class ParquetWriter:
    """The same fields as columns."""

    def __init__(self, path: Path) -> None:
        pyarrow = import_pyarrow()
        span = pyarrow.struct(
            [("start", pyarrow.int32()), ("end", pyarrow.int32()), ("label", pyarrow.string())]
        )
        self.schema = pyarrow.schema(
            [("id", pyarrow.string()), ("text", pyarrow.string()), ("spans", pyarrow.list_(span))]
        )
        self.file = pyarrow.parquet.ParquetWriter(path, self.schema)
        self.rows: list[dict[str, Any]] = []

    def add(self, record: Record, doc: Doc) -> None:
        """Keep a prediction until there are enough for a row group."""
        self.rows.append(_row(record, doc))
        if len(self.rows) == GROUP:
            self._write()

    def close(self) -> None:
        """Write the last row group."""
        self._write()
        self.file.close()

    def _write(self) -> None:
        self.file.write_table(import_pyarrow().Table.from_pylist(self.rows, self.schema))
        self.rows = []


class SpacyWriter:
    """A DocBin; it is in memory until it is written, as the format demands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.docbin = DocBin(store_user_data=True)
        self.codecs = Codecs()

    def add(self, record: Record, doc: Doc) -> None:
        """Add a document with its id, without what components hang on it (a transformer: all its vectors)."""
        doc.user_data = {}
        set_origin(doc, id=record.id, document=record.id, source="")
        self.codecs.call(self.docbin.add, doc)

    def close(self) -> None:
        """Write the file."""
        self.path.write_bytes(self.docbin.to_bytes())


def open_writer(format: Format, path: Path) -> Writer:
    """A writer of a shard."""
    writers: dict[Format, type[JsonlWriter | ParquetWriter | SpacyWriter]] = {
        Format.jsonl: JsonlWriter,
        Format.parquet: ParquetWriter,
        Format.spacy: SpacyWriter,
    }
    return writers[format](path)


def _row(record: Record, doc: Doc) -> dict[str, Any]:
    spans = [{"start": ent.start_char, "end": ent.end_char, "label": ent.label_} for ent in doc.ents]
    return {"id": record.id, "text": record.text, "spans": spans}


# Where, in the output's folder, what is no prediction is kept; readers of Parquet pass such names over.
DONE = "_done"
REJECTS = "_rejects"
# Characters of a batch: so that long documents do not make a large one.
CHARACTERS = 500_000
# Attempts at a piece whose workers die.
ATTEMPTS = 3
PROBE = "."


@dataclass(frozen=True)
class Shard:
    """One piece to predict, and where its shard goes.

    piece: What to read.
    model: The pipeline's folder.
    out: The output's folder.
    fingerprint: Hash of all that the shard depends on.
    format: What to write.
    fields: Where text and ids are.
    batch_size: Documents of a batch.
    gpu: Whether to predict on a GPU.
    """

    piece: Piece
    model: str
    out: str
    fingerprint: str
    format: Format = Format.jsonl
    fields: Fields = field(default_factory=Fields)
    batch_size: int = 128
    gpu: bool = False

    @property
    def name(self) -> str:
        """The shard's place in the output."""
        return f"{self.piece.name}.{self.format}"

    @property
    def place(self) -> Path:
        """Where the shard appears when it is done."""
        return Path(self.out, self.name)

    @property
    def rejects(self) -> Path:
        """Where its bad records are set aside."""
        return Path(self.out, REJECTS, f"{self.piece.name}.jsonl")

    @property
    def record(self) -> Path:
        """What is known of the finished shard: written last."""
        return Path(self.out, DONE, f"{self.piece.name}.json")

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
    """Predict one piece in this process, and put its shard in place: a task for an engine.

    shard: The shard.
    folder: Where its files are until they are whole; within the output's own scratch folder.
    RETURNS: Its facts are the shard's record.
    """
    if (done := shard.finished()) is not None:
        return JobResult(facts=done)
    if not folder.parent.is_dir():
        return JobResult(unseen(folder.parent))
    # An attempt leaves its folder behind if its worker is killed.
    if folder.is_dir() and len(list(folder.iterdir())) >= ATTEMPTS:
        return JobResult(f"The worker died {ATTEMPTS} times at this shard (killed, or out of memory).")
    own = folder / uuid.uuid4().hex
    try:
        own.mkdir(parents=True)
        return JobResult(facts=_predict(shard, own))
    except Exception as error:  # noqa: BLE001 - whatever a shard fails of is told, and the others go on
        expected = isinstance(error, ValueError | OSError) and str(error).strip()
        return JobResult(str(error) if expected else traceback.format_exc())
    finally:
        shutil.rmtree(own, ignore_errors=True)


@lru_cache(maxsize=1)
def load(model: str, gpu: bool) -> Language:
    """The pipeline of this process, loaded once."""
    if gpu:
        require_gpu()
    return spacy.load(model)


def _predict(shard: Shard, own: Path) -> dict[str, Any]:
    nlp = load(shard.model, shard.gpu)
    counts = {"records": shard.piece.records, "documents": 0, "words": 0, "entities": 0, "rejects": 0}
    results, rejects = own / "shard", own / "rejects"
    writer = open_writer(shard.format, results)
    with rejects.open("w", encoding="utf8") as aside:
        for batch in batches(read_records(shard.piece, shard.fields), shard.batch_size):
            # What the pipeline learns of new words is forgotten again: a stream of text never ends.
            with nlp.memory_zone():
                for record, doc in predict_batch(nlp, batch):
                    if isinstance(doc, Reject):
                        counts["rejects"] += 1
                        _set_aside(shard, doc, aside)
                    else:
                        counts["documents"] += 1
                        counts["words"] += len(doc)
                        counts["entities"] += len(doc.ents)
                        writer.add(record, doc)
    writer.close()
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


def predict_batch(nlp: Language, batch: Sequence[Record | Reject]) -> Iterator[tuple[Any, Doc | Reject]]:
    """Each record of a batch with its document, or with why there is none."""
    good = [record for record in batch if isinstance(record, Record)]
    try:
        docs: list[Doc | Reject] = list(nlp.pipe([nlp.make_doc(record.text) for record in good]))
    except Exception:  # noqa: BLE001 - one by one it will be seen whose fault it was
        docs = [_alone(nlp, record) for record in good]
    found = iter(docs)
    for record in batch:
        yield record, record if isinstance(record, Reject) else next(found)


def _alone(nlp: Language, record: Record) -> Doc | Reject:
    try:
        return nlp(record.text)
    except Exception as error:  # noqa: BLE001 - the record is set aside with the reason
        # Fails again where not the record but the pipeline or the machine is at fault.
        nlp(PROBE)
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:300]
        return Reject(record.number, reason, record.text[:200])


def _set_aside(shard: Shard, reject: Reject, stream: IO[str]) -> None:
    row = {"source": shard.piece.source.name, "line": reject.number, "reason": reject.reason}
    stream.write(json.dumps({**row, "record": reject.excerpt}, ensure_ascii=True) + "\n")


def _put_in_place(shard: Shard, own: Path, counts: Mapping[str, int]) -> dict[str, Any]:
    """Rename the files to their places: bad records first, then the shard, then its record."""
    for place in (shard.place, shard.record):
        place.parent.mkdir(parents=True, exist_ok=True)
    # It may be of other input, and would vouch for the new shard if this ended before the last line.
    shard.record.unlink(missing_ok=True)
    if counts["rejects"]:
        shard.rejects.parent.mkdir(parents=True, exist_ok=True)
        (own / "rejects").replace(shard.rejects)
    else:
        shard.rejects.unlink(missing_ok=True)
    found = {**counts, "fingerprint": shard.fingerprint, "bytes": (own / "shard").stat().st_size}
    (own / "record").write_text(json.dumps(found), encoding="utf8")
    (own / "shard").replace(shard.place)
    (own / "record").replace(shard.record)
    return found
