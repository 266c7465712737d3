"""Carry out a study: what is not done yet, on an engine, into the study's folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from confection import Config

from ...corpus.docbin import write_bytes
from ...engines.engine import Engine, Event
from .config import Study
from .inputs import Inputs, prepare
from .job import Job
from .matrix import make_runs
from .plan import Plan, Planned, make_plan
from .store import Store

STUDY = "study.cfg"
PLAN = "plan.json"
CORPORA = "corpora"


@dataclass(frozen=True)
class Progress:
    """Something that happened to a run.

    planned (Planned): The run.
    kind (str): "skipped" (done before), "started", "finished" or "failed".
    error (str): Why it failed.
    place (Optional[Path]): Where its results, or the log of its failure, are.
    """

    planned: Planned
    kind: Literal["skipped", "started", "finished", "failed"]
    error: str = ""
    place: Path | None = None


def plan_study(study: Study, folder: Path) -> tuple[Plan, Inputs]:
    """Write a study's corpora into a folder and plan its runs.

    study (Study): The study.
    folder (Path): Where to write the corpora.
    RETURNS (tuple[Plan, Inputs]): The plan and the corpora.
    """
    runs = make_runs(study)
    inputs = prepare(study, runs, folder)
    return make_plan(study, inputs, runs), inputs


def conduct(plan: Plan, store: Store, engine: Engine[Job], scratch: Path) -> Iterator[Progress]:
    """Carry out the runs of a plan that are not done.

    plan (Plan): The plan.
    store (Store): The study's folder, which must be held open.
    engine (Engine): Who does the work.
    scratch (Path): The store's scratch folder.
    YIELDS (Progress): What happens, run by run.
    """
    pending: dict[str, Planned] = {}
    for planned in plan.runs:
        if store.is_done(planned.run.folder, planned.fingerprint):
            yield Progress(planned, "skipped", place=store.root / planned.run.folder)
        else:
            pending[planned.job.name] = planned
    for event in engine.run([planned.job for planned in pending.values()], scratch):
        yield _take_over(pending[event.job.name], event, store)


def _take_over(planned: Planned, event: Event[Job], store: Store) -> Progress:
    folder = planned.run.folder
    if event.kind == "finished" and event.folder is not None:
        store.keep(folder, event.folder)
        return Progress(planned, "finished", place=store.root / folder)
    if event.kind == "failed":
        place = store.keep_failure(folder, event.folder, event.error)
        return Progress(planned, "failed", event.error, place)
    return Progress(planned, "started")


def write_study(config: Config, plan: Plan, store: Store) -> None:
    """Keep a study's config and plan in its folder: the report reads them."""
    write_bytes(config.to_str().encode(), store.root / STUDY)
    content = {
        "runs": {str(planned.run): planned.fingerprint for planned in plan.runs},
        "left_out": plan.left_out,
    }
    write_bytes(json.dumps(content, indent=1).encode(), store.root / PLAN)


def read_plan(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The plan of a study.

    root (Path): Its folder.
    RETURNS (tuple[dict[str, str], dict[str, str]]): The fingerprint of each run, and why arms were left out.
    """
    content = json.loads((root / PLAN).read_bytes())
    return content["runs"], content["left_out"]
