"""The corpus reader of a blend, and what it needs beside it in a config."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, ref

from spacy.language import Language
from spacy.training import Example

from ..errors import DistillError, is_number, refusal
from .checks import cautions, check_config, check_labels
from .plan import GOLD, Account, Plan, make_plan
from .stream import Blend

DISTILLED = "distilled"
BY_SEQUENCE = "spacy.batch_by_sequence.v1"
logger = logging.getLogger("spacy")

Paths = str | Path | dict[str, str | Path]


def make_blended_corpus(
    gold: str | Path | None,
    distilled: Paths | None,
    share: Any,
    weights: dict[str, float] | None = None,
    seed: int = 0,
    max_length: int = 0,
    shuffle_window: int = 10000,
    group_by_length: bool = False,
) -> "BlendedCorpus":
    """Make a reader that blends a gold corpus with one or several distilled ones while `spacy train` runs.

    gold: The gold corpus, a `.spacy` file or folder. May be null if no share
        asks for it.
    distilled: The distilled corpus, or several by name. May be null
        if no share asks for it.
    share: The share of distilled examples in [0, 1]: a schedule, or a number.
    weights: How the share is split among several distilled corpora; only the
        ratios matter. Null: by their numbers of documents.
    seed: Decides the order of every corpus.
    max_length: Longer documents (in tokens) are left out and counted; 0 for no limit.
    shuffle_window: A corpus of more documents is streamed, with so many held for shuffling.
    group_by_length: Whether the examples of a step are of similar length, whatever their source: a
        transformer then computes less padding. Shares and passes stay exact.
    RETURNS: The reader.
    RAISES ConfigValidationError: If an argument makes no sense.
    """
    return BlendedCorpus(
        gold,
        distilled,
        share,
        weights=weights,
        seed=seed,
        max_length=max_length,
        shuffle_window=shuffle_window,
        group_by_length=group_by_length,
    )


class BlendedCorpus:
    """Blend gold and distilled examples. See `make_blended_corpus` for the arguments.

    A reader holds its place in every corpus between calls: training that runs dry and calls again goes on
    where it was. Outside training a call yields one pass over the sources of the first step; while training
    runs it goes on until training ends, so that no batch is cut short.
    """

    def __init__(
        self,
        gold: str | Path | None,
        distilled: Paths | None,
        share: Any,
        *,
        weights: Mapping[str, float] | None = None,
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
        self._plan: Plan | None = None
        self._blend: tuple[ref[Language], Blend] | None = None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Draw examples.

        nlp: The pipeline that is trained; its config is checked at the first call.
        YIELDS: The examples, at least one.
        RAISES ConfigValidationError: If the config would destroy the schedule, or asks for a source that is
            missing or empty.
        """
        if self._blend is None or self._blend[0]() is not nlp:
            self._blend = (ref(nlp), self._start(nlp))
        return self._examples(nlp, self._blend[1])

    def plan(self, max_steps: int) -> Plan:
        """What a training of so many steps is going to draw: the share of every step, and from which corpora.

        max_steps: The `max_steps` of training.
        RETURNS: The plan.
        RAISES ConfigValidationError: If a share is out of range, or asks for a source that is missing or
            empty.
        RAISES DistillError: If the reader has planned a training of another length: its schedule is used up.
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
        last = len(blend.account.shares) - 1
        drawn = 0
        # The first batch of a training is drawn before the callback was ever called.
        training = nlp.config.interpolate()["training"]
        enough = max(self.plan(last).one_pass(), batch_size(training["batcher"]))
        while drawn < enough or (progress.step is not None and progress.step < last):
            # The callback notes a step after its batch was drawn, so what is drawn now is for the next one.
            yield blend.draw(0 if progress.step is None else progress.step + 1)
            drawn += 1

    def _start(self, nlp: Language) -> Blend:
        config = nlp.config.interpolate()
        check_config(config, nlp)
        plan = self.plan(config["training"]["max_steps"])
        check_labels(config, plan, nlp)
        self._tell(nlp, config, plan)
        blend = Blend(
            nlp,
            plan,
            seed=self.seed,
            max_length=self.max_length,
            window=self.shuffle_window,
            group_by_length=self.group_by_length,
        )
        progress = progress_of(nlp)
        progress.step, progress.account = None, blend.account
        return blend

    @staticmethod
    def _tell(nlp: Language, config: Mapping[str, Any], plan: Plan) -> None:
        """Log what a user should know; once, though initialization and training each have a reader."""
        if progress_of(nlp).account is not None:
            return
        for name, held in plan.holdings.items():
            if held.skipped:
                logger.warning(
                    "%s: %d documents; left out: %s", plan.sources[name], held.documents, held.skipped_text()
                )
        for caution in cautions(config, plan):
            logger.warning(caution)


def batch_size(batcher: Mapping[str, Any]) -> int:
    """Documents of a batch where the config's batcher counts documents, else 1."""
    size = batcher.get("size") if batcher.get("@batchers") == BY_SEQUENCE else 1
    return size if isinstance(size, int) else 1


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


UpdateCallback = Callable[[Language, dict[str, Any]], None]


@dataclass
class Progress:
    """What is known of the training of one pipeline.

    step: The step whose batch was drawn last, None before the first.
    account: What the reader that feeds this training has drawn.
    """

    step: int | None = None
    account: Account | None = None


_PROGRESS: "WeakKeyDictionary[Language, Progress]" = WeakKeyDictionary()


def progress_of(nlp: Language) -> Progress:
    """The notes on the training of a pipeline, made at the first call."""
    return _PROGRESS.setdefault(nlp, Progress())


def make_track_progress(also: UpdateCallback | None = None) -> UpdateCallback:
    """Make the `[training.before_update]` callback that tells the reader which step training is at.

    also: Another such callback, called after it: `before_update` has room for one only.
    RETURNS: The callback.
    """

    def track_progress(nlp: Language, info: dict[str, Any]) -> None:
        progress_of(nlp).step = info["step"]
        if also is not None:
            also(nlp, info)

    return track_progress
