"""The share of distilled examples at every step, drawn and checked before training starts."""

from collections.abc import Iterable
from itertools import islice

from confection import ConfigValidationError

from ..values import Share, is_fraction, is_number

SHARE_LINE = ("corpora", "train", "share")


def draw_shares(share: object, max_steps: int) -> list[Share]:
    """Draw the share of every step from a schedule.

    share (Union[float, Iterable, None]): A schedule, or a number that holds at every step, or None.
    max_steps (int): The `max_steps` of training, which makes one update more.
    RETURNS (list[Optional[float]]): `max_steps + 1` shares; None stands for "in proportion to the documents".
    RAISES (ConfigValidationError): If a share is NaN or outside [0, 1], or the schedule ends too early.
    """
    if share is None or is_number(share):
        drawn: list[Share] = [share] * (max_steps + 1)  # type: ignore[list-item]
    elif isinstance(share, Iterable) and not isinstance(share, str | dict):
        drawn = list(islice(share, max_steps + 1))
    else:
        raise _refusal(f"{share!r} is neither a schedule nor a number.")
    for step, value in enumerate(drawn):
        if value is not None and not is_fraction(value):
            raise _refusal(f"the share at step {step} is {value!r}, but must be a number from 0 to 1.")
    if len(drawn) <= max_steps:
        raise _refusal(
            f"the schedule ends after {len(drawn)} values, but training makes {max_steps + 1} updates "
            "(max_steps and one more)."
        )
    return [None if value is None else float(value) for value in drawn]


def fill_shares(drawn: Iterable[Share], distilled: int, gold: int) -> list[float]:
    """Put numbers in for "in proportion to the documents".

    drawn (Iterable[Optional[float]]): Shares as drawn from a schedule.
    distilled (int): Number of distilled documents.
    gold (int): Number of gold documents.
    RETURNS (list[float]): The shares.
    """
    total = distilled + gold
    proportion = distilled / total if total else 0.0
    return [proportion if value is None else value for value in drawn]


def _refusal(message: str) -> ConfigValidationError:
    return ConfigValidationError(
        errors=[{"loc": SHARE_LINE, "msg": message}],
        title="The share of distilled examples cannot be used",
    )
