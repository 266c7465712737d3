"""What a study will do: its runs with their steps, and the job of each."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config
from spacy.util import registry

from ..blend.shares import draw_shares, fill_shares
from .config import Study
from .inputs import Inputs, digest
from .job import Job
from .matrix import Arm, Run, arms_of, make_runs
from .resolve import run_config, share_block

# Below this share of gold, equal gold would take so many steps that the comparison says nothing.
LEAST_GOLD = 0.05


@dataclass(frozen=True)
class Planned:
    """A run, its number of steps and its job."""

    run: Run
    steps: int
    job: Job

    @property
    def fingerprint(self) -> str:
        """Hash of all that the run depends on."""
        return str(self.job.record["fingerprint"])


@dataclass(frozen=True)
class Plan:
    """The runs of a study.

    runs (Sequence[Planned]): The runs, in the order in which they are done.
    left_out (dict[str, str]): Arms that cannot be had, and why.
    """

    runs: Sequence[Planned]
    left_out: dict[str, str]


def make_plan(study: Study, inputs: Inputs, runs: Sequence[Run] | None = None) -> Plan:
    """Plan a study.

    study (Study): The study.
    inputs (Inputs): Its prepared corpora.
    RETURNS (Plan): The plan.
    RAISES (ValueError): If a student's config or a schedule cannot be used.
    """
    runs = make_runs(study) if runs is None else runs
    steps: dict[Arm, int] = {}
    left_out: dict[str, str] = {}
    for arm in arms_of(list(runs)):
        gold = 1 - mean_share(study, arm, inputs)
        if arm.hold == "gold" and gold < LEAST_GOLD:
            left_out[f"{arm.student}/{arm.name}"] = (
                "it sees hardly any gold, so its gold cannot be made equal"
            )
            continue
        steps[arm] = study.max_steps if arm.hold == "steps" else _equal_gold(study, arm, inputs, gold)
    digests: dict[str, str] = {}
    planned = [
        Planned(run, steps[run.arm], make_job(study, run, inputs, steps[run.arm], digests))
        for run in runs
        if run.arm in steps
    ]
    return Plan(planned, left_out)


def mean_share(study: Study, arm: Arm, inputs: Inputs) -> float:
    """The mean planned share of distilled examples over a run's steps."""
    drawn = draw_shares(_schedule(study, arm.regimen), study.max_steps)
    gold = next(inputs.sizes[path] for (size, _), path in inputs.gold.items() if size == arm.gold_size)
    parts = inputs.distilled[arm.variant or study.variants[0]]
    distilled = sum(inputs.sizes[path] for path in parts.values())
    shares = fill_shares(drawn, distilled, gold)
    return sum(shares) / len(shares)


def _schedule(study: Study, regimen: str) -> Any:
    block = share_block(study, regimen)
    if not registry.has("schedules", block.get("@schedules", "")):
        raise ValueError(
            f"Regimen {regimen!r}: there is no schedule {block.get('@schedules')!r}. "
            "Take one of docs/blending.md, or describe it in [study.shares]."
        )
    config = Config({"training": {"max_steps": study.max_steps}, "share": block}).interpolate()
    return registry.resolve({"share": config["share"]})["share"]


def _equal_gold(study: Study, arm: Arm, inputs: Inputs, gold: float) -> int:
    baseline = Arm(arm.student, study.baseline, arm.gold_size, arm.variant, arm.rate, "steps")
    return round(study.max_steps * (1 - mean_share(study, baseline, inputs)) / gold)


def make_job(study: Study, run: Run, inputs: Inputs, steps: int, digests: dict[str, str]) -> Job:
    """The job of a run.

    digests (dict[str, str]): SHA-256 by path, filled as needed: a corpus of many runs is read once.
    RETURNS (Job): The job; its record holds the fingerprint.
    """
    config, paths = run_config(study, run, inputs, steps)
    scored = {"test": inputs.test, **inputs.tests}
    if inputs.heldout:
        scored["heldout"] = inputs.heldout
    places = {name: str(path) for name, path in scored.items()}
    for path in {*paths.values(), *places.values()} - set(digests):
        digests[path] = digest(Path(path))
    record: dict[str, Any] = {
        **run.arm.record(),
        "seed": run.seed,
        "steps": steps,
        "inputs": {name: {"path": path, "sha256": digests[path]} for name, path in paths.items()},
        "scored": {name: {"path": path, "sha256": digests[path]} for name, path in places.items()},
    }
    record["fingerprint"] = _fingerprint(config, record, study)
    return Job(
        name=str(run),
        config=config.to_str(interpolate=False),
        paths=paths,
        scored=places,
        record=record,
        keep=study.keep,
        score_best=study.score_best,
        gpu=study.gpu,
    )


def _fingerprint(config: Config, record: dict[str, Any], study: Study) -> str:
    """Hash of what a run depends on: the files by their content, whatever they are called."""
    content = {name: entry["sha256"] for name, entry in record["inputs"].items()}
    facts = {
        "config": {**config, "paths": {**config["paths"], **content}},
        "scored": {name: entry["sha256"] for name, entry in record["scored"].items()},
        "score_best": study.score_best,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
