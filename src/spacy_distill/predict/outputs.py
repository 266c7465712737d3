"""Shards in the formats that predictions are written in."""

import json
from pathlib import Path
from typing import Any, Protocol

from spacy.tokens import Doc, DocBin

from ..corpus.codecs import Codecs
from ..corpus.provenance import set_origin
from .formats import Format
from .pieces import import_pyarrow
from .records import Record

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
