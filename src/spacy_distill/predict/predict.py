"""Predict a corpus: what is to be done, what is done already, and doing the rest on an engine."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import spacy
from spacy.util import get_package_path, is_package

from ..corpus.files import digest, locked_folder
from ..engines.engine import Engine, JobEvent
from ..errors import DistillError
from .chunks import Shard
from .files import Format, Piece, Source, cut, find_sources, import_pyarrow
from .records import Fields

RUNNING = "_running"
# Files that are read at a time to be cut into pieces.
READERS = 8
SHOWN = 3


@dataclass(frozen=True)
class Wanted:
    """What to predict, and how.

    model: The pipeline's folder.
    corpus: A file or folder.
    out: The folder of shards.
    format: Their format.
    fields: Where JSON and Parquet have text and id.
    lines: Whether text has one document a line.
    shard_size: Records of a shard.
    batch_size: Documents that are predicted at a time.
    gpu: Whether on a GPU.
    """

    model: Path
    corpus: Path
    out: Path
    format: Format = Format.jsonl
    fields: Fields = field(default_factory=Fields)
    lines: bool | None = None
    shard_size: int = 10_000
    batch_size: int = 128
    gpu: bool = False


@dataclass
class Plan:
    """The shards of an output.

    done: The records of those that are finished.
    todo: Those that are not.
    unreadable: Sources that cannot be read, and why.
    """

    done: list[dict[str, Any]] = field(default_factory=list)
    todo: list[Shard] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def find_model(model: str) -> Path:
    """The folder of a trained pipeline that loads.

    model: A folder, or the name of an installed package.
    RAISES DistillError: If there is no such pipeline, or it does not load here.
    """
    folder = Path(model)
    if not folder.is_dir() and is_package(model):
        package = get_package_path(model)
        folder = next((place.parent for place in package.glob("*/config.cfg")), package)
    if not (folder / "config.cfg").is_file() or not (folder / "meta.json").is_file():
        raise DistillError(
            f"{model} is no trained pipeline: expected a folder with config.cfg and meta.json, such as "
            "training/model-last, or the name of an installed package."
        )
    try:
        spacy.load(folder)
    except (ValueError, OSError, ImportError, KeyError) as error:
        raise DistillError(f"The pipeline {model} does not load: {error}") from error
    return folder.resolve()


@contextmanager
def opened_output(wanted: Wanted) -> Iterator[Path]:
    """Work in the output's folder alone.

    YIELDS: A scratch folder in it.
    RAISES DistillError: If it is part of the corpus or the other way round, or cannot be written to.
    """
    corpus, out = wanted.corpus.resolve(), wanted.out.resolve()
    if wanted.out.is_file() or out.suffix in {f".{name}" for name in Format}:
        raise DistillError(f"{wanted.out}: expected a folder for the shards; --format says what they are.")
    if corpus.is_dir() and (out.is_relative_to(corpus) or corpus.is_relative_to(out)):
        raise DistillError(
            f"{wanted.out} and the corpus {wanted.corpus} lie within each other. Choose another folder."
        )
    if wanted.format is Format.parquet:
        import_pyarrow()
    with locked_folder(out, RUNNING, "Another prediction") as scratch:
        yield scratch


def make_plan(wanted: Wanted) -> Plan:
    """Cut the corpus into pieces and look for the shards that are done.

    RAISES DistillError: If there is no such corpus, or the output's folder holds what is not of this corpus.
    """
    model = digest(wanted.model)
    sources = find_sources(wanted.corpus, lines=wanted.lines)
    plan, names = Plan(), set()
    with ThreadPoolExecutor(READERS) as pool:
        for source, pieces in zip(sources, pool.map(lambda s: _pieces(s, wanted), sources), strict=True):
            if isinstance(pieces, str):
                plan.unreadable[source.name] = pieces
                continue
            for piece in pieces:
                shard = _shard(piece, wanted, model)
                names.add(shard.name)
                record = shard.finished()
                if record is None:
                    plan.todo.append(shard)
                else:
                    plan.done.append(record)
    _refuse_strangers(wanted, names, plan.unreadable)
    return plan


def predict(plan: Plan, engine: Engine[Shard], scratch: Path) -> Iterator[JobEvent[Shard]]:
    """Predict the shards that are not done.

    YIELDS: What happens, shard by shard; the facts of a finished one are its record.
    """
    yield from engine.run(plan.todo, _unique(scratch))


def _pieces(source: Source, wanted: Wanted) -> list[Piece] | str:
    """The pieces of a source, or why it cannot be read."""
    try:
        return list(cut(source, wanted.shard_size, wanted.fields.text))
    except (ValueError, OSError) as error:
        return str(error)


def _shard(piece: Piece, wanted: Wanted, model: str) -> Shard:
    facts = [model, piece.digest, piece.source.name, piece.source.kind, piece.start, piece.end]
    facts += [wanted.format, wanted.fields.text, wanted.fields.id]
    return Shard(
        piece,
        str(wanted.model),
        str(wanted.out.resolve()),
        hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
        wanted.format,
        wanted.fields,
        wanted.batch_size,
        wanted.gpu,
    )


def _refuse_strangers(wanted: Wanted, names: set[str], unreadable: Mapping[str, str]) -> None:
    """Nobody could tell later which shards belong together.

    RAISES DistillError: If there are shards that this corpus does not make.
    """
    out = wanted.out.resolve()
    found = chain.from_iterable(out.rglob(f"*.{suffix}") for suffix in Format)
    inner = (path.relative_to(out) for path in found)
    strange = sorted(
        name.as_posix() for name in inner if name.parts[0][0] not in "._" and name.as_posix() not in names
    )
    if strange and not unreadable:
        shown = ", ".join(strange[:SHOWN]) + (", …" if len(strange) > SHOWN else "")
        raise DistillError(
            f"{wanted.out} holds {len(strange)} files that are no part of these predictions ({shown}): made "
            "from another corpus, or with another --format or --shard-size. Remove them, or choose another "
            "folder."
        )


def _unique(scratch: Path) -> Path:
    """A scratch folder of a name that no node has by chance: who sees it, shares the storage."""
    folder = scratch / uuid.uuid4().hex
    folder.mkdir()
    return folder
