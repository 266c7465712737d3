"""Hugging Face data sets: a saved folder, Parquet, or a name at the hub."""

import shutil
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, ClassVar

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ..categories import classes_of, is_exclusive
from ..entities import tags_of
from ..files import not_written, write_bytes
from ..text import ReadIssues
from .base import PARTS, Format, Head, ImportOptions
from .rows import NOTHING, Row, is_known, read_rows, row_of

PARQUET = ".parquet"
MARKS = ("dataset_dict.json", "dataset_info.json")


class HuggingFace(Format):
    """Data sets with tokens and tags, text and spans, or text and classes; numbers by their names."""

    name: ClassVar[str] = "datasets"
    about: ClassVar[str] = "a Hugging Face data set: saved folder, Parquet, or a name at the hub"
    endings: ClassVar[tuple[str, ...]] = (PARQUET,)
    holds: ClassVar[frozenset[str]] = frozenset(PARTS) - {"meta"}
    whole_folder: ClassVar[bool] = True

    def recognise(self, head: Head) -> str:
        if head.path.is_dir():
            return next((f"it holds {mark}" for mark in MARKS if (head.path / mark).is_file()), "")
        return f"its name ends with {PARQUET}" if head.ending == PARQUET else ""

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        with TemporaryDirectory() as cache:
            dataset = _load(file, options.split, cache)
            features = dataset.features
            rows = (
                (number, {key: _named(value, features[key], key) for key, value in row.items()})
                for number, row in enumerate(dataset, start=1)
            )
            yield from read_rows(rows, file, name, nlp, issues, options.fields, _as_row)

    def count(self, file: Path) -> int:
        with TemporaryDirectory() as cache:
            return len(_load(file, None, cache))

    def makes_folder(self, out: Path) -> bool:
        return out.suffix != PARQUET

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        datasets = import_datasets()
        exclusive = is_exclusive(docs)
        rows = [_row(doc, exclusive) for doc in docs]
        tags = dict.fromkeys(["O", *sorted({tag for row in rows for tag in row.get("ner_tags", ()) if tag})])
        labels = sorted({label for doc in docs for label in doc.cats})
        value, tag_names = datasets.Value, datasets.ClassLabel(names=list(tags))
        kinds = {
            "tokens": datasets.List(value("string")),
            "ner_tags": datasets.List(tag_names),
            "label": datasets.ClassLabel(names=labels or ["O"]),
            "cats": {label: value("int8") for label in labels},
        }
        columns = sorted({key for row in rows for key in row})
        known = datasets.Features({key: kinds.get(key, value("string")) for key in columns})
        for row in rows:
            row |= {key: None for key in columns if key not in row}
            if row.get("ner_tags") is not None:
                row["ner_tags"] = [NOTHING[0] if t is None else tag_names.str2int(t) for t in row["ner_tags"]]
            if row.get("label") is not None:
                row["label"] = labels.index(row["label"])
        dataset = datasets.Dataset.from_list(rows, features=known)
        if not self.makes_folder(out):
            buffer = BytesIO()
            dataset.to_parquet(buffer)
            write_bytes(buffer.getvalue(), out)
            return
        if out.exists() and any(out.iterdir()):
            raise DistillError(f"The folder {out} is not empty. Choose another place.")
        try:
            dataset.save_to_disk(str(out))
        except OSError as error:
            shutil.rmtree(out, ignore_errors=True)
            raise not_written(out, error) from error


def _row(doc: Doc, exclusive: bool) -> Row:
    row = {key: value for key, value in row_of(doc).items() if key in ("id", "document", "text", "tokens")}
    if doc.cats:
        row |= (
            {"label": classes_of(doc)[0]} if exclusive else {"cats": {k: int(v) for k, v in doc.cats.items()}}
        )
    elif is_known(doc):
        row["ner_tags"] = tags_of(doc)
    return row


def _load(src: Path, split: str | None, cache: str) -> Any:
    """A data set: one split.

    cache: a folder for what is made while it is read; what comes from the hub is kept in its own.
    RAISES DistillError: if it cannot be had, or has several splits and none is chosen.
    """
    datasets = import_datasets()
    try:
        if src.is_dir():
            found = datasets.load_from_disk(str(src))
        elif src.exists():
            found = datasets.Dataset.from_parquet(str(src), cache_dir=cache)
        else:
            found = datasets.load_dataset(src.as_posix())
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        said = " ".join(str(error).split())
        raise DistillError(f"{src} cannot be read as a data set, here or at the hub: {said:.300}") from error
    if not isinstance(found, dict):
        if split is not None:
            raise DistillError(f"{src} has no splits. Leave out --split.")
        return found
    names = ", ".join(found)
    if split is None and len(found) > 1:
        raise DistillError(f"{src} has the splits {names}. Choose one with --split.")
    if split is not None and split not in found:
        raise DistillError(f"{src} has no split {split!r}. It has {names}.")
    return found[split or next(iter(found))]


def _named(value: Any, feature: Any, field: str) -> Any:
    """A value whose class labels are names instead of numbers; None for one that says nothing."""
    if value is None:
        return None
    if isinstance(feature, dict):
        return {key: _named(value[key], inner, field) for key, inner in feature.items()}
    if (inner := getattr(feature, "feature", None)) is not None and isinstance(value, list):
        return [_named(one, inner, field) for one in value]
    if (names := getattr(feature, "names", None)) is None or value in NOTHING:
        return value if names is None else None
    if not 0 <= value < len(names):
        raise DistillError(f'the number {value} in "{field}" has no name: there are {len(names)}')
    return names[value]


def _as_row(row: Row) -> Row:
    """A row without what is not there, and with a table of spans as a list of them."""
    found: Row = {}
    for key, value in row.items():
        if key == "cats" and isinstance(value, dict):
            value = {label: score for label, score in value.items() if score is not None}
        elif isinstance(value, dict) and {"start", "end"} <= set(value):
            parts = [value[name] for name in value]
            if all(isinstance(part, list) for part in parts):
                value = [dict(zip(value, one, strict=True)) for one in zip(*parts, strict=True)]
        found[key] = value
    return {key: value for key, value in found.items() if value is not None and (key, value) != ("cats", {})}


def import_datasets() -> ModuleType:
    """The library of data sets.

    RAISES DistillError: if it is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise DistillError("Data sets need a package: pip install 'spacy-distill[datasets]'.") from error
    datasets.disable_progress_bars()
    module: ModuleType = datasets
    return module
