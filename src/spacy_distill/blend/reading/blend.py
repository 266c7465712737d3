"""Gold and distilled streams, drawn as planned: the state of one reader."""

import random

from spacy.language import Language
from spacy.training import Example

from .account import GOLD
from .draw import Drawer
from .plan import Plan
from .stream import Stream


class Blend:
    """The streams and the books of one reader.

    nlp (Language): The pipeline that is trained.
    plan (Plan): What to draw from where.
    seed (int): Decides the order of every source.
    max_length (int): Longer documents are left out; 0 for no limit.
    window (int): A source of more documents is streamed, with so many held for shuffling.
    group_by_length (bool): Whether the examples of a step are of similar length.
    """

    def __init__(
        self, nlp: Language, plan: Plan, *, seed: int, max_length: int, window: int, group_by_length: bool
    ) -> None:
        self.account = plan.open_account()
        self._drawer = Drawer(plan.weights)
        # Each source has a generator of its own, so that its order does not depend on which others there are.
        self._streams = {
            name: Stream(
                path,
                nlp,
                plan.holdings[name].documents,
                random.Random(f"{seed}/{name}"),
                max_length,
                window,
            )
            for name, path in plan.sources.items()
        }
        self._lengths = random.Random(f"{seed}/lengths") if group_by_length else None
        self._step = -1
        self._quantile: float | None = None

    def draw(self, step: int) -> Example:
        """Draw the next example.

        step (int): The step it is drawn for.
        RETURNS (Example): The example.
        """
        if self._lengths and step != self._step:
            # All sources give this step documents of one length: which source comes next does not change.
            self._step, self._quantile = step, self._lengths.random()
        share = self.account.share_at(step)
        distilled = self._drawer.draw(share)
        source = GOLD if distilled is None else distilled
        example = self._streams[source].draw(self._quantile)
        self.account.add(source, len(example.predicted), share)
        return example
