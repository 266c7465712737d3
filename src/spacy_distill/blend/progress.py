"""Which step a training is at, for the reader and the logger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from spacy.language import Language

from .stream import BlendTotals

UpdateCallback = Callable[[Language, dict[str, Any]], None]


@dataclass
class TrainingProgress:
    """What is known of the training of one pipeline.

    step: the step whose batch was drawn last, None before the first.
    totals: what the reader that feeds this training has drawn.
    summary: what training is going to see, one line for each source.
    """

    step: int | None = None
    totals: BlendTotals | None = None
    summary: list[str] = field(default_factory=list)


_PROGRESS: "WeakKeyDictionary[Language, TrainingProgress]" = WeakKeyDictionary()


def progress_of(nlp: Language) -> TrainingProgress:
    """The progress of the training of a pipeline, made at the first call."""
    return _PROGRESS.setdefault(nlp, TrainingProgress())


def make_track_progress(also: UpdateCallback | None = None) -> UpdateCallback:
    """Make the `[training.before_update]` callback that reports to the reader which step training is at.

    also: another such callback, called after it: `before_update` has room for one only.
    """

    def track_progress(nlp: Language, info: dict[str, Any]) -> None:
        progress_of(nlp).step = info["step"]
        if also is not None:
            also(nlp, info)

    return track_progress
