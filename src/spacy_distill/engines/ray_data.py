"""Ray Data: files shipped to a cluster, and a corpus as a data set."""

import fcntl
import hashlib
import mmap
import os
import pickle
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from ..errors import DistillError
from .engine import Event, J, Outcome, RayOptions, Task, Work


def digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    if path.is_file():
        return _file_digest(path)
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        # A name that is not UTF-8 has its bytes as surrogates.
        line = f"{file.relative_to(path).as_posix()}\0{_file_digest(file)}\n"
        total.update(line.encode(errors="surrogateescape"))
    return total.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Parcel:
    """A file or folder in the object store.

    key: Hash of its name and content.
    name: Its name, which a reader may go by.
    data: Its archive; within a dataclass, so that Ray fetches it only where it is asked for.
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

    RETURNS: Where they are, by path.
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

    RETURNS: By path.
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

    data: What `pack` made.
    folder: Where to; missing folders are made.
    """
    import pyarrow

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=pyarrow.BufferReader(pyarrow.py_buffer(data)), mode="r|") as archive:
        archive.extractall(folder, filter="data")


def _cache() -> Path:
    """This user's folder of unpacked files on this node; what is in it may be deleted when nothing runs.

    RAISES DistillError: If somebody else made it.
    """
    folder = Path(tempfile.gettempdir(), f"spacy-distill-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise DistillError(f"{folder} belongs to another user. Remove it, or set TMPDIR on this node.")
    return folder


# Jobs that wait at an actor, so that it need not wait for the next one.
AHEAD = 2


class RayDataset(Generic[J]):
    """Carries out jobs by `map_batches` on the Ray cluster that this process has joined.

    Results stay where the task put them, on storage that all nodes share: nothing but what the task says of
    them goes through the driver.

    task: What is done with each job; it must bear being done twice.
    workers: How many actors.
    options: What an actor takes.
    """

    def __init__(self, task: Task[J], workers: int, options: RayOptions) -> None:
        self.task = task
        self.workers = workers
        self.options = options

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[Event[J]]:
        """Carry out all jobs: see `Engine`."""
        import ray

        ray.data.DataContext.get_current().enable_progress_bars = False
        tasks = [(job, (scratch / str(i)).resolve()) for i, job in enumerate(jobs)]
        rows = [{"index": i, "job": pickle.dumps(task)} for i, task in enumerate(tasks)]
        # A block is what an actor takes at a time, and what is done again if it is lost.
        found = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Actor,
            fn_constructor_args=(self.task, placed(jobs, self.options)),
            batch_size=1,
            num_cpus=self.options.num_cpus,
            num_gpus=self.options.num_gpus,
            compute=ray.data.ActorPoolStrategy(
                size=min(self.workers, len(rows)), max_tasks_in_flight_per_actor=AHEAD
            ),
        )
        try:
            for row in found.iter_rows():
                job, outcome = jobs[int(row["index"])], pickle.loads(row["outcome"])
                yield Event(job, "started")
                yield Event.of(job, outcome)
        except ray.exceptions.RayError as error:
            said = re.findall(r"^[\w.]*(?:Error|Exception): .*", str(error), re.MULTILINE)
            reason = said[-1] if said else str(error)
            raise DistillError(f"The workers on the Ray cluster cannot go on: {reason}") from error


class Actor:
    """Lives in a worker and carries out one job after the other.

    task: What is done.
    places: Where the files of the jobs are.
    """

    def __init__(self, task: Task[Any], places: Places) -> None:
        self.task = task
        self.places = unpacked(places)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Carry out the jobs of a batch."""
        outcomes = [self._carry_out(*pickle.loads(job)) for job in batch["job"]]
        return {"index": list(batch["index"]), "outcome": [pickle.dumps(outcome) for outcome in outcomes]}

    def _carry_out(self, job: Any, folder: Path) -> Outcome:
        return self.task(job.moved({path: self.places[path] for path in job.files()}), folder)
