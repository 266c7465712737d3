"""Configs that would silently destroy a schedule, refused with the line to change."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from confection import ConfigValidationError
from spacy.language import Language

from .labels import make_gold_labels
from .plan import Plan

TRACK_PROGRESS = "spacy_distill.track_progress.v1"
GOLD_LABELS = "spacy_distill.gold_labels.v1"
READ_LABELS = "spacy.read_labels.v1"
TITLE = "This config would destroy the blend without a word"

Refusal = dict[str, Any]


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse a training config under which the share schedule would not be what training sees.

    config (Mapping): The pipeline's interpolated config.
    RAISES (ConfigValidationError): With every trap that was found and the line to change for each.
    """
    errors = [*_training_traps(config["training"]), *_label_traps(config)]
    if errors:
        raise ConfigValidationError(errors=errors, title=TITLE)


def _training_traps(training: Mapping[str, Any]) -> Iterator[Refusal]:
    if training["max_epochs"] != -1:
        yield _refusal(
            "training.max_epochs",
            f"is {training['max_epochs']}: the corpus would be read once and shuffled. Set max_epochs = -1.",
        )
    if training["max_steps"] < 1:
        yield _refusal(
            "training.max_steps",
            f"is {training['max_steps']}: without it the schedule has no length. Set max_steps = 1000, for instance.",
        )
    if not uses(training.get("before_update"), "callbacks", TRACK_PROGRESS):
        yield _refusal(
            "training.before_update",
            "the reader cannot tell which step training is at. Add the section "
            f'[training.before_update] with @callbacks = "{TRACK_PROGRESS}".',
        )
    batcher = training.get("batcher")
    if isinstance(batcher, Mapping) and batcher.get("discard_oversize"):
        yield _refusal(
            "training.batcher.discard_oversize",
            "drops examples after they were counted. Set discard_oversize = false, and max_length in the reader.",
        )


def _label_traps(config: Mapping[str, Any]) -> Iterator[Refusal]:
    given = config.get("initialize", {}).get("components", {})
    for name in ner_components(config):
        where = f"initialize.components.{name}.labels"
        labels = given.get(name, {}).get("labels")
        if labels is None:
            yield _refusal(
                where,
                "the labels would be those of the first 100 examples, mostly distilled. Add the section "
                f'[{where}] with @readers = "spacy_distill.gold_labels.v1" and path = ${{paths.gold}}.',
            )
        elif isinstance(labels, Mapping) and labels.get("@readers") == READ_LABELS:
            path = labels.get("path")
            if not path or not Path(path).exists():
                yield _refusal(
                    where,
                    f"there is no file {path}, which {READ_LABELS} passes over in silence. Change its path.",
                )


def check_labels(nlp: Language, config: Mapping[str, Any], plan: Plan) -> None:
    """Refuse corpora with labels that the pipeline does not learn: training would stop at the first of them.

    nlp (Language): The pipeline; if its NER is not initialized yet and takes its labels from gold, those count.
    config (Mapping): The pipeline's interpolated config.
    plan (Plan): The sources and what they hold.
    RAISES (ConfigValidationError): With the labels and the source.
    """
    for name in ner_components(config):
        labels = config["initialize"]["components"][name]["labels"]
        known = set(nlp.get_pipe(name).labels)  # type: ignore[attr-defined]
        if not known and isinstance(labels, Mapping) and labels.get("@readers") == GOLD_LABELS:
            known = {label for label in make_gold_labels(labels.get("path"))["1"]}
        for source, held in plan.holdings.items():
            if known and (unknown := sorted(set(held.labels) - known)):
                raise ConfigValidationError(
                    errors=[
                        _refusal(
                            f"initialize.components.{name}.labels",
                            f"{plan.sources[source]} has labels that {name} does not learn: {', '.join(unknown)} "
                            f"(it learns {', '.join(sorted(known))}). Rename them in the corpus, or give all labels here.",
                        )
                    ],
                    title="Gold and distilled have different labels",
                )


def ner_components(config: Mapping[str, Any]) -> list[str]:
    """Names of the NER components that this config initializes from scratch."""
    components = config.get("components", {})
    return [
        name
        for name in config["nlp"]["pipeline"]
        if components.get(name, {}).get("factory") in ("ner", "beam_ner")
        and name not in config["training"]["frozen_components"]
    ]


def uses(section: Any, registry: str, function: str) -> bool:
    """Whether a config section is made by a registered function, or has a part at any depth that is."""
    if not isinstance(section, Mapping):
        return False
    here = section.get(f"@{registry}") == function
    return here or any(uses(part, registry, function) for part in section.values())


def _refusal(where: str, message: str) -> Refusal:
    return {"loc": where.split("."), "msg": message}
