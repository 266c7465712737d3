"""Jobs as tasks of a Ray cluster; their results come back to the driver's folder."""

import socket
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic

from .engine import Event, J, Outcome, Task
from .options import RayOptions
from .parcels import Places, pack, placed, unpack, unpacked

RESULTS = "results"


class RayTasks(Generic[J]):
    """Carries out jobs as tasks of the Ray cluster that this process has joined.

    task (Task): What is done with each job, in a worker process.
    workers (int): How many fit on the cluster now; Ray decides which goes where and when.
    options (RayOptions): What a job takes.
    at_most (Optional[int]): How many may be with Ray at a time; None: all of them, so that a cluster that
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

    places (Places): Where each of the job's files is.
    where (Optional[Path]): Its folder on storage that all nodes share; None: the results are sent back.
    YIELDS (Optional[tuple[Outcome, Any]]): None as soon as it starts; then what came of it, and the results.
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
