"""A Ray cluster: joining it, and shipping files to its nodes."""

import hashlib
import logging
import mmap
import os
import secrets
import shutil
import socket
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock

from ..corpus.files import digest
from ..errors import DistillError
from .engine import EngineJob, RayOptions
from .local import ONE_THREAD

ADDRESS = "RAY_ADDRESS"
AUTHENTICATION = "RAY_AUTH_MODE"
TOKEN = "RAY_AUTH_TOKEN"
LOCAL = "local"
AUTO = "auto"
# Seconds to wait for a cluster to answer at all.
CONNECT_TIMEOUT = 5.0
# Rounding of fractions of a CPU or GPU.
ROUNDING = 1e-6


@contextmanager
def joined_cluster(options: RayOptions, workers: int | None = None) -> Iterator[int]:
    """Join the cluster that RAY_ADDRESS names; without it, start one on this machine and end it afterwards.

    options: what a worker takes.
    workers: how many workers at a time, at least 1; None: as many as fit.
    YIELDS: how many workers there may be at a time.
    RAISES DistillError: if Ray is not installed, the cluster does not answer, or no worker fits on a node.
    """
    if workers is not None and workers < 1:
        raise DistillError(f"The number of jobs at a time must be at least 1, got {workers}.")
    address = os.environ.get(ADDRESS) or LOCAL
    if address == LOCAL and AUTHENTICATION not in os.environ:
        # Otherwise Ray leaves a token in the user's home, which changes how later clusters start.
        os.environ |= {AUTHENTICATION: "token", TOKEN: secrets.token_hex(32)}
    ray = import_ray()
    settings: dict[str, Any] = {"address": address}
    if address == LOCAL:
        cpus = options.num_cpus * workers if workers else os.cpu_count() or 1
        settings |= {"num_cpus": ceil(cpus), "include_dashboard": False}
    else:
        _check_address(address)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        ray.init(
            **settings, logging_level=logging.ERROR, log_to_driver=False, runtime_env=worker_environment()
        )
    except (ConnectionError, RuntimeError, TimeoutError, ray.exceptions.AuthenticationError) as error:
        raise DistillError(
            f"Cannot use the Ray cluster at {address}: {_first_line(error)}. Its nodes need this machine's "
            f"versions of Python and Ray; where its head has a token, set {AUTHENTICATION}=token and that "
            f"token here ({TOKEN}, or ~/.ray/auth_token). Unset {ADDRESS} to start a cluster here."
        ) from error
    try:
        fit = _workers_that_fit(ray, options)
        yield min(workers, fit) if workers else fit
    finally:
        ray.shutdown()


def import_ray() -> ModuleType:
    """Ray, without its reports of usage.

    RAISES DistillError: if it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise DistillError(
            f"The engine ray needs Ray and pyarrow, which are not installed ({error.name or error}): "
            "pip install 'spacy-distill[ray]'. The engine local needs neither."
        ) from error
    module: ModuleType = ray
    return module


def worker_environment() -> dict[str, Any]:
    """What workers get from here: one thread, and this package, so that nodes need its dependencies only."""
    package = Path(__file__).parents[1]
    metadata = next(f for f in distribution("spacy-distill").files or () if f.name == "METADATA")
    # The metadata name the entry points: without them no registered name of ours could be resolved.
    modules = [str(package), str(Path(str(metadata.locate())).parent)]
    return {"env_vars": ONE_THREAD, "py_modules": modules}


def _check_address(address: str) -> None:
    """Ray waits for minutes where nobody answers."""
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdigit():
        raise DistillError(
            f"{ADDRESS} is {address!r}. Expected the host and port of a cluster's head, e.g. 10.0.0.1:6379, "
            f"or {AUTO!r} on a machine of the cluster. For ray://… run the command on the cluster itself, "
            "e.g. by `ray job submit`."
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise DistillError(
            f"Nobody answers at {ADDRESS}={address} ({_first_line(error)}). Start a cluster with "
            f"`ray start --head`, or unset {ADDRESS} to start one on this machine."
        ) from error


def _workers_that_fit(ray: ModuleType, options: RayOptions) -> int:
    """How many workers fit on the nodes that are there.

    RAISES DistillError: if none does: Ray would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    wanted = {"CPU": options.num_cpus, **({"GPU": options.num_gpus} if options.num_gpus else {})}
    fit = sum(
        min(int((node.get(kind, 0.0) + ROUNDING) / amount) for kind, amount in wanted.items())
        for node in nodes
    )
    if not fit:
        have = "; ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise DistillError(
            f"A worker takes {options.num_cpus:g} CPUs and {options.num_gpus:g} GPUs, and no node of the "
            f"cluster has them ({have}). Ask for less, or add a node."
        )
    return fit


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class ShippedFile:
    """A file or folder in the object store.

    key: hash of its name and content.
    name: its name, which a reader may go by.
    data: its archive; within a dataclass, so that Ray fetches it only where it is asked for.
    """

    key: str
    name: str
    data: Any

    def unpacked(self) -> Path:
        """The file or folder on this node; unpacked by the first worker that asks."""
        import ray

        folder = _cache()
        place = folder / self.key
        with FileLock(folder / f"{self.key}.lock"):
            if not place.is_dir():
                beside = folder / f"{self.key}.part"
                shutil.rmtree(beside, ignore_errors=True)
                unpack(ray.get(self.data), beside)
                beside.rename(place)
        return place / self.name


# Where the files of jobs are, by path: on shared storage, or on their way to a worker.
Places = Mapping[str, str | ShippedFile]


def make_reachable(jobs: Sequence[EngineJob], options: RayOptions) -> Places:
    """Make the files of jobs reachable for workers, each once.

    RETURNS: where they are, by path.
    """
    files = sorted({path for job in jobs for path in job.files()})
    return {path: str(Path(path).resolve()) for path in files} if options.files == "shared" else ship(files)


def local_places(places: Places) -> dict[str, str]:
    """In a worker: where the files are on its node."""
    return {p: str(at.unpacked() if isinstance(at, ShippedFile) else at) for p, at in places.items()}


def ship(paths: Iterable[str]) -> dict[str, ShippedFile]:
    """Put files and folders into the object store, equal ones once.

    RETURNS: by path.
    """
    import ray

    by_key: dict[str, ShippedFile] = {}
    found: dict[str, ShippedFile] = {}
    for text in paths:
        path = Path(text).resolve()
        key = hashlib.sha256(f"{path.name}\0{digest(path)}".encode()).hexdigest()
        if key not in by_key:
            by_key[key] = ShippedFile(key, path.name, ray.put(pack(path)))
        found[text] = by_key[key]
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

    data: what `pack` made.
    folder: where to; missing folders are made.
    """
    import pyarrow

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=pyarrow.BufferReader(pyarrow.py_buffer(data)), mode="r|") as archive:
        archive.extractall(folder, filter="data")


def _cache() -> Path:
    """This user's folder of unpacked files on this node; what is in it may be deleted when nothing runs.

    RAISES DistillError: if somebody else made it.
    """
    folder = Path(tempfile.gettempdir(), f"spacy-distill-{_user()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != _user():
        raise DistillError(f"{folder} belongs to another user. Remove it, or set TMPDIR on this node.")
    return folder


def _user() -> int:
    """The number of this process's user; 0 where there are none (Windows)."""
    return os.getuid() if hasattr(os, "getuid") else 0
