"""Configs that would destroy a schedule: refused, or warned about, with the line to change."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confection import ConfigValidationError
from spacy.language import Language
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..errors import DistillError, refusal
from ..tasks.base import tasks
from .plan import GOLD, BlendPlan, scan

TRACK_PROGRESS = "spacy_distill.track_progress.v1"
GOLD_LABELS = "spacy_distill.gold_labels.v1"
PHASES = "spacy_distill.phases.v1"
READ_LABELS = "spacy.read_labels.v1"
# The folder that the project's command `encoder` fills.
FETCHED_ENCODER = Path("assets/encoder")

# How long to train, as configs/study_budget.cfg measured: docs/results_appendix.md has the table.
GOLD_PASSES, DISTILLED_PASSES = 10, 1.5  # What suggest_steps aims at.
LEAST_STEPS, LEAST_ALONE, MOST_STEPS = 600, 1_200, 20_000  # Of a blend, of gold alone, and of anything.
FEW_GOLD_PASSES, FEW_DISTILLED_PASSES, MANY_PASSES = 4, 0.5, 500  # Beyond which there is a warning.

ConfigError = dict[str, Any]


def check_config(config: Mapping[str, Any], nlp: Language | None = None) -> None:
    """Refuse a training config under which the share schedule would not be what training sees.

    config: the pipeline's interpolated config.
    nlp: the pipeline; a component of it that has labels already needs none.
    RAISES ConfigValidationError: with every error that was found and the line to change for each.
    """
    errors = [*_training_errors(config["training"]), *_label_errors(config, nlp)]
    if errors:
        raise ConfigValidationError(errors=errors, title="This config would destroy the blend in silence")


def _training_errors(training: Mapping[str, Any]) -> Iterator[ConfigError]:
    if training["max_epochs"] != -1:
        yield _error(
            "training.max_epochs",
            f"is {training['max_epochs']}: the corpus would be read once and shuffled. Set max_epochs = -1.",
        )
    if training["max_steps"] < 1:
        yield _error(
            "training.max_steps",
            f"is {training['max_steps']}: without it the schedule has no length. Set max_steps = 1000, say.",
        )
    if not uses(training.get("before_update"), "callbacks", TRACK_PROGRESS):
        yield _error(
            "training.before_update",
            "the reader does not know which step training is at. Add the section [training.before_update] "
            f'with @callbacks = "{TRACK_PROGRESS}".',
        )
    if section_at(training, "batcher").get("discard_oversize"):
        yield _error(
            "training.batcher.discard_oversize",
            "drops examples after they were counted. Set discard_oversize = false; max_length in "
            "[corpora.train] leaves long documents out and counts them.",
        )


def _label_errors(config: Mapping[str, Any], nlp: Language | None) -> Iterator[ConfigError]:
    for name in new_components(config):
        where = f"initialize.components.{name}.labels"
        labels = _label_section(config, name)
        if labels is None and not _labels_of(nlp, name):
            yield _error(
                where,
                "the labels would be those of the first 100 examples, mostly distilled. Add the section "
                f'[{where}] with @readers = "{GOLD_LABELS}" and path = ${{paths.gold}}.',
            )
        elif uses(labels, "readers", READ_LABELS):
            path = labels.get("path")
            if not path or not Path(path).exists():
                yield _error(
                    f"{where}.path",
                    f"there is no file {path}, which {READ_LABELS} passes over in silence. Change it.",
                )


def missing_encoder(config: Mapping[str, Any]) -> str | None:
    """What to do if the encoder's folder is not there: it would be taken for the name of a model on the hub.

    config: a training config; its `paths.encoder` is a folder, or such a name.
    RETURNS: None if the encoder is there, is on the hub, or none is named.
    """
    encoder = config.get("paths", {}).get("encoder")
    if not encoder or not _is_folder_name(str(encoder)) or Path(encoder).is_dir():
        return None
    return (
        f"paths.encoder: there is no folder {encoder}. Fetch the MiniLM encoder once with "
        f"`spacy-distill encoder {encoder}`, or name another encoder."
    )


def _is_folder_name(encoder: str) -> bool:
    """Whether this cannot be meant as a name on the hub, which is `model` or `owner/model`."""
    path = Path(encoder)
    return (
        path == FETCHED_ENCODER or path.is_absolute() or encoder.startswith((".", "~")) or len(path.parts) > 2
    )


def check_labels(config: Mapping[str, Any], plan: BlendPlan, nlp: Language | None = None) -> None:
    """Refuse corpora with labels that the pipeline does not learn: training would stop at the first of them.

    config: the pipeline's interpolated config.
    nlp: the pipeline. Without it, or while its component has no labels yet, those that the config counts from
        gold are taken; other labels are checked at the reader's next start.
    RAISES ConfigValidationError: with the labels and the source.
    """
    errors = []
    for name in new_components(config):
        known = _known_labels(config, name, nlp)
        for source, counts in plan.counts.items():
            if extra := sorted(set(counts.labels) - known) if known else []:
                errors.append(
                    _error(
                        f"initialize.components.{name}.labels",
                        f"{plan.sources[source]} has labels that {name} does not learn: {', '.join(extra)} "
                        f"(it learns {', '.join(sorted(known))}). Rename them in the corpus, or name all "
                        "labels here.",
                    )
                )
    if errors:
        raise ConfigValidationError(errors=errors, title="Gold and distilled have different labels")


def check_dev(config: Mapping[str, Any], plan: BlendPlan, nlp: Language | None = None) -> None:
    """Refuse a dev corpus that scores cannot be had on: without labels, or with some never predicted.

    config: the pipeline's interpolated config. A dev corpus that is not there, or not read by path, is left
        to spaCy.
    nlp: see `check_labels`.
    RAISES ConfigValidationError: with the corpus and the labels.
    """
    where = str(config["training"]["dev_corpus"])
    path, line = section_at(config, where).get("path"), [*where.split("."), "path"]
    if not isinstance(path, str | Path) or not path or not Path(path).exists():
        return
    task = next(iter(plan.counts.values())).task
    try:
        # Whole documents: what is damaged would end training at its first evaluation.
        labels = {item.label for doc in read_docs(Path(path), Vocab()) for item in task.read(doc).items}
    except DistillError as error:
        raise refusal(str(error), line, "A corpus cannot be read") from error
    known = {label for name in new_components(config) for label in _known_labels(config, name, nlp)}
    if problem := unscorable(str(path), labels, known):
        raise refusal(problem, line, "Nothing could be scored on dev")


def unscorable(corpus: str, labels: Collection[str], known: Collection[str]) -> str | None:
    """Why a student cannot be scored on a corpus; None if it can.

    corpus: what it is called.
    labels: its labels.
    known: those of the student; empty if they are not known.
    """
    if not labels:
        return (
            f"{corpus} has no label, so every score on it would be 0 or nothing. Import it with its gold "
            "labels: `spacy-distill import` says how many it finds."
        )
    if known and (extra := sorted(set(labels) - set(known))):
        return (
            f"{corpus} has labels that the student does not learn: {', '.join(extra)} (it learns "
            f"{', '.join(sorted(known))}). Rename them in the corpus, or label some in gold."
        )
    return None


def _known_labels(config: Mapping[str, Any], name: str, nlp: Language | None) -> set[str]:
    known, labels = _labels_of(nlp, name), _label_section(config, name)
    if not known and uses(labels, "readers", GOLD_LABELS) and labels.get("path"):
        line = ("initialize", "components", name, "labels", "path")
        known = set(scan(Path(labels["path"]), line).labels)
    return known


def _labels_of(nlp: Language | None, name: str) -> set[str]:
    """The labels that a component has already."""
    return set(nlp.get_pipe(name).labels) if nlp else set()  # type: ignore[attr-defined]


def config_warnings(config: Mapping[str, Any], plan: BlendPlan) -> Iterator[str]:
    """What may be meant, but would leave training with less of the schedule than it looks.

    config: the pipeline's interpolated config.
    YIELDS: one warning each, with the line to change.
    """
    training = config["training"]
    patience, max_steps = training["patience"], training["max_steps"]
    if 0 < patience < max_steps and len(set(plan.shares)) > 1:
        unseen = min(plan.shares[: patience + 1]) == 1.0
        yield (
            f"patience = {patience} can end training before {'any gold' if unseen else 'the schedule ends'}: "
            "scores rise and fall with the share. Set patience = 0 in [training]."
        )
    batcher = section_at(training, "batcher")
    if "buffer" in batcher:
        yield (
            f"The batcher keeps {batcher['buffer']} documents back to sort them: the share lags by as many. "
            'Set @batchers = "spacy.batch_by_sequence.v1" in [training.batcher].'
        )
    factories = [section.get("factory") for section in config.get("components", {}).values()]
    if section_at(training, "optimizer").get("use_averages") and "transformer" in factories:
        yield (
            "Averages never reach a transformer: evaluations would put an averaged head on an encoder as it "
            "is. Set use_averages = false in [training.optimizer]."
        )
    yield from _other_lengths(section_at(config, training["train_corpus"]).get("share"), max_steps)
    yield from _odd_dev(config, training["dev_corpus"], plan)
    yield from _odd_passes(plan, plan.batch_sizes(batcher))


def _odd_dev(config: Mapping[str, Any], where: str, plan: BlendPlan) -> Iterator[str]:
    """Warn about a dev corpus with labels that nothing teaches."""
    path = section_at(config, where).get("path")
    if not path or not Path(path).exists():
        return
    found = scan(Path(path), where.split("."))
    learned = {label for counts in plan.counts.values() for label in counts.labels}
    if strange := sorted(set(found.labels) - learned):
        yield (
            f"{path}, given as dev, has labels that no text to train on has: {', '.join(strange)} (there are "
            f"{', '.join(sorted(learned))}). All of them will be missed. Rename them in the corpus."
        )


def _odd_passes(plan: BlendPlan, sizes: Sequence[float]) -> Iterator[str]:
    """Warn about sources that are seen hardly at all, or absurdly often."""
    for name, exposure in plan.exposures(sizes).items():
        documents = plan.counts[name].documents
        passes = exposure.examples / documents
        if passes > MANY_PASSES:
            found = "far more than anything is learned from"
        elif passes < (FEW_GOLD_PASSES if name == GOLD else FEW_DISTILLED_PASSES):
            found = "too few to learn what it has to teach"
        else:
            continue
        yield (
            f"Training makes {passes:,.1f} passes over the {documents:,} documents of {name}: {found}. Set "
            f"max_steps = {suggest_steps(plan, sizes)} in [training], say, or change the share."
        )


def suggest_steps(plan: BlendPlan, sizes: Sequence[float]) -> int | None:
    """How many steps to train, from the number of documents and the share of each source.

    The rule: gold is seen 10 times or more and each distilled source 1.5 times, in 600 to 20,000 steps, gold
    alone in 1,200 or more. It was measured with 500 gold and 3,187 distilled sentences: see
    docs/results_appendix.md.

    sizes: documents of each step.
    RETURNS: None if the batcher does not say how many documents a step has.
    """
    if not sizes:
        return None
    wanted = {}
    for name, exposure in plan.exposures(sizes).items():
        if passes := exposure.examples / plan.counts[name].documents:
            aim = GOLD_PASSES if name == GOLD else DISTILLED_PASSES
            wanted[name] = (len(sizes) - 1) * aim / passes
    return round_steps(max(wanted.values()), LEAST_ALONE if set(wanted) == {GOLD} else LEAST_STEPS)


def round_steps(steps: float, least: int = LEAST_STEPS) -> int:
    """A number of steps to the nearest hundred, from the least that is suggested to the most."""
    return min(MOST_STEPS, max(least, 100 * math.floor(steps / 100 + 0.5)))


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


def new_components(config: Mapping[str, Any]) -> list[str]:
    """Names of the components that predict a task's annotation and are initialized from scratch."""
    factories = {factory for task in tasks().values() for factory in task.factories}
    return [
        name
        for name in config["nlp"]["pipeline"]
        if config.get("components", {}).get(name, {}).get("factory") in factories
        and name not in config["training"]["frozen_components"]
    ]


def _label_section(config: Mapping[str, Any], name: str) -> Any:
    """What a config gives a component for its labels, or None."""
    return section_at(config, f"initialize.components.{name}").get("labels")


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


def _error(where: str, message: str) -> ConfigError:
    return {"loc": where.split("."), "msg": message}
