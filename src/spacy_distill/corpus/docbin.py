"""`.spacy` files and folders: read as a stream, written whole or not at all."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import srsly
from spacy.attrs import (  # type: ignore[import-not-found]
    DEP,
    ENT_ID,
    ENT_KB_ID,
    ENT_TYPE,
    LEMMA,
    NORM,
    ORTH,
    SPACY,
    TAG,
)
from spacy.strings import StringStore
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from srsly.msgpack import msgpack_decoders, msgpack_encoders

from ..errors import DistillError, shorten
from .files import files_within, write_bytes
from .provenance import (
    CONFIDENCE,
    KEY,
    LABELS,
    REJECTED,
    VIEW_PREFIX,
    VOTES,
    article_id,
    check_record,
    doc_id,
)

# Of a token: each is a string's hash, and writing it again needs the string.
STRING_ATTRS = (ORTH, NORM, LEMMA, TAG, DEP, ENT_TYPE, ENT_KB_ID, ENT_ID)


def shard_paths(path: Path) -> list[Path]:
    """The `.spacy` files that a path stands for.

    path: a `.spacy` file, or a folder searched for them at any depth.
    RETURNS: the files, sorted by name.
    RAISES DistillError: if the path does not exist or the folder holds no `.spacy` file.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DistillError(f"No such corpus: {path}. Expected a .spacy file, or a folder that holds some.")
    found = files_within(path, "*.spacy")
    if not found:
        raise DistillError(f"The folder {path} holds no .spacy file. Make one with `spacy-distill import`.")
    return found


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read documents one shard at a time.

    path: a `.spacy` file or a folder of them.
    vocab: the vocabulary of the documents.
    YIELDS: the documents, in the order of the files and within them.
    RAISES DistillError: if there is nothing to read or a file is not a DocBin.
    """
    for shard in shard_paths(path):
        docs, codecs = read_shard(shard).get_docs(vocab), Codecs()
        while True:
            with named_damage(shard):
                doc = codecs.call(next, docs, None)
                if doc is None:
                    break
                _check(doc)
            yield doc


def _check(doc: Doc) -> None:
    """Raise one of `DAMAGE` if a document holds strings that the file lacks, or a record of another kind."""
    # Text and labels are looked up when they are first asked for: here, and not in the middle of the work.
    _ = doc.text
    for spans in (doc.ents, *doc.spans.values()):
        for span in spans:
            _ = span.label_
    check_record(doc)


def count_docs(path: Path) -> int:
    """The number of documents in a `.spacy` file or folder."""
    return sum(len(read_shard(shard)) for shard in shard_paths(path))


def write_docs(docs: Iterable[Doc], path: Path) -> int:
    """Write documents, with their provenance and span groups, to one `.spacy` file.

    The file appears whole or not at all: it is written beside its place and then renamed.

    docs: the documents.
    path: the file to write; missing folders are made.
    RETURNS: how many documents were written.
    RAISES DistillError: if the file cannot be written there.
    """
    path = Path(path)
    docbin, codecs = DocBin(store_user_data=True), Codecs()
    for doc in docs:
        codecs.call(docbin.add, doc)
    write_bytes(docbin.to_bytes(), path)
    return len(docbin)


def content_digest(path: Path) -> str:
    """SHA-256 of what a corpus says: words and annotation, labels that documents may get, and their ids.

    What is known of how the labels came about (views, votes, confidence, provenance) makes no difference, nor
    does how the documents are divided among files.

    path: a `.spacy` file or a folder of them.
    RAISES DistillError: as `read_docs`.
    """
    total = hashlib.sha256()
    attrs = [*DocBin().attrs, SPACY]
    for doc in read_docs(path, Vocab()):
        groups = {
            name: [(span.start, span.end, span.label_, span.kb_id_, span.id_) for span in spans]
            for name, spans in doc.spans.items()
            if spans and name not in (REJECTED, VOTES, CONFIDENCE) and not name.startswith(VIEW_PREFIX)
        }
        # Labels that a document may get say which of its places are missing.
        labels = doc.user_data.get(KEY, {}).get(LABELS)
        facts = [doc_id(doc), article_id(doc), len(doc), doc.cats, groups, *([labels] if labels else [])]
        total.update(json.dumps(facts, sort_keys=True).encode())
        total.update(doc.to_array(attrs).tobytes())
    return total.hexdigest()


def read_shard(path: Path) -> DocBin:
    """Read one `.spacy` file without making its documents.

    RAISES DistillError: if the file is not a DocBin.
    """
    with named_damage(path):
        data = path.read_bytes()
        message = srsly.msgpack_loads(zlib.decompress(data))
        _check_lengths(message)
        _check_strings(message)
        docbin = DocBin(store_user_data=True).from_bytes(data)
        numbers = len(docbin.spaces), len(docbin.cats), len(docbin.span_groups), len(docbin.flags)
        if any(number != len(docbin.tokens) for number in numbers):
            raise ValueError("its parts are not of the same number of documents")
        return docbin


def _check_lengths(message: dict[str, Any]) -> None:
    """Raise one of `DAMAGE` if the lengths of documents do not fit the tokens: spaCy does not look."""
    lengths = np.frombuffer(message["lengths"], dtype="int32").astype("int64")
    tokens = len(message["tokens"]) / (8 * len(message["attrs"]))
    if (lengths < 0).any() or not lengths.sum() == tokens == len(message["spaces"]):
        raise ValueError("the lengths of its documents do not add up")


def _check_strings(message: dict[str, Any]) -> None:
    """Raise one of `DAMAGE` if a token has a word, tag or label that is not among the strings."""
    known: Any = StringStore(message["strings"])
    attrs = message["attrs"]
    tokens = np.frombuffer(message["tokens"], dtype="uint64").reshape(-1, len(attrs))
    for column in (attrs.index(attr) for attr in STRING_ATTRS if attr in attrs):
        if not all(int(value) in known for value in np.unique(tokens[:, column]) if value):
            raise ValueError("a token has a word or label that is not among its strings")


@contextmanager
def named_damage(path: Path) -> Iterator[None]:
    """Name the file whose content cannot be what it should be.

    RAISES DistillError: in place of one of `DAMAGE`.
    """
    try:
        yield
    except DistillError:
        raise
    except DAMAGE as error:
        said = shorten(str(error)) if type(error) is ValueError else type(error).__name__
        raise DistillError(
            f"{path} is not a .spacy file (a DocBin), or is damaged: {said}. "
            "Make one with `spacy-distill import`."
        ) from error


# What spaCy, numpy and msgpack raise for a file that holds something else.
DAMAGE = (
    *(zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, AssertionError),
    *(OverflowError, MemoryError, RecursionError, ZeroDivisionError),
)
P = ParamSpec("P")
R = TypeVar("R")


class Codecs:
    """The codecs that are registered now."""

    def __init__(self) -> None:
        self._known = [(registry, registry.get_all()) for registry in (msgpack_encoders, msgpack_decoders)]

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function that packs or unpacks, with these codecs at hand.

        function: the function; it returns before anyone else may register a codec.
        RETURNS: what it returns.
        """
        for registry, known in self._known:
            # Hides the method of this name from srsly as long as the call lasts.
            registry.get_all = lambda known=known: known
        try:
            return function(*args, **kwargs)
        finally:
            for registry, _ in self._known:
                registry.__dict__.pop("get_all", None)
