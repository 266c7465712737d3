"""Gold and distilled streams, drawn as planned: the state of one reader."""

import random
from collections.abc import Iterator

from spacy.language import Language
from spacy.training import Example

from .account import GOLD
from .draw import Drawer
from .plan import Plan
from .stream import stream_held, stream_shards


class Blend:
    """The streams and the books of one reader.

    nlp (Language): The pipeline that is trained.
    plan (Plan): What to draw from where.
    seed (int): Decides the order of every source.
    max_length (int): Longer documents are left out; 0 for no limit.
    window (int): A source of more documents is streamed, with so many held for shuffling.
    """

    def __init__(self, nlp: Language, plan: Plan, *, seed: int, max_length: int, window: int) -> None:
        self.account = plan.open_account()
        self._drawer = Drawer(plan.weights)
        self._streams: dict[str, Iterator[Example]] = {}
        for name, path in plan.sources.items():
            # Seeded by its name too, so that no source's order depends on which others there are.
            rng = random.Random(f"{seed}/{name}")
            if plan.holdings[name].documents <= window:
                self._streams[name] = stream_held(path, nlp, rng, max_length)
            else:
                self._streams[name] = stream_shards(path, nlp, rng, max_length, window)

    def draw(self, step: int) -> Example:
        """Draw the next example.

        step (int): The step it is drawn for.
        RETURNS (Example): The example.
        """
        share = self.account.shares[min(step, len(self.account.shares) - 1)]
        source = self._drawer.draw(share) or GOLD
        example = next(self._streams[source])
        self.account.add(source, len(example.predicted), share)
        return example
