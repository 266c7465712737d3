"""The engines of a Ray cluster: a task for each job, or Ray Data with workers that live on."""

import pickle
import re
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from ..errors import DistillError
from .cluster import Places, local_places, make_reachable, pack, unpack
from .engine import J, JobEvent, JobResult, RayOptions, WorkFunction, unseen

RESULTS = "results"


@dataclass
class RayTasks(Generic[J]):
    """Does jobs as tasks of the Ray cluster that this process has joined.

    work: what is done with each job, in a worker process.
    workers: how many fit on the cluster now; Ray decides which goes where and when.
    options: what a job takes.
    at_most: how many may be with Ray at a time; None: all of them, so that a cluster that
        grows is used.
    """

    work: WorkFunction[J]
    workers: int
    options: RayOptions
    at_most: int | None = None

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[JobEvent[J]]:
        """Do all jobs: see `Engine`."""
        import ray

        places = make_reachable(jobs, self.options)
        remote = ray.remote(
            num_cpus=self.options.num_cpus,
            num_gpus=self.options.num_gpus,
            max_retries=self.options.retries,
            num_returns="streaming",
        )(run_job)
        shared = self.options.files == "shared"
        waiting = deque((job, (scratch / str(i)).resolve()) for i, job in enumerate(jobs))
        running: dict[Any, tuple[J, Path]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < (self.at_most or len(jobs)):
                    job, folder = waiting.popleft()
                    own = {path: places[path] for path in job.files()}
                    stream = remote.remote(self.work, job, own, folder if shared else None)
                    running[stream] = (job, folder)
                (stream,) = ray.wait(list(running), num_returns=1, fetch_local=False)[0]
                event = self._next(stream, *running[stream])
                if event.kind != "started":
                    del running[stream]
                yield event
        finally:
            for stream in running:
                ray.cancel(stream, force=True)

    def _next(self, stream: Any, job: J, folder: Path) -> JobEvent[J]:
        """What a task says next: that it started, or how it ended."""
        import ray

        try:
            said = ray.get(next(stream))
            if said is None:
                return JobEvent(job, "started")
            result, files = said
            if self.options.files == "ship" and files is not None:
                unpack(files, folder)
                files = folder / RESULTS
            return JobEvent.of(job, result, files)
        except StopIteration:
            return JobEvent(job, "failed", error="The worker ended without a word.")
        except ray.exceptions.RayTaskError as error:
            return JobEvent(job, "failed", error=str(error))
        except ray.exceptions.RayError as error:
            times = self.options.retries + 1
            lost = f"The worker was lost {times} times (killed, out of memory, or its node)."
            return JobEvent(job, "failed", error=f"{error}\n{lost}")


def run_job(
    work: WorkFunction[J], job: J, places: Places, where: Path | None
) -> "Iterator[tuple[JobResult, Any] | None]":
    """Do a job in a worker.

    places: where each of the job's files is.
    where: its folder on storage that all nodes share; None: the results are sent back.
    YIELDS: None as soon as it starts; then what came of it, and the results.
    """
    yield None
    job = job.moved(local_places(places))
    if where is None:
        with tempfile.TemporaryDirectory(prefix="spacy-distill-") as temporary:
            folder = Path(temporary, RESULTS)
            result = work(job, folder)
            yield result, pack(folder) if folder.exists() else None
    elif where.parent.is_dir():
        # Another worker, on a node that is only thought lost, may still be writing.
        folder = where.with_name(f"{where.name}-{uuid.uuid4().hex}")
        result = work(job, folder)
        yield result, folder if folder.exists() else None
    else:
        yield JobResult(unseen(where.parent)), None


# Jobs that wait at an actor, so that it need not wait for the next one.
AHEAD = 2


@dataclass
class RayDataset(Generic[J]):
    """Does jobs by `map_batches` on the Ray cluster that this process has joined.

    Results stay where the work put them, on storage that all nodes share: nothing but the
    `JobResult` goes through the driver.

    work: what is done with each job; it must bear being done twice.
    workers: how many actors.
    options: what an actor takes.
    """

    work: WorkFunction[J]
    workers: int
    options: RayOptions

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[JobEvent[J]]:
        """Do all jobs: see `Engine`."""
        import ray

        ray.data.DataContext.get_current().enable_progress_bars = False
        calls = [(job, (scratch / str(i)).resolve()) for i, job in enumerate(jobs)]
        rows = [{"index": i, "job": pickle.dumps(call)} for i, call in enumerate(calls)]
        # A block is what an actor takes at a time, and what is done again if it is lost.
        found = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            RayActor,
            fn_constructor_args=(self.work, make_reachable(jobs, self.options)),
            batch_size=1,
            num_cpus=self.options.num_cpus,
            num_gpus=self.options.num_gpus,
            compute=ray.data.ActorPoolStrategy(
                size=min(self.workers, len(rows)), max_tasks_in_flight_per_actor=AHEAD
            ),
        )
        try:
            for row in found.iter_rows():
                job, result = jobs[int(row["index"])], pickle.loads(row["result"])
                yield JobEvent(job, "started")
                yield JobEvent.of(job, result)
        except ray.exceptions.RayError as error:
            said = re.findall(r"^[\w.]*(?:Error|Exception): .*", str(error), re.MULTILINE)
            reason = said[-1] if said else str(error)
            raise DistillError(f"The workers on the Ray cluster cannot go on: {reason}") from error


class RayActor:
    """Lives in a worker and does one job after the other.

    work: what is done.
    places: where the files of the jobs are.
    """

    def __init__(self, work: WorkFunction[Any], places: Places) -> None:
        self.work = work
        self.places = local_places(places)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Do the jobs of a batch."""
        results = []
        for job, folder in map(pickle.loads, batch["job"]):
            moved = job.moved({path: self.places[path] for path in job.files()})
            results.append(pickle.dumps(self.work(moved, folder)))
        return {"index": list(batch["index"]), "result": results}
