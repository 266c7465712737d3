"""The corpus reader of a blend, and what it needs beside it in a config."""

import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import ref

from spacy.language import Language
from spacy.training import Example

from ..errors import DistillError, is_number, refusal
from .checks import check_config, check_dev, check_labels, config_warnings
from .plan import BY_SEQUENCE, GOLD, BlendPlan, make_plan, scan
from .progress import progress_of
from .stream import Blend

DISTILLED = "distilled"
LABELS_LINE = ("initialize", "components")
logger = logging.getLogger("spacy")

Paths = str | Path | dict[str, str | Path]


class BlendedCorpus:
    """Blend a gold corpus with one or several distilled ones while `spacy train` runs.

    A reader keeps its place in every corpus between calls: training that runs dry and calls again goes on
    where it was. Outside training a call yields one pass over the sources of the first step; while training
    runs it goes on until training ends, so that no batch is cut short.

    gold: the gold corpus, a `.spacy` file or folder. May be null if no share asks for it.
    distilled: the distilled corpus, or several by name. May be null if no share asks for it.
    share: the share of distilled examples in [0, 1]: a schedule, or a number.
    weights: how the share is split among several distilled corpora; only the ratios matter. Null: by their
        numbers of documents.
    seed: decides the order of every corpus.
    max_length: longer documents (in tokens) are left out and counted; 0 for no limit.
    shuffle_window: a corpus of more documents is streamed, with so many in memory for shuffling.
    group_by_length: whether the examples of a step are of similar length, whatever their source: a
        transformer then computes less padding. Shares and passes stay exact.
    RAISES ConfigValidationError: if an argument makes no sense.
    """

    def __init__(
        self,
        gold: str | Path | None,
        distilled: Paths | None,
        share: Any,
        weights: dict[str, float] | None = None,
        seed: int = 0,
        max_length: int = 0,
        shuffle_window: int = 10000,
        group_by_length: bool = False,
    ) -> None:
        self.distilled = _named(distilled)
        self.gold = None if gold is None else Path(gold)
        _check_arguments(self.distilled, weights, max_length, shuffle_window)
        self.share = share
        self.weights = weights
        self.seed = seed
        self.max_length = max_length
        self.shuffle_window = shuffle_window
        self.group_by_length = group_by_length
        self._plan: BlendPlan | None = None
        self._blend: tuple[ref[Language], Blend] | None = None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Draw examples, at least one.

        nlp: the pipeline that is trained; its config is checked at the first call.
        RAISES ConfigValidationError: if the config would destroy the schedule, or asks for a source that is
            missing or empty.
        """
        if self._blend is None or self._blend[0]() is not nlp:
            self._blend = (ref(nlp), self._start(nlp))
        return self._examples(nlp, self._blend[1])

    def plan(self, max_steps: int) -> BlendPlan:
        """What a training of so many steps is going to draw: the share of every step, and from which corpora.

        RAISES ConfigValidationError: if a share is out of range, or asks for a source that is missing or
            empty.
        RAISES DistillError: if the reader has planned a training of another length: its schedule is used up.
        """
        if self._plan is None:
            self._plan = make_plan(
                self.share, max_steps, self.gold, self.distilled, self.weights, self.max_length
            )
        if len(self._plan.shares) != max_steps + 1:
            raise DistillError(
                f"This reader has planned {len(self._plan.shares) - 1} steps and cannot plan {max_steps}: a "
                "schedule can be drawn once only. Make a new reader."
            )
        return self._plan

    def _examples(self, nlp: Language, blend: Blend) -> Iterator[Example]:
        progress = progress_of(nlp)
        last = len(blend.totals.shares) - 1
        drawn = 0
        # The first batch of a training is drawn before the callback was ever called.
        batcher = nlp.config.interpolate()["training"]["batcher"]
        size = batcher.get("size") if batcher.get("@batchers") == BY_SEQUENCE else 1
        enough = max(self.plan(last).one_pass(), size if isinstance(size, int) else 1)
        while drawn < enough or (progress.step is not None and progress.step < last):
            # The callback notes a step after its batch was drawn, so what is drawn now is for the next one.
            yield blend.draw(0 if progress.step is None else progress.step + 1)
            drawn += 1

    def _start(self, nlp: Language) -> Blend:
        config = nlp.config.interpolate()
        check_config(config, nlp)
        plan = self.plan(config["training"]["max_steps"])
        check_labels(config, plan, nlp)
        check_dev(config, plan, nlp)
        progress = progress_of(nlp)
        # Initialization and training each have a reader; the user is warned once.
        if progress.totals is None:
            progress.summary = _summary(config, plan)
            _warn(config, plan)
        blend = Blend(
            nlp,
            plan,
            seed=self.seed,
            max_length=self.max_length,
            window=self.shuffle_window,
            group_by_length=self.group_by_length,
        )
        progress.step, progress.totals = None, blend.totals
        return blend


def _summary(config: Mapping[str, Any], plan: BlendPlan) -> list[str]:
    """What training is going to see of each source, one line each."""
    exposures = plan.exposures(plan.batch_sizes(config["training"]["batcher"]))
    lines = []
    for name, counts in plan.counts.items():
        passes = f"{exposures[name].examples / counts.documents:.1f}" if exposures else "some"
        first, last = plan.phase(name)
        lines.append(f"{name}: {counts.documents:,} documents, {passes} passes in steps {first} to {last}")
    return lines


def _warn(config: Mapping[str, Any], plan: BlendPlan) -> None:
    for name, counts in plan.counts.items():
        if counts.skipped:
            logger.warning(
                "%s: %d documents; left out: %s", plan.sources[name], counts.documents, counts.skipped_text()
            )
    for caution in config_warnings(config, plan):
        logger.warning(caution)


def _named(distilled: Paths | None) -> dict[str, Path]:
    if distilled is None:
        return {}
    if isinstance(distilled, str | Path):
        return {DISTILLED: Path(distilled)}
    return {name: Path(path) for name, path in distilled.items()}


def _check_arguments(
    distilled: Mapping[str, Path], weights: Mapping[str, float] | None, max_length: int, shuffle_window: int
) -> None:
    if GOLD in distilled:
        raise refusal('A distilled corpus is called "gold". Give it another name: that one is taken.')
    if weights is not None and set(weights) != set(distilled):
        raise refusal(
            f"weights names {', '.join(sorted(weights))}, but the distilled corpora are "
            f"{', '.join(sorted(distilled)) or 'none'}. Give each of them a weight, or set weights = null."
        )
    for name, weight in (weights or {}).items():
        if not is_number(weight) or not 0.0 <= weight < math.inf:
            raise refusal(f"The weight of {name} is {weight!r}, but must be a number, 0 or more.")
    if weights and not any(weights.values()):
        raise refusal("All weights are 0. Give at least one distilled corpus a weight above 0.")
    if max_length < 0:
        raise refusal(f"max_length is {max_length}, but must be a number of tokens, or 0 for no limit.")
    if shuffle_window < 1:
        raise refusal(f"shuffle_window is {shuffle_window}, but must be 1 document or more.")


def make_gold_labels(path: str | Path | None) -> Any:
    """Count the labels of the whole gold corpus.

    Training that streams its corpus shows the pipeline 100 examples to learn its labels from, and in most
    regimens they are all distilled. With the labels of gold every regimen starts from the same network, and
    no earlier `init labels` step is needed.

    path: the gold corpus, a `.spacy` file or folder.
    RETURNS: what a component of the corpus's task initializes its labels from.
    RAISES ConfigValidationError: if there is no gold corpus, or it has no label.
    """
    if path is None:
        raise refusal(
            "the labels are counted from the gold corpus, but none is given. Set gold in [paths]; a run "
            "without gold may name another corpus as path in [initialize.components.….labels]",
            LABELS_LINE,
            "No labels",
        )
    counts = scan(Path(path), LABELS_LINE)
    if not counts.labels:
        raise refusal(
            f"{path} has no label, so there is nothing to learn. Set gold in [paths] to another corpus.",
            LABELS_LINE,
            "No labels",
        )
    return counts.task.label_data(counts.labels)
