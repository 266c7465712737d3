"""What training saw and how well it went: the logger's console lines, and its file blend.jsonl."""

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from wasabi.tables import row as format_row

from ..errors import DistillError, refusal
from ..training.fast_encoder import precision_of
from .plan import GOLD
from .progress import progress_of
from .rates import learning_rates
from .stream import BlendTotals

FILE_NAME = "blend.jsonl"
WIDTH = 9
# A student that scores less at the end has learned nothing, and the log says what may be the reason.
NOTHING_LEARNED = 0.05
logger = logging.getLogger("spacy")

Line = dict[str, Any]
Info = dict[str, Any]
LogStep = Callable[[Info | None], None]
Finish = Callable[[], None]
Logger = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Finish]]


def make_blend_logger(
    path: str | Path | None = None, every: int = 1, console: bool = True, also: Logger | None = None
) -> Logger:
    """Make the `[training.logger]` that records the blend.

    path: the JSON Lines file to write; null for `blend.jsonl` in the output folder of `spacy train` (and no
        file where training has none).
    every: steps from one line of the file to the next; evaluations always have one.
    console: whether to print a table row at every evaluation.
    also: another logger that gets everything as well, for instance Weights & Biases'.
    RAISES ConfigValidationError: if `every` is below 1.
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
        self._nlp = nlp
        self._every = every
        self._rates = learning_rates(nlp.config.interpolate()["training"]["optimizer"])
        self._file = LineFile(path)
        self._table = ConsoleTable(nlp, stdout) if stdout else None
        self._last: Info = {}
        # Examples and distilled ones at the last line of the file and at the last row of the table.
        self._line_totals: tuple[int, int] | None = None
        self._row_totals = (0, 0)

    def log_step(self, info: Info | None) -> None:
        """Log one update.

        info: what `spacy train` knows at an evaluation, None at other steps.
        RAISES DistillError: if no BlendedCorpus feeds this training, or the file cannot be written.
        """
        totals, step = self._state()
        rate = next(self._rates)
        now = (totals.examples, totals.distilled)
        if self._line_totals is None:
            self._line_totals = (0, 0)
            self._file.write(_plan_line(totals, precision_of(self._nlp)))
        if info is not None or step % self._every == 0:
            line = _step_line(totals, step, totals.share_since(*self._line_totals), rate, info)
            self._file.write(line, beside=info and info.get("output_path"))
            self._line_totals = now
        if info is not None:
            self._last = info
            if self._table:
                self._table.row(totals, step, totals.share_since(*self._row_totals), rate, info)
                self._row_totals = now

    def finish(self) -> None:
        """Write the totals, close the file, and say why a student that learned nothing may not have."""
        if self._line_totals is not None:
            totals, step = self._state()
            self._file.write(_end_line(totals, step))
            if self._last and self._last["score"] < NOTHING_LEARNED:
                reasons = " ".join(_reasons(totals, self._last))
                logger.warning("The student has learned next to nothing. %s", reasons)
        self._file.close()

    def _state(self) -> tuple[BlendTotals, int]:
        progress = progress_of(self._nlp)
        if progress.totals is None or progress.step is None:
            raise DistillError(
                "BlendLogger has nothing to log: this training is not fed by a blend. Set [corpora.train] "
                '@readers = "spacy_distill.BlendedCorpus.v1" and [training.before_update] @callbacks = '
                '"spacy_distill.track_progress.v1", or use another logger.'
            )
        return progress.totals, progress.step


def _plan_line(totals: BlendTotals, precision: str | None) -> Line:
    return {
        "kind": "plan",
        "updates": len(totals.shares),
        "planned_share": round(sum(totals.shares) / len(totals.shares), 6),
        "documents": totals.documents,
        "skipped": totals.skipped,
        "precision": precision,
    }


def _step_line(totals: BlendTotals, step: int, share: float, rate: float, info: Info | None) -> Line:
    line: Line = {
        "kind": "step",
        "step": step,
        "planned": round(totals.share_at(step), 6),
        "share": share,
        "planned_total": totals.planned_share(),
        "share_total": totals.share_since(),
        "learn_rate": rate,
        "examples": {name: drawn.examples for name, drawn in totals.drawn.items()},
        "words": {name: drawn.words for name, drawn in totals.drawn.items()},
    }
    if info is not None:
        line["losses"] = {name: float(loss) for name, loss in info["losses"].items()}
        line["score"] = float(info["score"])
        line["scores"] = info["other_scores"]
        line["seconds"] = info["seconds"]
    return line


def _end_line(totals: BlendTotals, step: int) -> Line:
    return {
        "kind": "end",
        "step": step,
        "planned_total": totals.planned_share(),
        "share_total": totals.share_since(),
        "exposures": totals.exposures(),
    }


def _reasons(totals: BlendTotals, info: Info) -> Iterator[str]:
    """What may be the reason that a student learned nothing, with what to do.

    info: what `spacy train` knew at the last evaluation.
    """
    if any(not math.isfinite(loss) for loss in info["losses"].values()):
        yield "Its loss is not a number: lower the learning rate."
    passes = ", ".join(f"{e['epochs']:.1f} over {name}" for name, e in totals.exposures().items())
    yield (
        f"Passes: {passes}. If these are few, raise max_steps (`spacy-distill preview` suggests how many); "
        "if not, lower the learning rate, or give the head a higher one than the encoder (head_factor)."
    )


class LineFile:
    """A JSON Lines file whose place may be known only after some lines.

    path: the file; None if a place beside the model is going to be given. Until then lines are kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: IO[str] | None = None
        self._waiting: list[Line] = []

    def write(self, line: Line, beside: object = None) -> None:
        """Write a line.

        beside: the folder of a model, in whose parent the file is made unless its place is known.
        RAISES DistillError: if the file cannot be written.
        """
        self._waiting.append(line)
        if self._path is None and beside:
            self._path = Path(str(beside)).parent / FILE_NAME
        if self._path is None:
            return
        try:
            if self._stream is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self._path.open("w", encoding="utf8")
            for waiting in self._waiting:
                self._stream.write(json.dumps(waiting, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise DistillError(
                f"Cannot write {self._path}: {error.strerror}. Change path in [training.logger]."
            ) from error
        self._waiting = []

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class ConsoleTable:
    """Plan, blend, learning rate, losses and scores as a table.

    stdout: where to write.
    """

    def __init__(self, nlp: Language, stdout: IO[str]) -> None:
        weights = nlp.config["training"]["score_weights"]
        self._scores = [name for name, weight in weights.items() if weight is not None]
        self._pipes = [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        self._stdout = stdout
        self._progress = progress_of(nlp)
        self._began = False

    def row(self, totals: BlendTotals, step: int, share: float, rate: float, info: Info) -> None:
        """Print the row of an evaluation, and the head of the table before the first."""
        if not self._began:
            self._began = True
            self._stdout.writelines(f"{line}\n" for line in self._progress.summary)
            losses = [f"loss {name}" for name in self._pipes]
            heads = ["#", "plan", "share", *totals.drawn, "rate", *losses, *self._scores, "score"]
            self._write([head.upper()[: WIDTH + 3] for head in heads])
            self._write(["-" * WIDTH for _ in heads])
        self._write(
            [
                str(step),
                f"{totals.share_at(step):.3f}",
                f"{share:.3f}",
                *(str(drawn.examples) for drawn in totals.drawn.values()),
                f"{rate:.2e}",
                *(f"{float(info['losses'].get(name, 0.0)):.2f}" for name in self._pipes),
                *(_percent(info["other_scores"].get(name)) for name in self._scores),
                _percent(info["score"]),
            ]
        )

    def _write(self, cells: list[str]) -> None:
        text = format_row(cells, widths=[WIDTH] * len(cells), aligns=["r"] * len(cells), spacing=2)
        self._stdout.write(text + "\n")
        self._stdout.flush()


def _percent(value: object) -> str:
    return f"{100.0 * value:.2f}" if isinstance(value, int | float) else "-"


@dataclass
class BlendRecord:
    """What a training has seen.

    plan: the first line: updates, planned_share, documents and skipped by source, precision.
    steps: the lines of the steps.
    end: the last line, None if training was cut off.
    """

    plan: Line
    steps: list[Line] = field(default_factory=list)
    end: Line | None = None

    def exposures(self) -> dict[str, dict[str, int]]:
        """Examples and words drawn from each source, {"gold": {"examples": 800, "words": 12411}, …}.

        The sources are those that the plan draws from.
        """
        last = self.steps[-1] if self.steps else {"examples": {}, "words": {}}
        return {name: {kind: last[kind][name] for kind in ("examples", "words")} for name in last["examples"]}

    def shares(self) -> list[float]:
        """The realised share of distilled examples at each step so far: that of the line that covers it."""
        shares: list[float] = []
        examples = distilled = 0
        for line in self.steps:
            drawn = sum(line["examples"].values()) - examples
            from_distilled = examples + drawn - line["examples"].get(GOLD, 0) - distilled
            shares += [from_distilled / drawn if drawn else 0.0] * (line["step"] + 1 - len(shares))
            examples, distilled = examples + drawn, distilled + from_distilled
        return shares


def read_blend_log(path: Path) -> BlendRecord:
    """Read the record of a training.

    path: a `blend.jsonl`, or the folder that has one.
    RAISES DistillError: if there is no such file or it is not a blend log.
    """
    path = Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)
    if not path.is_file():
        raise DistillError(f"No such file: {path}. Training with spacy_distill.BlendLogger.v1 writes it.")
    lines: list[Line] = []
    with path.open(encoding="utf8", errors="replace") as stream:
        for number, text in enumerate(stream, 1):
            try:
                line = json.loads(text)
                expected = line["kind"] in (("step", "end") if lines else ("plan",))
            except (ValueError, KeyError, TypeError):
                if not text.endswith("\n"):
                    # The last line, of a training that was cut off while it wrote it or is writing it now.
                    break
                expected = False
            if not expected:
                raise DistillError(f"{path}, line {number}: not a line of a blend log: {text.strip()[:80]}")
            lines.append(line)
    if not lines:
        raise DistillError(f"{path} is empty: training was cut off before its first step.")
    ends = [line for line in lines if line["kind"] == "end"]
    steps = [line for line in lines if line["kind"] == "step"]
    return BlendRecord(lines[0], steps, ends[-1] if ends else None)
