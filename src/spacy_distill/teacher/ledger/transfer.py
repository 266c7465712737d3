"""A ledger's answers as a file of JSON Lines."""

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .entry import to_line
from .ledger import Ledger


def lines(ledger: Ledger) -> Iterator[str]:
    """A ledger's answers in the order they came in.

    YIELDS (str): One answer as a line of JSON.
    """
    for entry in ledger.entries():
        yield json.dumps(to_line(entry), ensure_ascii=False) + "\n"


def write_export(ledger: Ledger, path: Path) -> None:
    """Write all answers to a file, whole or not at all.

    ledger (Ledger): The ledger.
    path (Path): The file; gzipped if its name ends in ".gz".
    RAISES (ValueError): If the file cannot be written there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(beside, "wt", encoding="utf-8") as file:
            file.writelines(lines(ledger))
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ValueError(
            f"Cannot write {path}: {error.strerror}. Choose a place you may write to."
        ) from error
