"""The files of a corpus to predict, by their kind."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What a source is, and so how it is read."""

    jsonl = "jsonl"
    lines = "lines"  # text, one document a line
    texts = "texts"  # a folder of text, one document a file
    parquet = "parquet"
    spacy = "spacy"


SUFFIXES = {
    ".jsonl": Kind.jsonl,
    ".jsonl.gz": Kind.jsonl,
    ".txt": Kind.lines,
    ".txt.gz": Kind.lines,
    ".parquet": Kind.parquet,
    ".spacy": Kind.spacy,
}


@dataclass(frozen=True)
class Source:
    """A file, or a folder of text files.

    path (Path): Where it is.
    name (str): Its place within the corpus, for people and in ids: no `.gz`.
    kind (Kind): How it is read.
    files (tuple[str, ...]): The text files of a folder.
    """

    path: Path
    name: str
    kind: Kind
    files: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """How the names of its shards begin."""
        return "texts" if self.kind is Kind.texts else self.name.rpartition(".")[0]


def find_sources(path: Path, *, lines: bool | None = None) -> list[Source]:
    """The sources of a corpus, in the order of their names.

    path (Path): A file, or a folder searched at any depth. Names that begin with "." or "_" are passed over,
        as readers of Parquet do: in an output of `predict` they hold what is not a prediction.
    lines (Optional[bool]): Text has one document a line, or one a file; None: a line of a file, a file of a
        folder.
    RETURNS (list[Source]): The sources, of one format.
    RAISES (ValueError): If there is none, or more than one format.
    """
    path = Path(path)
    if path.is_file():
        kind = _kind(path)
        if kind is Kind.lines and lines is False:
            return [Source(path.parent, path.name, Kind.texts, (path.name,))]
        return [Source(path, path.name.removesuffix(".gz"), kind)]
    if not path.is_dir():
        raise ValueError(f"No such corpus: {path}. Expected a file or folder of {_allowed()}.")
    names = sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())
    files = [name for name in names if _suffix(name) and not any(part[0] in "._" for part in name.parts)]
    if not files:
        raise ValueError(f"The folder {path} holds no file of {_allowed()}.")
    kinds = {_kind(name): name for name in reversed(files)}
    if len(kinds) > 1:
        shown = ", ".join(map(str, kinds.values()))
        raise ValueError(f"{path} holds files of several formats ({shown}). Give each a folder of its own.")
    if Kind.lines in kinds and not lines:
        return [Source(path, path.name, Kind.texts, tuple(name.as_posix() for name in files))]
    sources = [Source(path / name, name.as_posix().removesuffix(".gz"), _kind(name)) for name in files]
    _refuse_twins(sources)
    return sources


def _refuse_twins(sources: list[Source]) -> None:
    known: dict[str, Source] = {}
    for source in sources:
        one = known.setdefault(source.name, source)
        if one is not source:
            raise ValueError(
                f"{one.path} and {source.path} would have shards and ids of the same names. Keep one of them."
            )


def _suffix(name: Path) -> str | None:
    return next((suffix for suffix in reversed(SUFFIXES) if name.name.endswith(suffix)), None)


def _kind(name: Path) -> Kind:
    suffix = _suffix(name)
    if suffix is None:
        raise ValueError(f"{name}: expected a file of {_allowed()}, or a folder of them.")
    return SUFFIXES[suffix]


def _allowed() -> str:
    return ", ".join(SUFFIXES)
