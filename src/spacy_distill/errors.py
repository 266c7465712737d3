"""What a user can correct: the error of this package, and checks of values that name what is allowed."""

import math
import unicodedata
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confection import ConfigValidationError

Share = float | None
SHOWN = 200


class DistillError(ValueError):
    """Something that a user can correct: the message names the value, what is allowed, and what to do.

    Commands show it as one line. Any other error is a bug, and keeps its traceback.
    """


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, for messages: "1 document", "1,200 documents"."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def shorten(text: str, *, length: int = SHOWN) -> str:
    """Text from outside as it may be in a message: one short line, control characters escaped."""
    words = " ".join(text[: 20 * length].split())
    shown = words if len(words) <= length else words[: length - 1] + "…"
    return "".join(
        char if unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode("ascii")
        for char in shown
    )


def refusal(
    message: str, line: Sequence[str] = (), title: str = "A setting of this config cannot be used"
) -> "ConfigValidationError":
    """The error for a setting that cannot be used: one that spaCy's commands show without a traceback.

    line: where it is in the config, section by section.
    """
    # Commands load this module at their start.
    from confection import ConfigValidationError

    if line:
        return ConfigValidationError(title=title, errors=[{"loc": line, "msg": message}])
    return ConfigValidationError(title=title, desc=message)


def check_steps(total_steps: int) -> None:
    """Refuse a number of steps that is not a positive whole number.

    RAISES ConfigValidationError: if it is not; with `max_steps = 0` ("no limit") a schedule has no length.
    """
    if isinstance(total_steps, bool) or not isinstance(total_steps, int) or total_steps < 1:
        raise refusal(
            f"total_steps is {total_steps!r}, but must be a whole number above 0. "
            "Set max_steps in [training], which the configs pass on as ${training.max_steps}."
        )


def check_fraction(name: str, value: float) -> None:
    """Refuse a value outside [0, 1].

    RAISES ConfigValidationError: if it is outside, not a number, or NaN.
    """
    if not is_fraction(value):
        raise refusal(f"{name} is {value!r}, but must be a number from 0 to 1.")


def check_positive(name: str, value: float) -> None:
    """Refuse a value that is not above 0.

    RAISES ConfigValidationError: if it is not, or is not finite.
    """
    if not is_number(value) or not 0.0 < value < math.inf:
        raise refusal(f"{name} is {value!r}, but must be a number above 0.")


def is_fraction(value: object) -> bool:
    """Whether a value is a number in [0, 1]. NaN is not."""
    return is_number(value) and 0.0 <= value <= 1.0  # type: ignore[operator]


def is_number(value: object) -> bool:
    """Whether a value is a real number, numpy's included; a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool)
