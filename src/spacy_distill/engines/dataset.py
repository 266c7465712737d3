"""Jobs as rows of a Ray dataset: its actors keep what they loaded, a pipeline, from job to job."""

import pickle
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic

from .engine import Event, J, Outcome, Task
from .options import RayOptions
from .parcels import Places, placed, unpacked

# Jobs that wait at an actor, so that it need not wait for the next one.
AHEAD = 2


class RayDataset(Generic[J]):
    """Carries out jobs by `map_batches` on the Ray cluster that this process has joined.

    Results stay where the task put them, on storage that all nodes share: nothing but what the task says of
    them goes through the driver.

    task (Task): What is done with each job; it must bear being done twice.
    workers (int): How many actors.
    options (RayOptions): What an actor takes.
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
            raise ValueError(f"The workers on the Ray cluster cannot go on: {reason}") from error


class Actor:
    """Lives in a worker and carries out one job after the other.

    task (Task): What is done.
    places (Places): Where the files of the jobs are.
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
