"""The plan of a study: the training config of each run, and what it depends on."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from confection import Config
from spacy.util import registry
from spacy.vocab import Vocab

from ..blend.checks import missing_encoder
from ..blend.plan import BY_SEQUENCE, GOLD
from ..blend.schedules import draw_shares, fill_shares
from ..configs import known_names, read_config
from ..corpus.docbin import content_digest, read_docs
from ..corpus.files import digest, files_within
from ..errors import DistillError
from ..tasks.base import Task, task_of, task_of_factories
from .config import ANY, DEV, HELDOUT, MINUS, ORACLE, Arm, Run, StudyConfig, arms_of, make_runs
from .corpora import StudyCorpora, prepare_corpora
from .job import TrainingJob
from .pairs import ArmFacts, differences, matched, rate_of

# Below this share of gold, equal gold would take so many steps that the comparison says nothing.
LEAST_GOLD = 0.05
# Rounding moves the right number of steps by no more than this.
NEARBY = 4


@dataclass(frozen=True)
class PlannedRun:
    """A run, its job, and whether it is finished already."""

    run: Run
    job: TrainingJob
    done: bool = False

    @property
    def steps(self) -> int:
        """Its number of steps."""
        return int(self.job.record["steps"])

    @property
    def fingerprint(self) -> str:
        """Hash of all that the run depends on."""
        return str(self.job.record["fingerprint"])


@dataclass(frozen=True)
class StudyPlan:
    """What a study will do.

    task: what its annotation is.
    corpora: its prepared corpora.
    runs: the runs, in the order in which they are done.
    left_out: arms and declared comparisons that cannot be had, and why.
    pairs: the arms that are compared, and in what they differ: see `differences`.
    seconds: what the runs that are not done will take, one after the other; None if it is not known.
    """

    task: Task
    corpora: StudyCorpora
    runs: Sequence[PlannedRun]
    left_out: dict[str, str]
    pairs: Sequence[tuple[Arm, Arm, list[dict[str, Any]]]] = ()
    seconds: float | None = None

    @property
    def pending(self) -> list[PlannedRun]:
        """The runs that are not done."""
        return [planned for planned in self.runs if not planned.done]


def make_plan(
    study: StudyConfig, folder: Path, is_done: Callable[[Path, str], bool] = lambda folder, fingerprint: False
) -> StudyPlan:
    """Write a study's corpora and plan its runs.

    study: the study.
    folder: where to write the corpora.
    is_done: whether the run of a folder and a fingerprint is finished.
    RAISES DistillError: if a corpus, a student's config or a schedule cannot be used.
    """
    runs = make_runs(study)
    task = study_task(study, runs)
    corpora = prepare_corpora(study, runs, folder, task)
    steps: dict[Arm, int] = {}
    left_out: dict[str, str] = {}
    for arm in arms_of(runs):
        gold = gold_updates(study, arm, corpora, arm.max_steps)
        if arm.hold == "gold" and gold < LEAST_GOLD * arm.max_steps:
            left_out[f"{arm.student}/{arm.name}"] = (
                "it sees hardly any gold, so its gold cannot be made equal"
            )
        else:
            steps[arm] = arm.max_steps if arm.hold == "steps" else equal_gold_steps(study, arm, corpora)
    left_out |= _idle_comparisons(study, runs)
    digests: dict[str, str] = {}
    planned = []
    for run in runs:
        if run.arm in steps:
            job = make_job(study, run, corpora, steps[run.arm], task, digests)
            planned.append(PlannedRun(run, job, is_done(run.folder, job.record["fingerprint"])))
    facts = {arm: arm_facts(study, arm, corpora, count) for arm, count in steps.items()}
    pairs = [(a, b, differences(facts[a], facts[b])) for a, b in matched(list(facts), study)]
    return StudyPlan(task, corpora, planned, left_out, pairs)


def study_task(study: StudyConfig, runs: Sequence[Run]) -> Task:
    """What the annotation of a study is: as its students' components say, else its gold corpus.

    RAISES DistillError: if students predict none or several tasks.
    """
    found: dict[str, Task] = {}
    for student in dict.fromkeys(run.arm.student for run in runs):
        components = student_config(study, student).get("components", {}).values()
        gold = read_docs(Path(study.corpora.gold), Vocab())
        if all("factory" in component for component in components):
            task = task_of_factories([component["factory"] for component in components], gold)
        else:
            task = task_of(gold)
        found[task.name] = task
    if len(found) != 1:
        raise DistillError(
            f"[study] students predict several tasks ({', '.join(sorted(found))}), and cannot be compared. "
            "Give each task a study of its own."
        )
    return next(iter(found.values()))


def run_config(
    study: StudyConfig, run: Run, corpora: StudyCorpora, steps: int
) -> tuple[Config, dict[str, str]]:
    """The config of a run, with its variables, and those of its [paths] that are files or folders.

    RAISES DistillError: if the student's config has no corpus to blend.
    """
    arm = run.arm
    config = student_config(study, arm.student)
    places = _places(study, run, corpora)
    config["paths"].update(places)
    train = config["corpora"]["train"]
    parts = [name for name in places if name.startswith("distilled")]
    if parts != ["distilled"]:
        config["paths"]["distilled"] = None
        train["distilled"] = {name.partition("_")[2]: f"${{paths.{name}}}" for name in parts} or None
    train["share"] = share_block(study, arm.regimen)
    train["seed"] = run.seed
    for component in config.get("initialize", {}).get("components", {}).values():
        labels = component.get("labels")
        if isinstance(labels, dict) and "path" in labels:
            labels["path"] = "${paths.gold_labels}"
    config["training"].update(seed=run.seed, patience=0, max_steps=steps)
    if study.looks:
        config["training"]["eval_frequency"] = max(1, steps // study.looks)
    logger = config["training"].get("logger")
    if logger and "path" in logger:
        # Null stands for blend.jsonl beside the models.
        logger["path"] = None
    _set_rate(config, study, arm)
    files = {name: value for name, value in config["paths"].items() if value and Path(str(value)).exists()}
    return config, {name: str(value) for name, value in files.items()}


def student_config(study: StudyConfig, student: str) -> Config:
    """A student's config, with the study's own values of [study.train] in it, variables kept.

    RAISES DistillError: if there is no such file, it has no [corpora.train] with a share, no [paths] or no
        [training], or the folder of its encoder is not there.
    """
    path = Path(study.configs[student])
    if not path.is_file():
        raise DistillError(f"[study.configs] {student} = {path}: there is no such file.")
    config = read_config(path).merge(Config(study.train))
    if "share" not in config.get("corpora", {}).get("train", {}):
        raise DistillError(
            f"{path} has no [corpora.train] with a share to set. "
            'Use the reader "spacy_distill.BlendedCorpus.v1" there, as in configs/student_cpu.cfg.'
        )
    if absent := [f"[{section}]" for section in ("paths", "training") if section not in config]:
        raise DistillError(
            f"{path} has no {' and no '.join(absent)}, where a study sets a run's corpora and steps. "
            "Add what configs/student_cpu.cfg has there."
        )
    if missing := missing_encoder(config):
        raise DistillError(f"{path}: {missing}")
    return config


def share_block(study: StudyConfig, regimen: str) -> dict[str, Any]:
    """The section [corpora.train.share] of a regimen: from [study.shares], or the schedule of its name."""
    schedule = "simple_mix" if regimen == ORACLE else regimen
    block = study.shares.get(regimen) or {"@schedules": f"spacy_distill.{schedule}.v1"}
    ours = str(block.get("@schedules", "")).startswith("spacy_distill.")
    return {"total_steps": "${training.max_steps}", **block} if ours else dict(block)


def _places(study: StudyConfig, run: Run, corpora: StudyCorpora) -> dict[str, str]:
    arm = run.arm
    distilled: Mapping[str, Path | None] = {}
    if arm.regimen == ORACLE:
        distilled = {"": corpora.oracle}
    elif arm.variant:
        distilled = corpora.distilled[study.labels_of(arm.variant, run.seed)]
    names = {"_".join(filter(None, ("distilled", part))): path for part, path in distilled.items()}
    places = {
        "gold": corpora.gold[arm.gold_size, run.seed],
        "gold_labels": corpora.gold_all,
        **names,
        "dev": corpora.dev,
    }
    return {name: str(path) for name, path in places.items()}


def _set_rate(config: Config, study: StudyConfig, arm: Arm) -> None:
    optimizer = config["training"].get("optimizer") or {}
    if arm.learn_rate:
        optimizer["learn_rate"] = _with_peak(optimizer.get("learn_rate"), arm.learn_rate)
    if arm.rate == "student":
        return
    block = {
        "@schedules": f"spacy_distill.{arm.rate}_rate.v1",
        "rate": _peak(optimizer.get("learn_rate")),
        "total_steps": "${training.max_steps}",
    }
    switch = share_block(study, arm.regimen).get("switch")
    if arm.rate == "restart" and switch is not None:
        block["switch"] = switch
    optimizer["learn_rate"] = block


# What schedules call their highest learning rate.
PEAKS = ("rate", "initial_rate", "max_rate", "base_rate")


def _peak(configured: Any) -> float:
    """The highest learning rate that a student's config names."""
    key = _peak_key(configured)
    return float(configured[key] if key else configured)


def _with_peak(configured: Any, peak: float) -> Any:
    """A student's learning rate, number or schedule, with another highest one."""
    key = _peak_key(configured)
    return {**configured, key: peak} if key else peak


def _peak_key(configured: Any) -> str:
    """Under which name a schedule has its highest learning rate; none if it is a number."""
    if isinstance(configured, int | float):
        return ""
    if isinstance(configured, dict):
        for key in PEAKS:
            if isinstance(configured.get(key), int | float):
                return key
    raise DistillError(
        f"The study sets learning rates, but the student's [training.optimizer] has no rate: {configured!r}. "
        'Give learn_rate a number or a schedule with a rate; or set rates = ["student"] and learn_rates = 0 '
        "in [study]."
    )


def _idle_comparisons(study: StudyConfig, runs: Sequence[Run]) -> dict[str, str]:
    """Declared comparisons that name an arm which the study has not: a slip, or an arm left out this time."""
    names = dict.fromkeys(run.arm.name for run in runs)
    idle = {}
    for first, second in study.declared():
        wanted = (second,) if first == ANY else (first, second)
        unknown = [repr(name) for name in wanted if name not in names]
        if unknown:
            idle[f"{first}{MINUS}{second}"] = (
                f"no arm is called {' or '.join(unknown)}; there are {', '.join(names)}"
            )
    return idle


def gold_updates(study: StudyConfig, arm: Arm, corpora: StudyCorpora, steps: int) -> float:
    """How many updates' worth of gold a run of so many steps is planned to see."""
    return sum(1 - share for share in planned_shares(study, arm, corpora, steps))


def planned_shares(study: StudyConfig, arm: Arm, corpora: StudyCorpora, steps: int) -> list[float]:
    """The share of distilled examples in each update of a run of so many steps."""
    drawn = draw_shares(_schedule(study, arm.regimen, steps), steps)
    documents = _documents(study, arm, corpora)
    return fill_shares(drawn, documents["distilled"], documents[GOLD])


def _documents(study: StudyConfig, arm: Arm, corpora: StudyCorpora) -> dict[str, int]:
    """How many documents of each kind the runs of an arm draw from."""
    gold = next(corpora.sizes[path] for (size, _), path in corpora.gold.items() if size == arm.gold_size)
    # Labels that differ by seed differ little in their number.
    parts = corpora.distilled[study.labels_of(arm.variant or study.variants[0], study.seeds[0])]
    return {GOLD: gold, "distilled": sum(corpora.sizes[path] for path in parts.values())}


def arm_facts(study: StudyConfig, arm: Arm, corpora: StudyCorpora, steps: int) -> ArmFacts:
    """How an arm is going to train; passes are known where a step has a fixed number of documents."""
    shares = planned_shares(study, arm, corpora, steps)
    gold = sum(1 - share for share in shares) / len(shares)
    batcher = student_config(study, arm.student)["training"].get("batcher") or {}
    passes = {}
    if batcher.get("@batchers") == BY_SEQUENCE and isinstance(batcher.get("size"), int):
        drawn = {GOLD: gold, "distilled": 1 - gold}
        documents = _documents(study, arm, corpora)
        every = batcher["size"] * len(shares)
        passes = {kind: every * share / documents[kind] for kind, share in drawn.items() if share}
    return ArmFacts(steps, shares, gold, arm.labels, rate_of(arm), passes)


def equal_gold_steps(study: StudyConfig, arm: Arm, corpora: StudyCorpora) -> int:
    """The number of steps after which an arm saw as much gold as the baseline in its own."""
    wanted = gold_updates(study, replace(arm, regimen=study.baseline), corpora, arm.max_steps)
    share = gold_updates(study, arm, corpora, arm.max_steps) / arm.max_steps
    about = round(wanted / share)
    near = range(max(1, about - NEARBY), about + NEARBY + 1)
    return min(near, key=lambda steps: abs(gold_updates(study, arm, corpora, steps) - wanted))


def _schedule(study: StudyConfig, regimen: str, steps: int) -> Any:
    block = share_block(study, regimen)
    if not registry.has("schedules", block.get("@schedules", "")):
        raise DistillError(
            f"Regimen {regimen!r}: there is no schedule {block.get('@schedules')!r}. "
            "Take one of docs/blending.md, or describe it in [study.shares]."
        )
    config = Config({"training": {"max_steps": steps}, "share": block}).interpolate()
    with known_names(f"Regimen {regimen!r}"):
        return registry.resolve({"share": config["share"]})["share"]


def make_job(
    study: StudyConfig, run: Run, corpora: StudyCorpora, steps: int, task: Task, digests: dict[str, str]
) -> TrainingJob:
    """The job of a run; its record holds the fingerprint.

    digests: SHA-256 by path, of a corpus that of what it says, filled as needed: each is read once.
    """
    config, paths = run_config(study, run, corpora, steps)
    scored = {name: str(path) for name, path in corpora.scored.items()}
    if corpora.heldout:
        scored[HELDOUT] = str(corpora.heldout)
    others = {
        DEV: corpora.dev,
        **corpora.pool(study.labels_of(run.arm.variant or study.variants[0], run.seed)),
    }
    predicted = {name: str(path) for name, path in others.items() if name not in scored}
    for path in {*paths.values(), *scored.values(), *predicted.values()} - set(digests):
        is_corpus = Path(path).suffix == ".spacy" or files_within(Path(path), "*.spacy")
        digests[path] = content_digest(Path(path)) if is_corpus else digest(Path(path))

    def hashed(places: Mapping[str, str]) -> dict[str, dict[str, str]]:
        return {name: {"path": path, "sha256": digests[path]} for name, path in places.items()}

    record: dict[str, Any] = {
        **run.arm.record(),
        "seed": run.seed,
        "steps": steps,
        "inputs": hashed(paths),
        "scored": hashed(scored),
        "predicted": hashed(predicted),
    }
    record["fingerprint"] = _fingerprint(config, record, study)
    return TrainingJob(
        name=str(run),
        task=task.name,
        config=config.to_str(interpolate=False),
        paths=paths,
        scored=scored,
        predicted=predicted,
        record=record,
        keep=study.keep,
        score_best=study.score_best,
        gpu=study.gpu,
    )


def _fingerprint(config: Config, record: dict[str, Any], study: StudyConfig) -> str:
    """Hash of what a run depends on: its corpora by what they say, other files by their bytes."""
    content = {name: entry["sha256"] for name, entry in record["inputs"].items()}
    facts = {
        "config": {**config, "paths": {**config["paths"], **content}},
        **{
            part: {name: entry["sha256"] for name, entry in record[part].items()}
            for part in ("scored", "predicted")
        },
        "score_best": study.score_best,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
