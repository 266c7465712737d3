"""The training logger: what was planned, what was drawn and what it was worth."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from spacy.language import Language

from ..reading.account import Account
from ..reading.progress import Progress, progress_of
from ..schedules.rates import Rates
from ..training.fast import precision_of
from ..values import refusal
from .console import ConsoleTable
from .record import BlendWriter, end_line, plan_line, step_line

Info = dict[str, Any]
LogStep = Callable[[Info | None], None]
Finish = Callable[[], None]
Logger = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Finish]]


def make_blend_logger(
    path: str | Path | None = None, every: int = 1, console: bool = True, also: Logger | None = None
) -> Logger:
    """Make the `[training.logger]` that records the blend.

    path (Union[str, Path, None]): The JSON Lines file to write; null for `blend.jsonl` in the output folder
        of `spacy train` (and no file where training has none).
    every (int): Steps from one line of the file to the next; evaluations always have one.
    console (bool): Whether to print a table row at every evaluation.
    also (Optional[Callable]): Another logger that is told everything as well, for instance Weights & Biases'.
    RETURNS (Callable): The logger.
    RAISES (ConfigValidationError): If `every` is below 1.
    """
    if every < 1:
        raise refusal(f"every is {every}, but must be 1 step or more.")

    def set_up(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Finish]:
        own = BlendLog(nlp, Path(path) if path else None, every, stdout if console else None)
        if also is None:
            return own.log_step, own.finish
        also_step, also_finish = also(nlp, stdout, stderr)

        def log_step(info: Info | None) -> None:
            own.log_step(info)
            also_step(info)

        def finish() -> None:
            try:
                own.finish()
            finally:
                also_finish()

        return log_step, finish

    return set_up


class BlendLog:
    """The log of one training. See `make_blend_logger` for the arguments."""

    def __init__(self, nlp: Language, path: Path | None, every: int, stdout: IO[str] | None) -> None:
        config = nlp.config.interpolate()
        self._progress: Progress = progress_of(nlp)
        self._precision = precision_of(nlp)
        self._every = every
        self._rates = Rates(config["training"]["optimizer"])
        self._writer = BlendWriter(path)
        self._table = ConsoleTable(nlp, stdout) if stdout else None
        self._rate = 0.0
        self._began = False
        # Totals at the last line of the file and at the last row of the table.
        self._line_totals = self._row_totals = (0, 0)

    def log_step(self, info: Info | None) -> None:
        """Note one update.

        info (Optional[Dict]): What `spacy train` knows at an evaluation, None at other steps.
        RAISES (ValueError): If no BlendedCorpus feeds this training, or the file cannot be written.
        """
        account, step = self._account()
        self._rate = self._rates.next()
        if not self._began:
            self._began = True
            self._writer.write(plan_line(account, self._precision))
        if info is not None and "output_path" in info:
            self._writer.place_beside(Path(info["output_path"]))
        if info is not None or step % self._every == 0:
            self._writer.write(step_line(account, step, self._line_totals, self._rate, info))
            self._line_totals = account.totals()
        if info is not None and self._table:
            self._table.row(account, step, self._row_totals, self._rate, info)
            self._row_totals = account.totals()

    def finish(self) -> None:
        """Write the totals and close the file."""
        if self._began:
            account, step = self._account()
            self._writer.write(end_line(account, step))
        self._writer.close()

    def _account(self) -> tuple[Account, int]:
        if self._progress.account is None or self._progress.step is None:
            raise ValueError(
                "BlendLogger has nothing to log: this training is not fed by a blend. Set [corpora.train] "
                '@readers = "spacy_distill.BlendedCorpus.v1" and [training.before_update] @callbacks = '
                '"spacy_distill.track_progress.v1", or use another logger.'
            )
        return self._progress.account, self._progress.step
