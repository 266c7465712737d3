"""The training config of one run, made from the student's config and the study's axes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confection import Config
from spacy.util import load_config

from ...blend.reading.checks import missing_encoder
from .config import ORACLE, Study
from .inputs import Inputs
from .matrix import Arm, Run


def run_config(study: Study, run: Run, inputs: Inputs, steps: int) -> tuple[Config, dict[str, str]]:
    """The config of a run, with its variables, and the places its [paths] stand for.

    study (Study): The study.
    run (Run): The run.
    inputs (Inputs): The prepared corpora.
    steps (int): Number of steps.
    RETURNS (tuple[Config, dict[str, str]]): The config, and those of its [paths] that are files or folders.
    RAISES (ValueError): If the student's config has no corpus to blend.
    """
    arm = run.arm
    config = student_config(study, arm.student)
    places = _places(study, run, inputs)
    config["paths"].update(places)
    train = config["corpora"]["train"]
    parts = [name for name in places if name.startswith("distilled")]
    if parts != ["distilled"]:
        config["paths"]["distilled"] = None
        train["distilled"] = {name.partition("_")[2]: f"${{paths.{name}}}" for name in parts} or None
    train["share"] = share_block(study, arm.regimen)
    train["seed"] = run.seed
    labels = config.get("initialize", {}).get("components", {}).get("ner", {}).get("labels")
    if isinstance(labels, dict) and "path" in labels:
        labels["path"] = "${paths.gold_labels}"
    config["training"].update(seed=run.seed, patience=0, max_steps=steps)
    logger = config["training"].get("logger")
    if logger and "path" in logger:
        # Null stands for blend.jsonl beside the models.
        logger["path"] = None
    _set_rate(config, study, arm)
    files = {name: value for name, value in config["paths"].items() if value and Path(str(value)).exists()}
    return config, {name: str(value) for name, value in files.items()}


def student_config(study: Study, student: str) -> Config:
    """A student's config, with the study's own values of [study.train] in it, variables kept.

    RAISES (ValueError): If there is no such file, it has no [corpora.train] with a share, no [paths] or no
        [training], or the folder of its encoder is not there.
    """
    path = Path(study.configs[student])
    if not path.is_file():
        raise ValueError(f"[study.configs] {student} = {path}: there is no such file.")
    config = load_config(path, interpolate=False).merge(Config(study.train))
    if "share" not in config.get("corpora", {}).get("train", {}):
        raise ValueError(
            f"{path} has no [corpora.train] with a share to set. "
            'Use the reader "spacy_distill.BlendedCorpus.v1" there, as in configs/student_cpu.cfg.'
        )
    if absent := [f"[{section}]" for section in ("paths", "training") if section not in config]:
        raise ValueError(
            f"{path} has no {' and no '.join(absent)}, where a study sets a run's corpora and steps. "
            "Add what configs/student_cpu.cfg has there."
        )
    if missing := missing_encoder(config):
        raise ValueError(f"{path}: {missing}")
    return config


def share_block(study: Study, regimen: str) -> dict[str, Any]:
    """The section [corpora.train.share] of a regimen: from [study.shares], or the schedule of its name."""
    schedule = "simple_mix" if regimen == ORACLE else regimen
    block = study.shares.get(regimen) or {"@schedules": f"spacy_distill.{schedule}.v1"}
    return {"total_steps": "${training.max_steps}", **block} if _ours(block) else dict(block)


def _ours(block: Mapping[str, Any]) -> bool:
    return str(block.get("@schedules", "")).startswith("spacy_distill.")


def _places(study: Study, run: Run, inputs: Inputs) -> dict[str, str]:
    arm = run.arm
    distilled: Mapping[str, Path | None] = {}
    if arm.regimen == ORACLE:
        distilled = {"": inputs.oracle}
    elif arm.variant:
        distilled = inputs.distilled[study.labels_of(arm.variant, run.seed)]
    names = {"_".join(filter(None, ("distilled", part))): path for part, path in distilled.items()}
    places = {
        "gold": inputs.gold[arm.gold_size, run.seed],
        "gold_labels": inputs.gold_all,
        **names,
        "dev": inputs.dev,
    }
    return {name: str(path) for name, path in places.items()}


def _set_rate(config: Config, study: Study, arm: Arm) -> None:
    if arm.rate == "student":
        return
    optimizer = config["training"].get("optimizer") or {}
    block = {
        "@schedules": f"spacy_distill.{arm.rate}_rate.v1",
        "rate": _peak(optimizer.get("learn_rate")),
        "total_steps": "${training.max_steps}",
    }
    switch = share_block(study, arm.regimen).get("switch")
    if arm.rate == "restart" and switch is not None:
        block["switch"] = switch
    optimizer["learn_rate"] = block


def _peak(configured: Any) -> float:
    """The highest learning rate that a student's config names."""
    if isinstance(configured, int | float):
        return float(configured)
    if isinstance(configured, dict):
        for key in ("rate", "initial_rate", "max_rate", "base_rate"):
            if isinstance(configured.get(key), int | float):
                return float(configured[key])
    raise ValueError(
        f"The study sets learning rates, but the student's [training.optimizer] has no rate: {configured!r}. "
        'Give learn_rate a number or a schedule with a rate; or set rates = ["student"] in [study].'
    )
