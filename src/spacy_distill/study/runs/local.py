"""Runs on this machine: worker processes of the standard library, one thread each."""

import os
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path

from .job import Event, Job

Task = tuple[Job, Path]


class LocalEngine:
    """Carries out jobs in worker processes.

    workers (int): How many at a time.
    task (Callable): What is done with each job, in a worker process: see `work`.
    """

    def __init__(self, workers: int = 1, task: "Callable[[Job, Path], str] | None" = None) -> None:
        if workers < 1:
            raise ValueError(f"The number of jobs at a time must be at least 1, got {workers}.")
        self.workers = workers
        self.task = task or work

    def run(self, jobs: Sequence[Job], scratch: Path) -> Iterator[Event]:
        """Carry out all jobs: see `Engine`.

        A job whose worker died (killed, out of memory) is begun once more, alone: the death of one worker
        ends the work of all, so it is not known whose fault it was.
        """
        waiting = deque((job, scratch / str(i)) for i, job in enumerate(jobs))
        while waiting:
            for job, folder in (yield from self._until_lost(waiting, self.workers)):
                again = folder.with_name(f"{folder.name}-again")
                if (yield from self._until_lost(deque([(job, again)]), 1)):
                    yield Event(job, "failed", again, "The worker process died (killed, or out of memory).")

    def _until_lost(self, waiting: "deque[Task]", workers: int) -> Generator[Event, None, list[Task]]:
        """Work off a queue until it is empty or a worker is lost, and return the tasks lost with it."""
        lost: list[Task] = []
        running: dict[Future[str], Task] = {}
        with self._pool(min(workers, len(waiting))) as pool:
            while (waiting and not lost) or running:
                while waiting and not lost and len(running) < workers:
                    task = waiting.popleft()
                    try:
                        running[pool.submit(self.task, *task)] = task
                    except BrokenProcessPool:
                        lost.append(task)
                        break
                    yield Event(task[0], "started")
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    task = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append(task)
                    else:
                        yield _event(task, future)
        return lost

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=prepare_worker)


def work(job: Job, folder: Path) -> str:
    """Carry out one job in this process.

    RETURNS (str): Empty, or the traceback of the error it ended with.
    """
    from .trial import carry_out

    folder.mkdir(parents=True)
    try:
        carry_out(job, folder)
    except Exception:  # noqa: BLE001 - whatever a training dies of is recorded, and the other runs go on
        return traceback.format_exc()
    return ""


def prepare_worker() -> None:
    """Set up a worker process: one thread, and no life after its parent's."""
    from .trial import one_thread

    threading.Thread(target=_end_with_parent, daemon=True).start()
    one_thread()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _event(task: Task, future: "Future[str]") -> Event:
    job, folder = task
    error = future.result()
    return Event(job, "failed" if error else "finished", folder, error)
