"""A folder that one command at a time works in, with a scratch folder that is empty at each start."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import DistillError

LOCK = ".lock"


@contextmanager
def held(root: Path, scratch: str, work: str) -> Iterator[Path]:
    """Hold a folder alone, and give a fresh scratch folder in it.

    What earlier, killed work left half-done is removed. The lock ends with the process.

    root: The folder; made if need be.
    scratch: Name of the scratch folder; removed afterwards.
    work: What is at work there, for people.
    YIELDS: The scratch folder.
    RAISES DistillError: If the folder cannot be written to, or is held by another process.
    """
    place = root / scratch
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / LOCK).open("w")
    except OSError as error:
        raise DistillError(
            f"Cannot write to {root}: {error.strerror}. Choose a folder you may write to."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DistillError(
                f"{work} is at work in {root}. Wait for it, or choose another folder."
            ) from error
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
