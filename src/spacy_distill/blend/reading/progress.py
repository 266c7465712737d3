"""Which step training is at: noted by a callback, read by the corpus reader and the logger.

`spacy train` gives the callback, the reader and the logger the same `nlp` object and nothing else in common;
so their notes hang on it, weakly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from spacy.language import Language

from .account import Account

UpdateCallback = Callable[[Language, dict[str, Any]], None]


@dataclass
class Progress:
    """What is known of the training of one pipeline.

    step (Optional[int]): The step whose batch was drawn last, None before the first.
    account (Optional[Account]): What the reader that feeds this training has drawn.
    """

    step: int | None = None
    account: Account | None = None


_PROGRESS: "WeakKeyDictionary[Language, Progress]" = WeakKeyDictionary()


def progress_of(nlp: Language) -> Progress:
    """The notes on the training of a pipeline, made at the first call."""
    return _PROGRESS.setdefault(nlp, Progress())


def make_track_progress(also: UpdateCallback | None = None) -> UpdateCallback:
    """Make the `[training.before_update]` callback that tells the reader which step training is at.

    also (Optional[Callable]): Another such callback, called after it: `before_update` has room for one only.
    RETURNS (Callable[[Language, Dict], None]): The callback.
    """

    def track_progress(nlp: Language, info: dict[str, Any]) -> None:
        progress_of(nlp).step = info["step"]
        if also is not None:
            also(nlp, info)

    return track_progress
