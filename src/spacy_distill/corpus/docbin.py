"""`.spacy` files and folders: read as a stream, written whole or not at all."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from srsly.msgpack import msgpack_decoders, msgpack_encoders

from ..errors import DistillError
from .files import write_bytes


def shard_paths(path: Path) -> list[Path]:
    """The `.spacy` files that a path stands for.

    path: A `.spacy` file, or a folder searched for them at any depth.
    RETURNS: The files, sorted by name.
    RAISES DistillError: If the path does not exist or the folder holds no `.spacy` file.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DistillError(f"No such corpus: {path}. Expected a .spacy file, or a folder that holds some.")
    found = sorted(p for p in path.rglob("*.spacy") if p.is_file())
    if not found:
        raise DistillError(f"The folder {path} holds no .spacy file. Make one with `spacy-distill import`.")
    return found


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read documents one shard at a time.

    path: A `.spacy` file or a folder of them.
    vocab: The vocabulary of the documents.
    YIELDS: The documents, in the order of the files and within them.
    RAISES DistillError: If there is nothing to read or a file is not a DocBin.
    """
    for shard in shard_paths(path):
        docs, codecs = read_shard(shard).get_docs(vocab), Codecs()
        while (doc := codecs.call(next, docs, None)) is not None:
            yield doc


def count_docs(path: Path) -> int:
    """The number of documents in a `.spacy` file or folder."""
    return sum(len(read_shard(shard)) for shard in shard_paths(path))


def write_docs(docs: Iterable[Doc], path: Path) -> int:
    """Write documents, with their provenance and span groups, to one `.spacy` file.

    The file appears whole or not at all: it is written beside its place and then renamed.

    docs: The documents.
    path: The file to write; missing folders are made.
    RETURNS: How many documents were written.
    RAISES DistillError: If the file cannot be written there.
    """
    path = Path(path)
    docbin, codecs = DocBin(store_user_data=True), Codecs()
    for doc in docs:
        codecs.call(docbin.add, doc)
    write_bytes(docbin.to_bytes(), path)
    return len(docbin)


def read_shard(path: Path) -> DocBin:
    """Read one `.spacy` file without making its documents.

    RAISES DistillError: If the file is not a DocBin.
    """
    try:
        return DocBin(store_user_data=True).from_disk(path)
    except (zlib.error, ValueError, TypeError, KeyError, EOFError) as error:
        raise DistillError(
            f"{path} is not a .spacy file (a DocBin), or is damaged: {type(error).__name__}. "
            "Make one with `spacy-distill import`."
        ) from error


P = ParamSpec("P")
R = TypeVar("R")


class Codecs:
    """The codecs that are registered now."""

    def __init__(self) -> None:
        self._known = [(registry, registry.get_all()) for registry in (msgpack_encoders, msgpack_decoders)]

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function that packs or unpacks, with these codecs at hand.

        function: The function; it returns before anyone else may register a codec.
        RETURNS: What it returns.
        """
        for registry, known in self._known:
            # Hides the method of this name from srsly as long as the call lasts.
            registry.get_all = lambda known=known: known
        try:
            return function(*args, **kwargs)
        finally:
            for registry, _ in self._known:
                registry.__dict__.pop("get_all", None)
