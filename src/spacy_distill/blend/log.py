"""What training saw and how well it went: the logger's console lines and file."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from wasabi.tables import row as format_row

from ..errors import DistillError, refusal
from ..training.fast_encoder import precision_of
from .plan import GOLD, Account
from .rates import Rates
from .reader import Progress, progress_of

FILE_NAME = "blend.jsonl"
Line = dict[str, Any]


def plan_line(account: Account, precision: str | None = None) -> Line:
    """The first line: what the plan is, from which sources, and in which precision the encoder trains."""
    return {
        "kind": "plan",
        "updates": len(account.shares),
        "planned_share": round(sum(account.shares) / len(account.shares), 6),
        "documents": account.documents,
        "skipped": account.skipped,
        "precision": precision,
    }


def step_line(account: Account, step: int, before: tuple[int, int], rate: float, info: Line | None) -> Line:
    """The line of a step; at an evaluation with losses and scores.

    account: The books.
    step: The step, from 0 on.
    before: All and distilled examples at the line before.
    rate: The learning rate of the update.
    info: What `spacy train` knows at an evaluation.
    RETURNS: The line.
    """
    line: Line = {
        "kind": "step",
        "step": step,
        "planned": round(account.share_at(step), 6),
        "share": account.share_since(before),
        "planned_total": account.planned_share(),
        "share_total": account.share_since((0, 0)),
        "learn_rate": rate,
        "examples": {name: drawn.examples for name, drawn in account.drawn.items()},
        "words": {name: drawn.words for name, drawn in account.drawn.items()},
    }
    if info is not None:
        line["losses"] = {name: float(loss) for name, loss in info["losses"].items()}
        line["score"] = float(info["score"])
        line["scores"] = info["other_scores"]
        line["seconds"] = info["seconds"]
    return line


def end_line(account: Account, step: int) -> Line:
    """The last line: the totals."""
    return {
        "kind": "end",
        "step": step,
        "planned_total": account.planned_share(),
        "share_total": account.share_since((0, 0)),
        "exposures": account.exposures(),
    }


class BlendWriter:
    """Write lines to a file whose place may be known only after some of them.

    path: The file, or None if `place_beside` is going to tell; until then lines are kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: IO[str] | None = None
        self._waiting: list[Line] = []

    def place_beside(self, model: Path) -> None:
        """Write to the folder that a model is saved in, unless a place is known."""
        if self._path is None:
            self._path = model.parent / FILE_NAME

    def write(self, line: Line) -> None:
        """Write a line.

        RAISES DistillError: If the file cannot be written.
        """
        self._waiting.append(line)
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
        """Close the file."""
        if self._stream is not None:
            self._stream.close()


@dataclass
class BlendRecord:
    """What a training has seen.

    plan: The first line: updates, planned_share, documents and skipped by source, precision.
    steps: The lines of the steps.
    end: The last line, None if training was cut off.
    """

    plan: Line
    steps: list[Line] = field(default_factory=list)
    end: Line | None = None

    def exposures(self) -> dict[str, dict[str, int]]:
        """Examples and words drawn from each source, {"gold": {"examples": 800, "words": 12411}, …}.

        The sources are those that the plan draws from.
        """
        last = self.steps[-1] if self.steps else {"examples": {}, "words": {}}
        return {
            name: {"examples": last["examples"][name], "words": last["words"][name]}
            for name in last["examples"]
        }

    def shares(self) -> list[float]:
        """The realised share of distilled examples at each step so far: that of the line that covers it."""
        shares: list[float] = []
        before = (0, 0)
        for line in self.steps:
            examples = sum(line["examples"].values())
            distilled = examples - line["examples"].get(GOLD, 0)
            drawn = examples - before[0]
            share = (distilled - before[1]) / drawn if drawn else 0.0
            shares += [share] * (line["step"] + 1 - len(shares))
            before = (examples, distilled)
        return shares


def read_blend_log(path: Path) -> BlendRecord:
    """Read the record of a training.

    path: A `blend.jsonl`, or the folder that holds one.
    RETURNS: What it says.
    RAISES DistillError: If there is no such file or it is not a blend log.
    """
    path = Path(path)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise DistillError(f"No such file: {path}. Training with spacy_distill.BlendLogger.v1 writes it.")
    record: BlendRecord | None = None
    for number, line in _read_lines(path):
        if line["kind"] == "plan" and record is None:
            record = BlendRecord(line)
        elif line["kind"] == "step" and record is not None:
            record.steps.append(line)
        elif line["kind"] == "end" and record is not None:
            record.end = line
        else:
            raise DistillError(f"{path}, line {number}: not a line of a blend log: {line}")
    if record is None:
        raise DistillError(f"{path} is empty: training was cut off before its first step.")
    return record


def _read_lines(path: Path) -> Iterator[tuple[int, Line]]:
    with path.open(encoding="utf8") as stream:
        for number, text in enumerate(stream, 1):
            try:
                line = json.loads(text)
                line["kind"]
            except (ValueError, KeyError, TypeError) as error:
                if not text.endswith("\n"):
                    # The last line, of a training that was cut off while it wrote it or is writing it now.
                    return
                raise DistillError(
                    f"{path}, line {number}: not a line of a blend log: {text[:80]}"
                ) from error
            yield number, line


WIDTH = 9


class ConsoleTable:
    """Plan, blend, learning rate, losses and scores as a table.

    nlp: The pipeline that is trained.
    stdout: Where to write.
    """

    def __init__(self, nlp: Language, stdout: IO[str]) -> None:
        weights = nlp.config["training"]["score_weights"]
        self._scores = [name for name, weight in weights.items() if weight is not None]
        self._pipes = [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        self._stdout = stdout
        self._sources: list[str] | None = None

    def row(
        self, account: Account, step: int, before: tuple[int, int], rate: float, info: dict[str, Any]
    ) -> None:
        """Print the row of an evaluation, and the head of the table before the first."""
        if self._sources is None:
            self._sources = list(account.drawn)
            self._head()
        losses = [f"{float(info['losses'].get(name, 0.0)):.2f}" for name in self._pipes]
        scores = [_percent(info["other_scores"].get(name)) for name in self._scores]
        self._write(
            [
                str(step),
                f"{account.share_at(step):.3f}",
                f"{account.share_since(before):.3f}",
                *(str(account.drawn[name].examples) for name in self._sources),
                f"{rate:.2e}",
                *losses,
                *scores,
                _percent(info["score"]),
            ]
        )

    def _head(self) -> None:
        losses = [f"loss {name}" for name in self._pipes]
        heads = ["#", "plan", "share", *(self._sources or []), "rate", *losses, *self._scores, "score"]
        self._write([head.upper()[: WIDTH + 3] for head in heads])
        self._write(["-" * WIDTH for _ in heads])

    def _write(self, cells: list[str]) -> None:
        text = format_row(cells, widths=[WIDTH] * len(cells), aligns=["r"] * len(cells), spacing=2)
        self._stdout.write(text + "\n")
        self._stdout.flush()


def _percent(value: object) -> str:
    return f"{100.0 * value:.2f}" if isinstance(value, int | float) else "-"


Info = dict[str, Any]
LogStep = Callable[[Info | None], None]
Finish = Callable[[], None]
Logger = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Finish]]


def make_blend_logger(
    path: str | Path | None = None, every: int = 1, console: bool = True, also: Logger | None = None
) -> Logger:
    """Make the `[training.logger]` that records the blend.

    path: The JSON Lines file to write; null for `blend.jsonl` in the output folder
        of `spacy train` (and no file where training has none).
    every: Steps from one line of the file to the next; evaluations always have one.
    console: Whether to print a table row at every evaluation.
    also: Another logger that is told everything as well, for instance Weights & Biases'.
    RETURNS: The logger.
    RAISES ConfigValidationError: If `every` is below 1.
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

        info: What `spacy train` knows at an evaluation, None at other steps.
        RAISES DistillError: If no BlendedCorpus feeds this training, or the file cannot be written.
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
            raise DistillError(
                "BlendLogger has nothing to log: this training is not fed by a blend. Set [corpora.train] "
                '@readers = "spacy_distill.BlendedCorpus.v1" and [training.before_update] @callbacks = '
                '"spacy_distill.track_progress.v1", or use another logger.'
            )
        return self._progress.account, self._progress.step
