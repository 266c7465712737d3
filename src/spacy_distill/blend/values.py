"""Checks of the numbers that schedules are made of."""

import math
from numbers import Real

Share = float | None


def check_steps(total_steps: int) -> None:
    """Refuse a number of steps that is not a positive whole number.

    RAISES (ValueError): If it is not; a config's `max_steps = 0` ("no limit") gives a schedule no length.
    """
    if isinstance(total_steps, bool) or not isinstance(total_steps, int) or total_steps < 1:
        raise ValueError(
            f"total_steps is {total_steps!r}, but must be a whole number above 0. "
            "Set max_steps in [training], which the configs pass on as ${training.max_steps}."
        )


def check_fraction(name: str, value: float) -> None:
    """Refuse a value outside [0, 1].

    RAISES (ValueError): If it is outside, not a number, or NaN.
    """
    if not is_fraction(value):
        raise ValueError(f"{name} is {value!r}, but must be a number from 0 to 1.")


def check_positive(name: str, value: float) -> None:
    """Refuse a value that is not above 0.

    RAISES (ValueError): If it is not, or is not finite.
    """
    if not is_number(value) or not 0.0 < value < math.inf:
        raise ValueError(f"{name} is {value!r}, but must be a number above 0.")


def is_fraction(value: object) -> bool:
    """Whether a value is a number in [0, 1]. NaN is not."""
    return is_number(value) and 0.0 <= value <= 1.0  # type: ignore[operator]


def is_number(value: object) -> bool:
    """Whether a value is a real number, numpy's included; a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool)
