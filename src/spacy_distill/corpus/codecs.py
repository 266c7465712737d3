"""srsly's codecs, looked up once instead of for every value.

Whenever spaCy packs or unpacks a document's data, srsly goes through all functions that are registered and
all packages that are installed, in search of codecs. That takes longer than all else about a document.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from srsly.msgpack import msgpack_decoders, msgpack_encoders

P = ParamSpec("P")
R = TypeVar("R")


class Codecs:
    """The codecs that are registered now."""

    def __init__(self) -> None:
        self._known = [(registry, registry.get_all()) for registry in (msgpack_encoders, msgpack_decoders)]

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function that packs or unpacks, with these codecs at hand.

        function (Callable): The function; it returns before anyone else may register a codec.
        RETURNS (Any): What it returns.
        """
        for registry, known in self._known:
            # Hides the method of this name from srsly as long as the call lasts.
            registry.get_all = lambda known=known: known
        try:
            return function(*args, **kwargs)
        finally:
            for registry, _ in self._known:
                registry.__dict__.pop("get_all", None)
