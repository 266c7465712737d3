"""Ray: a cluster, and tasks on it."""

import logging
import os
import secrets
import socket
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Any, Generic

from ..errors import DistillError
from .engine import Event, J, Outcome, RayOptions, Task
from .local import ONE_THREAD
from .ray_data import Places, pack, placed, unpack, unpacked

ADDRESS = "RAY_ADDRESS"
AUTHENTICATION = "RAY_AUTH_MODE"
TOKEN = "RAY_AUTH_TOKEN"
LOCAL = "local"
AUTO = "auto"
# Seconds to wait for a cluster to answer at all.
PATIENCE = 5.0
# Rounding of fractions of a CPU or GPU.
SLACK = 1e-6


@contextmanager
def connected(options: RayOptions, workers: int | None = None) -> Iterator[int]:
    """Join the cluster that RAY_ADDRESS names; without it, start one on this machine and end it afterwards.

    options: What a worker takes.
    workers: How many workers at a time; None: as many as fit.
    YIELDS: How many workers there may be at a time.
    RAISES DistillError: If Ray is not installed, the cluster does not answer, or no worker fits on a node.
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
        fit = _room(ray, options)
        yield min(workers, fit) if workers else fit
    finally:
        ray.shutdown()


def import_ray() -> ModuleType:
    """Ray, told to keep what it does to itself.

    RAISES DistillError: If it is not installed.
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
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise DistillError(
            f"Nobody answers at {ADDRESS}={address} ({_first_line(error)}). Start a cluster with "
            f"`ray start --head`, or unset {ADDRESS} to start one on this machine."
        ) from error


def _room(ray: ModuleType, options: RayOptions) -> int:
    """How many workers fit on the nodes that are there.

    RAISES DistillError: If none does: Ray would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    wanted = {"CPU": options.num_cpus, **({"GPU": options.num_gpus} if options.num_gpus else {})}
    fit = sum(
        min(int((node.get(kind, 0.0) + SLACK) / amount) for kind, amount in wanted.items()) for node in nodes
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


RESULTS = "results"


class RayTasks(Generic[J]):
    """Carries out jobs as tasks of the Ray cluster that this process has joined.

    task: What is done with each job, in a worker process.
    workers: How many fit on the cluster now; Ray decides which goes where and when.
    options: What a job takes.
    at_most: How many may be with Ray at a time; None: all of them, so that a cluster that
        grows is used.
    """

    def __init__(
        self, task: Task[J], workers: int, options: RayOptions, *, at_most: int | None = None
    ) -> None:
        self.task = task
        self.workers = workers
        self.options = options
        self.at_most = at_most

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[Event[J]]:
        """Carry out all jobs: see `Engine`."""
        import ray

        places = placed(jobs, self.options)
        remote = ray.remote(
            num_cpus=self.options.num_cpus,
            num_gpus=self.options.num_gpus,
            max_retries=self.options.retries,
            num_returns="streaming",
        )(attempt)
        waiting = deque((job, (scratch / str(i)).resolve()) for i, job in enumerate(jobs))
        running: dict[Any, tuple[J, Path]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < (self.at_most or len(jobs)):
                    job, folder = waiting.popleft()
                    own = {path: places[path] for path in job.files()}
                    stream = remote.remote(self.task, job, own, folder if self.shared else None)
                    running[stream] = (job, folder)
                (stream,) = ray.wait(list(running), num_returns=1, fetch_local=False)[0]
                event = self._next(stream, *running[stream])
                if event.kind != "started":
                    del running[stream]
                yield event
        finally:
            for stream in running:
                ray.cancel(stream, force=True)

    @property
    def shared(self) -> bool:
        """Whether all nodes see the driver's files."""
        return self.options.files == "shared"

    def _next(self, stream: Any, job: J, folder: Path) -> Event[J]:
        """What a task says next: that it started, or how it ended."""
        import ray

        try:
            said = ray.get(next(stream))
            if said is None:
                return Event(job, "started")
            outcome, results = said
            if not self.shared and results is not None:
                unpack(results, folder)
                results = folder / RESULTS
            return Event.of(job, outcome, results)
        except StopIteration:
            return Event(job, "failed", error="The worker ended without a word.")
        except ray.exceptions.RayTaskError as error:
            return Event(job, "failed", error=str(error))
        except ray.exceptions.RayError as error:
            lost = (
                f"The worker was lost {self.options.retries + 1} times (killed, out of memory, or its node)."
            )
            return Event(job, "failed", error=f"{error}\n{lost}")


def attempt(
    task: Task[J], job: J, places: Places, where: Path | None
) -> "Iterator[tuple[Outcome, Any] | None]":
    """Carry out a job in a worker.

    places: Where each of the job's files is.
    where: Its folder on storage that all nodes share; None: the results are sent back.
    YIELDS: None as soon as it starts; then what came of it, and the results.
    """
    yield None
    job = job.moved(unpacked(places))
    if where is None:
        with tempfile.TemporaryDirectory(prefix="spacy-distill-") as temporary:
            folder = Path(temporary, RESULTS)
            outcome = task(job, folder)
            yield outcome, pack(folder) if folder.exists() else None
    elif where.parent.is_dir():
        # Another attempt, on a node that is only thought lost, may still be writing.
        folder = where.with_name(f"{where.name}-{uuid.uuid4().hex}")
        outcome = task(job, folder)
        yield outcome, folder if folder.exists() else None
    else:
        yield Outcome(unseen(where.parent)), None


def unseen(folder: Path) -> str:
    """What to say where a node does not see the driver's folder."""
    return (
        f"The node {socket.gethostname()} does not see {folder}. Put it on storage that all nodes share, "
        "under the same path."
    )
