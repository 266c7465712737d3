"""What a corpus holds, counted without making its documents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy
from confection import ConfigValidationError
from spacy.attrs import ENT_IOB, ENT_TYPE  # type: ignore[import-not-found]
from spacy.strings import StringStore
from spacy.tokens import DocBin

from ...corpus.docbin import read_shard, shard_paths

EMPTY, UNANNOTATED, TOO_LONG = "empty", "unannotated", "too_long"


@dataclass
class Holdings:
    """The documents of a corpus.

    documents (int): Usable documents: they have tokens, NER annotation and are not too long.
    words (int): Their tokens.
    skipped (Counter[str]): The others, by reason: "empty", "unannotated" or "too_long".
    labels (Counter[str]): Entity tokens of the usable documents, by label.
    """

    documents: int = 0
    words: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def skipped_text(self) -> str:
        """The documents that are not usable in words, "3 empty, 12 unannotated"; empty if there are none."""
        return ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())


def scan(path: Path, line: Sequence[str], max_length: int = 0) -> Holdings:
    """Count the documents of a `.spacy` file or folder, one shard in memory at a time.

    path (Path): The corpus.
    line (Sequence[str]): The line of the config that names it.
    max_length (int): Documents of more tokens are not usable; 0 for no limit.
    RETURNS (Holdings): The counts.
    RAISES (ConfigValidationError): If there is nothing to read or a file is not a DocBin.
    """
    holdings = Holdings()
    try:
        for shard in shard_paths(path):
            _scan_shard(read_shard(shard), max_length, holdings)
    except ValueError as error:
        raise ConfigValidationError(
            errors=[{"loc": line, "msg": str(error)}], title="A corpus cannot be read"
        ) from error
    return holdings


def _scan_shard(docbin: DocBin, max_length: int, holdings: Holdings) -> None:
    annotated = ENT_IOB in docbin.attrs
    iob = docbin.attrs.index(ENT_IOB) if annotated else 0
    labels: Counter[int] = Counter()
    for tokens in docbin.tokens:
        if not len(tokens):
            holdings.skipped[EMPTY] += 1
        elif max_length and len(tokens) > max_length:
            holdings.skipped[TOO_LONG] += 1
        elif not annotated or not tokens[:, iob].any():
            holdings.skipped[UNANNOTATED] += 1
        else:
            holdings.documents += 1
            holdings.words += len(tokens)
            if ENT_TYPE in docbin.attrs:
                column = tokens[:, docbin.attrs.index(ENT_TYPE)]
                labels.update(column[numpy.nonzero(column)].tolist())
    strings = StringStore(docbin.strings)
    holdings.labels.update({strings[label]: count for label, count in labels.items()})
