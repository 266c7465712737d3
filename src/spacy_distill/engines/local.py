"""Work on this machine: worker processes of the standard library, one thread each."""

import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Generic

from ..errors import DistillError
from .engine import J, JobEvent, JobResult, WorkFunction

# Set before a worker imports numpy or torch: on few cores their threads mostly wait for each other.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class LocalEngine(Generic[J]):
    """Does jobs in worker processes.

    work: what is done with each job, in a worker process.
    workers: how many at a time.
    """

    def __init__(self, work: WorkFunction[J], workers: int = 1) -> None:
        if workers < 1:
            raise DistillError(f"The number of jobs at a time must be at least 1, got {workers}.")
        self.work = work
        self.workers = workers

    def run(self, jobs: Sequence[J], scratch: Path) -> Iterator[JobEvent[J]]:
        """Do all jobs: see `Engine`.

        A job whose worker died (killed, out of memory) is begun once more, alone: the death of one worker
        ends the work of all, so it is not known whose fault it was.
        """
        waiting = deque((job, scratch / str(i)) for i, job in enumerate(jobs))
        while waiting:
            for job, folder in (yield from self._until_lost(waiting, self.workers)):
                again = folder.with_name(f"{folder.name}-again")
                if (yield from self._until_lost(deque([(job, again)]), 1)):
                    yield JobEvent(
                        job, "failed", again, "The worker process died (killed, or out of memory)."
                    )

    def _until_lost(
        self, waiting: "deque[tuple[J, Path]]", workers: int
    ) -> Generator[JobEvent[J], None, list[tuple[J, Path]]]:
        """Work off a queue until it is empty or a worker is lost, and return the tasks lost with it."""
        lost: list[tuple[J, Path]] = []
        running: dict[Future[JobResult], tuple[J, Path]] = {}
        with self._pool(min(workers, len(waiting))) as pool:
            while (waiting and not lost) or running:
                while waiting and not lost and len(running) < workers:
                    task = waiting.popleft()
                    try:
                        running[pool.submit(self.work, *task)] = task
                    except BrokenProcessPool:
                        lost.append(task)
                        break
                    yield JobEvent(task[0], "started")
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job, folder = running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        lost.append((job, folder))
                    elif error is not None:
                        yield JobEvent(job, "failed", folder, "".join(traceback.format_exception(error)))
                    else:
                        yield JobEvent.of(job, future.result(), folder)
        return lost

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=prepare_worker)


def prepare_worker() -> None:
    """Set up a worker process: one thread, no last words at Ctrl-C, and no life after its parent's."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
