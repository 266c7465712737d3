"""What a study will do: its runs with their steps, and the job of each."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config
from spacy.util import registry

from ...blend.schedules.shares import draw_shares, fill_shares
from ...engines.digests import digest
from .config import ANY, MINUS, Study, declared
from .inputs import Inputs
from .job import Job
from .matrix import Arm, Run, arms_of, make_runs
from .resolve import run_config, share_block

# Below this share of gold, equal gold would take so many steps that the comparison says nothing.
LEAST_GOLD = 0.05
# Rounding moves the right number of steps by no more than this.
NEARBY = 4


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
    left_out (dict[str, str]): Arms and declared comparisons that cannot be had, and why.
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
        gold = gold_updates(study, arm, inputs, study.max_steps)
        if arm.hold == "gold" and gold < LEAST_GOLD * study.max_steps:
            left_out[f"{arm.student}/{arm.name}"] = (
                "it sees hardly any gold, so its gold cannot be made equal"
            )
        else:
            steps[arm] = study.max_steps if arm.hold == "steps" else equal_gold_steps(study, arm, inputs)
    left_out |= _idle_comparisons(study, runs)
    digests: dict[str, str] = {}
    planned = [
        Planned(run, steps[run.arm], make_job(study, run, inputs, steps[run.arm], digests))
        for run in runs
        if run.arm in steps
    ]
    return Plan(planned, left_out)


def _idle_comparisons(study: Study, runs: Sequence[Run]) -> dict[str, str]:
    """Declared comparisons that name an arm which the study has not: a slip, or an arm left out this time."""
    names = dict.fromkeys(run.arm.name for run in runs)
    idle = {}
    for first, second in declared(study):
        wanted = (second,) if first == ANY else (first, second)
        unknown = [repr(name) for name in wanted if name not in names]
        if unknown:
            idle[f"{first}{MINUS}{second}"] = (
                f"no arm is called {' or '.join(unknown)}; there are {', '.join(names)}"
            )
    return idle


def gold_updates(study: Study, arm: Arm, inputs: Inputs, steps: int) -> float:
    """How many updates' worth of gold a run of so many steps is planned to see."""
    drawn = draw_shares(_schedule(study, arm.regimen, steps), steps)
    gold = next(inputs.sizes[path] for (size, _), path in inputs.gold.items() if size == arm.gold_size)
    # Labels that differ by seed differ little in their number.
    parts = inputs.distilled[study.labels_of(arm.variant or study.variants[0], study.seeds[0])]
    distilled = sum(inputs.sizes[path] for path in parts.values())
    return sum(1 - share for share in fill_shares(drawn, distilled, gold))


def equal_gold_steps(study: Study, arm: Arm, inputs: Inputs) -> int:
    """The number of steps after which an arm saw as much gold as the baseline in its own."""
    baseline = Arm(arm.student, study.baseline, arm.gold_size, arm.variant, arm.rate, "steps")
    wanted = gold_updates(study, baseline, inputs, study.max_steps)
    share = gold_updates(study, arm, inputs, study.max_steps) / study.max_steps
    about = round(wanted / share)
    near = range(max(1, about - NEARBY), about + NEARBY + 1)
    return min(near, key=lambda steps: abs(gold_updates(study, arm, inputs, steps) - wanted))


def _schedule(study: Study, regimen: str, steps: int) -> Any:
    block = share_block(study, regimen)
    if not registry.has("schedules", block.get("@schedules", "")):
        raise ValueError(
            f"Regimen {regimen!r}: there is no schedule {block.get('@schedules')!r}. "
            "Take one of docs/blending.md, or describe it in [study.shares]."
        )
    config = Config({"training": {"max_steps": steps}, "share": block}).interpolate()
    return registry.resolve({"share": config["share"]})["share"]


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
