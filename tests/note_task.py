"""A task for the local engine, in a module that imports next to nothing: worker processes import it."""

import json
import os
import signal
from pathlib import Path

from spacy_distill.study.runs.job import Job


def note(job: Job, folder: Path) -> str:
    """A task for an engine: leave a note, or fail, or die, as the job's name says."""
    if job.name == "dies" or (job.name == "dies once" and not Path(job.config).exists()):
        Path(job.config).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.name == "fails":
        return "Traceback\nValueError: no luck"
    folder.mkdir(parents=True)
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    (folder / "note.json").write_text(json.dumps({"name": job.name, "threads": threads}))
    return ""
