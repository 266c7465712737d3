"""`blend.jsonl`: the record of a training's blend, written line by line and read again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..reading.account import GOLD, Account

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

    account (Account): The books.
    step (int): The step, from 0 on.
    before (Tuple[int, int]): All and distilled examples at the line before.
    rate (float): The learning rate of the update.
    info (Optional[Dict]): What `spacy train` knows at an evaluation.
    RETURNS (Dict): The line.
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

    path (Optional[Path]): The file, or None if `place_beside` is going to tell; until then lines are kept.
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

        RAISES (ValueError): If the file cannot be written.
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
            raise ValueError(
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

    plan (Dict): The first line: updates, planned_share, documents and skipped by source, precision.
    steps (List[Dict]): The lines of the steps.
    end (Optional[Dict]): The last line, None if training was cut off.
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

    path (Path): A `blend.jsonl`, or the folder that holds one.
    RETURNS (BlendRecord): What it says.
    RAISES (ValueError): If there is no such file or it is not a blend log.
    """
    path = Path(path)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"No such file: {path}. Training with spacy_distill.BlendLogger.v1 writes it.")
    record: BlendRecord | None = None
    for number, line in _read_lines(path):
        if line["kind"] == "plan" and record is None:
            record = BlendRecord(line)
        elif line["kind"] == "step" and record is not None:
            record.steps.append(line)
        elif line["kind"] == "end" and record is not None:
            record.end = line
        else:
            raise ValueError(f"{path}, line {number}: not a line of a blend log: {line}")
    if record is None:
        raise ValueError(f"{path} is empty: training was cut off before its first step.")
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
                raise ValueError(f"{path}, line {number}: not a line of a blend log: {text[:80]}") from error
            yield number, line
