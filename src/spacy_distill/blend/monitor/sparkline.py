"""A curve as a line of text."""

from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"


def sparkline(
    values: Sequence[float], width: int = 60, *, top: float | None = None, ascii: bool = False
) -> str:
    """Draw a curve with one character a column.

    values (Sequence[float]): The curve, not below 0.
    width (int): Columns; each shows the mean of its part of the curve.
    top (Optional[float]): The value of a full column; None for the highest one.
    ascii (bool): Whether to do without block characters.
    RETURNS (str): The line.
    """
    marks = ASCII if ascii else BLOCKS
    columns = [_mean(part) for part in split(values, width)]
    highest = max(columns, default=0.0) if top is None else top
    if not highest:
        return marks[0] * len(columns)
    steps = len(marks) - 1
    return "".join(marks[min(steps, max(0, round(column / highest * steps)))] for column in columns)


def split(values: Sequence[float], parts: int) -> list[Sequence[float]]:
    """Cut a sequence into at most so many parts of about the same length, none of them empty."""
    parts = min(parts, len(values))
    bounds = [len(values) * i // parts for i in range(parts + 1)] if parts else []
    return [values[start:end] for start, end in pairwise(bounds)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
