"""Files and folders as objects of a Ray cluster: put there once, unpacked once on each node."""

import fcntl
import hashlib
import mmap
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .digests import digest
from .engine import Work
from .options import RayOptions


@dataclass(frozen=True)
class Parcel:
    """A file or folder in the object store.

    key (str): Hash of its name and content.
    name (str): Its name, which a reader may go by.
    data (ObjectRef): Its archive; within a dataclass, so that Ray fetches it only where it is asked for.
    """

    key: str
    name: str
    data: Any

    def unpacked(self) -> Path:
        """The file or folder on this node; unpacked by the first worker that asks."""
        import ray

        folder = _cache()
        place = folder / self.key
        with (folder / f"{self.key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.is_dir():
                beside = folder / f"{self.key}.part"
                shutil.rmtree(beside, ignore_errors=True)
                unpack(ray.get(self.data), beside)
                beside.rename(place)
        return place / self.name


# Where the files of jobs are: on shared storage, or on their way to a worker.
Places = Mapping[str, str | Parcel]


def placed(jobs: Sequence[Work], options: RayOptions) -> Places:
    """Make the files of jobs reachable for workers, each once.

    RETURNS (Places): Where they are, by path.
    """
    files = sorted({path for job in jobs for path in job.files()})
    return {path: str(Path(path).resolve()) for path in files} if options.files == "shared" else ship(files)


def unpacked(places: Places) -> dict[str, str]:
    """In a worker: where the files are on its node."""
    return {
        path: str(place.unpacked() if isinstance(place, Parcel) else place) for path, place in places.items()
    }


def ship(paths: Iterable[str]) -> dict[str, Parcel]:
    """Put files and folders into the object store, equal ones once.

    RETURNS (dict[str, Parcel]): By path.
    """
    import ray

    parcels: dict[str, Parcel] = {}
    found: dict[str, Parcel] = {}
    for text in paths:
        path = Path(text).resolve()
        key = hashlib.sha256(f"{path.name}\0{digest(path)}".encode()).hexdigest()
        if key not in parcels:
            parcels[key] = Parcel(key, path.name, ray.put(pack(path)))
        found[text] = parcels[key]
    return found


def pack(path: Path) -> Any:
    """An archive of a file or folder, as an array that lies in a file: memory does not grow with it."""
    import numpy as np

    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(path, path.name)
        file.flush()
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def unpack(data: Any, folder: Path) -> None:
    """Unpack an archive into a folder; it is read where it lies, in the object store.

    data (ndarray): What `pack` made.
    folder (Path): Where to; missing folders are made.
    """
    import pyarrow

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=pyarrow.BufferReader(pyarrow.py_buffer(data)), mode="r|") as archive:
        archive.extractall(folder, filter="data")


def _cache() -> Path:
    """This user's folder of unpacked files on this node; what is in it may be deleted when nothing runs.

    RAISES (ValueError): If somebody else made it.
    """
    folder = Path(tempfile.gettempdir(), f"spacy-distill-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ValueError(f"{folder} belongs to another user. Remove it, or set TMPDIR on this node.")
    return folder
