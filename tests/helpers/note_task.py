"""A task for engines, in a module that imports next to nothing: worker processes import it."""

import json
import os
import signal
import time
from pathlib import Path

from spacy_distill.engines.engine import JobResult
from spacy_distill.study.job import TrainingJob


def note(job: TrainingJob, folder: Path) -> JobResult:
    """A task for an engine: leave a note, or fail, raise or die, as the job's name says."""
    if job.name == "dies" or (job.name == "dies once" and not Path(job.config).exists()):
        Path(job.config).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.name == "fails":
        return JobResult("Traceback\nValueError: no luck")
    if job.name == "raises":
        raise OSError("no space")
    if job.name.startswith("slow"):
        time.sleep(1)
    folder.mkdir(parents=True)
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    (folder / "note.json").write_text(
        json.dumps({"name": job.name, "threads": threads, "files": [read(path) for path in job.files()]})
    )
    return JobResult(facts={"name": job.name})


def read(path: str) -> str:
    """What a file holds, or where a folder is."""
    return Path(path).read_text() if Path(path).is_file() else path
