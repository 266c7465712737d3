"""The one switch that ends a run."""

import asyncio

from .tally import Tally


class Stopped(Exception):
    """The run is to end: nothing more is sent."""


class Brake:
    """Stops all parts of a run.

    tally (Tally): Gets the reason.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._event = asyncio.Event()

    def stop(self, reason: str) -> None:
        """Send nothing more. What is in flight is waited for.

        reason (str): Why; the first reason counts.
        """
        self._tally.stopped = self._tally.stopped or reason
        self._event.set()

    def check(self) -> None:
        """RAISES (Stopped): If the run is to end."""
        if self._event.is_set():
            raise Stopped

    async def pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped meanwhile.

        RAISES (Stopped): If the run is to end.
        """
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        raise Stopped
