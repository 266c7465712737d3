"""Configs that would destroy a schedule: refused, or warned about, with the line to change."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from confection import ConfigValidationError
from spacy.language import Language

from .plan import Plan, scan

TRACK_PROGRESS = "spacy_distill.track_progress.v1"
GOLD_LABELS = "spacy_distill.gold_labels.v1"
PHASES = "spacy_distill.phases.v1"
READ_LABELS = "spacy.read_labels.v1"
# The folder that the project's command `encoder` fills.
FETCHED_ENCODER = Path("assets/encoder")

Refusal = dict[str, Any]


def check_config(config: Mapping[str, Any], nlp: Language | None = None) -> None:
    """Refuse a training config under which the share schedule would not be what training sees.

    config: The pipeline's interpolated config.
    nlp: The pipeline; an NER of it that has labels already needs none.
    RAISES ConfigValidationError: With every trap that was found and the line to change for each.
    """
    errors = [*_training_traps(config["training"]), *_label_traps(config, nlp)]
    if errors:
        raise ConfigValidationError(errors=errors, title="This config would destroy the blend in silence")


def _training_traps(training: Mapping[str, Any]) -> Iterator[Refusal]:
    if training["max_epochs"] != -1:
        yield _refusal(
            "training.max_epochs",
            f"is {training['max_epochs']}: the corpus would be read once and shuffled. Set max_epochs = -1.",
        )
    if training["max_steps"] < 1:
        yield _refusal(
            "training.max_steps",
            f"is {training['max_steps']}: without it the schedule has no length. Set max_steps = 1000, say.",
        )
    if not uses(training.get("before_update"), "callbacks", TRACK_PROGRESS):
        yield _refusal(
            "training.before_update",
            "the reader cannot tell which step training is at. Add the section [training.before_update] "
            f'with @callbacks = "{TRACK_PROGRESS}".',
        )
    batcher = training.get("batcher")
    if isinstance(batcher, Mapping) and batcher.get("discard_oversize"):
        yield _refusal(
            "training.batcher.discard_oversize",
            "drops examples after they were counted. Set discard_oversize = false; max_length in "
            "[corpora.train] leaves long documents out and counts them.",
        )


def _label_traps(config: Mapping[str, Any], nlp: Language | None) -> Iterator[Refusal]:
    for name in ner_components(config):
        where = f"initialize.components.{name}.labels"
        labels = label_section(config, name)
        if labels is None and not _labels_of(nlp, name):
            yield _refusal(
                where,
                "the labels would be those of the first 100 examples, mostly distilled. Add the section "
                f'[{where}] with @readers = "{GOLD_LABELS}" and path = ${{paths.gold}}.',
            )
        elif isinstance(labels, Mapping) and labels.get("@readers") == READ_LABELS:
            path = labels.get("path")
            if not path or not Path(path).exists():
                yield _refusal(
                    f"{where}.path",
                    f"there is no file {path}, which {READ_LABELS} passes over in silence. Change it.",
                )


def missing_encoder(config: Mapping[str, Any]) -> str | None:
    """What to do if the encoder's folder is not there: it would be taken for the name of a model on the hub.

    config: A training config; its `paths.encoder` is a folder, or such a name.
    RETURNS: None if the encoder is there, is on the hub, or none is named.
    """
    encoder = config.get("paths", {}).get("encoder")
    if not encoder or not _is_folder_name(str(encoder)) or Path(encoder).is_dir():
        return None
    return (
        f"paths.encoder: there is no folder {encoder}. Fetch the MiniLM encoder once with `python -m spacy "
        "project run encoder .`, in the project's folder; or name another encoder."
    )


def _is_folder_name(encoder: str) -> bool:
    """Whether this cannot be meant as a name on the hub, which is `model` or `owner/model`."""
    path = Path(encoder)
    return (
        path == FETCHED_ENCODER or path.is_absolute() or encoder.startswith((".", "~")) or len(path.parts) > 2
    )


def check_labels(config: Mapping[str, Any], plan: Plan, nlp: Language | None = None) -> None:
    """Refuse corpora with labels that the pipeline does not learn: training would stop at the first of them.

    config: The pipeline's interpolated config.
    plan: The sources and what they hold.
    nlp: The pipeline. Without it, or while its NER is not initialized, the labels that
        the config counts from gold are checked against; other labels are at the reader's next start.
    RAISES ConfigValidationError: With the labels and the source.
    """
    errors = []
    for name in ner_components(config):
        known = _known_labels(config, name, nlp)
        for source, held in plan.holdings.items():
            unknown = sorted(set(held.labels) - known) if known else []
            if unknown:
                errors.append(
                    _refusal(
                        f"initialize.components.{name}.labels",
                        f"{plan.sources[source]} has labels that {name} does not learn: {', '.join(unknown)} "
                        f"(it learns {', '.join(sorted(known))}). Rename them in the corpus, or name all "
                        "labels here.",
                    )
                )
    if errors:
        raise ConfigValidationError(errors=errors, title="Gold and distilled have different labels")


def _known_labels(config: Mapping[str, Any], name: str, nlp: Language | None) -> set[str]:
    known = _labels_of(nlp, name)
    labels = label_section(config, name)
    if not known and isinstance(labels, Mapping) and labels.get("@readers") == GOLD_LABELS:
        known = set(make_gold_labels(labels.get("path"))["1"])
    return known


def _labels_of(nlp: Language | None, name: str) -> set[str]:
    """The labels that a component has already."""
    return set(nlp.get_pipe(name).labels) if nlp else set()  # type: ignore[attr-defined]


def cautions(config: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    """What may be meant, but would leave training with less of the schedule than it looks.

    config: The pipeline's interpolated config.
    plan: The plan of the run.
    YIELDS: One warning each, with the line to change.
    """
    training = config["training"]
    patience, max_steps = training["patience"], training["max_steps"]
    if 0 < patience < max_steps and len(set(plan.shares)) > 1:
        unseen = min(plan.shares[: patience + 1]) == 1.0
        yield (
            f"patience = {patience} can end training before {'any gold' if unseen else 'the schedule ends'}: "
            "scores rise and fall with the share. Set patience = 0 in [training]."
        )
    batcher = training.get("batcher")
    if isinstance(batcher, Mapping) and "buffer" in batcher:
        yield (
            f"The batcher holds {batcher['buffer']} documents back to sort them: the share lags by as many. "
            'Set @batchers = "spacy.batch_by_sequence.v1" in [training.batcher].'
        )
    factories = [section.get("factory") for section in config.get("components", {}).values()]
    if section_at(training, "optimizer").get("use_averages") and "transformer" in factories:
        yield (
            "Averages never reach a transformer: evaluations would put an averaged head on an encoder as it "
            "is. Set use_averages = false in [training.optimizer]."
        )
    yield from _other_lengths(section_at(config, training["train_corpus"]).get("share"), max_steps)


def _other_lengths(share: Any, steps: int) -> Iterator[str]:
    """Warn about schedules that are made for more or fewer steps than they have."""
    if not isinstance(share, Mapping):
        return
    if share.get("total_steps", steps) != steps:
        yield (
            f"The share schedule is made for {share['total_steps']} steps, but training makes {steps}. "
            "Set total_steps = ${training.max_steps} in its section."
        )
    yield from _phases_of_other_lengths(share, "….share")


def _phases_of_other_lengths(share: Mapping[str, Any], where: str) -> Iterator[str]:
    phases = share.get("*", {}) if share.get("@schedules") == PHASES else {}
    for name, phase in phases.items():
        within, place = phase["share"], f"{where}.*.{name}.share"
        if not isinstance(within, Mapping):
            continue
        length = phase["steps"] if "steps" in phase else round(phase["fraction"] * share["total_steps"])
        if abs(within.get("total_steps", length) - length) > 1:
            yield (
                f"The schedule of the phase {name} is made for {within['total_steps']} steps, but the "
                f"phase lasts {length}. Set total_steps = {length} in [{place}]."
            )
        yield from _phases_of_other_lengths(within, place)


def ner_components(config: Mapping[str, Any]) -> list[str]:
    """Names of the NER components that this config initializes from scratch."""
    components = config.get("components", {})
    return [
        name
        for name in config["nlp"]["pipeline"]
        if components.get(name, {}).get("factory") in ("ner", "beam_ner")
        and name not in config["training"]["frozen_components"]
    ]


def label_section(config: Mapping[str, Any], name: str) -> Any:
    """What a config gives a component for its labels, or None."""
    return config.get("initialize", {}).get("components", {}).get(name, {}).get("labels")


def uses(section: Any, registry: str, function: str) -> bool:
    """Whether a config section is made by a registered function, or has a part at any depth that is."""
    if not isinstance(section, Mapping):
        return False
    here = section.get(f"@{registry}") == function
    return here or any(uses(part, registry, function) for part in section.values())


def section_at(config: Mapping[str, Any], dotted: str) -> Mapping[str, Any]:
    """The section of a dotted name; empty if there is none."""
    section: Any = config
    for key in dotted.split("."):
        section = section.get(key, {}) if isinstance(section, Mapping) else {}
    return section if isinstance(section, Mapping) else {}


def _refusal(where: str, message: str) -> Refusal:
    return {"loc": where.split("."), "msg": message}


LabelData = dict[str, dict[str, int]]
LINE = ("initialize", "components", "ner", "labels", "path")


def make_gold_labels(path: str | Path | None) -> LabelData:
    """Count the NER labels of the whole gold corpus.

    Training that streams its corpus shows the pipeline 100 examples to learn its labels from, and in most
    regimens they are all distilled. With the labels of gold every regimen starts from the same network, and
    no earlier `init labels` step is needed.

    path: The gold corpus, a `.spacy` file or folder.
    RETURNS: Label data as `ner` initializes from: label counts by action.
    RAISES ConfigValidationError: If there is no gold corpus, or it has no entity.
    """
    if path is None:
        raise _refusal_labels(
            "the labels are counted from the gold corpus, but none is given. Set gold in [paths]; a run "
            "without gold may name another corpus: --initialize.components.ner.labels.path distilled.spacy"
        )
    labels = scan(Path(path), LINE).labels
    if not labels:
        raise _refusal_labels(
            f"{path} has no entity, so there is no label to learn. Set gold in [paths] to another corpus."
        )
    counts = dict(labels.most_common())
    # The actions of spaCy's NER: missing, begin, in, last, unit, out. The empty label is "not an entity".
    return {"0": {}, "1": counts, "2": counts, "3": counts, "4": {**counts, "": 1}, "5": {"": 1}}


def _refusal_labels(message: str) -> ConfigValidationError:
    return ConfigValidationError(
        errors=[{"loc": LINE, "msg": message}],
        title="No labels",
    )
