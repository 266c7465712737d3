"""Which source the next example comes from: by carried remainder, not by coin flips."""

from collections.abc import Mapping
from fractions import Fraction

# Every float is a whole number of these. So shares are added up exactly, where a sum of floats would drift.
ONE = 1 << 1074


class Drawer:
    """Spend a changing share exactly.

    After any number of draws the distilled ones are within one half of the sum of their shares, and each
    distilled source is within one of its weighted part of them.

    weights (Mapping[str, float]): The distilled sources and their weights; only their ratios matter.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._owed = 0
        self._parts = Parts(weights)

    def draw(self, share: float) -> str | None:
        """The distilled source to draw from, or None for gold.

        share (float): The share of distilled examples that the plan gives this draw.
        """
        numerator, denominator = share.as_integer_ratio()
        self._owed += numerator * (ONE // denominator)
        if self._owed < ONE // 2:
            return None
        self._owed -= ONE
        return self._parts.draw()


class Parts:
    """Share draws among sources by fixed weights, each within one of its part at every draw.

    A source may have its next draw once its part has begun to cover it, and must have it before its part is a
    whole draw ahead. Taking the most urgent of those that may keeps both bounds (Tijdeman 1980, The chairman
    assignment problem).

    weights (Mapping[str, float]): The sources and their weights.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        total = sum(Fraction(weight) for weight in weights.values())
        self._parts = {name: Fraction(weight) / total for name, weight in weights.items() if weight}
        self._drawn = dict.fromkeys(self._parts, 0)
        self._draws = 0

    def draw(self) -> str:
        """The source of the next draw."""
        if len(self._parts) == 1:
            return next(iter(self._parts))
        self._draws += 1
        may = [name for name, part in self._parts.items() if self._drawn[name] < part * self._draws]
        chosen = min(may, key=lambda name: (self._drawn[name] + 1) / self._parts[name])
        self._drawn[chosen] += 1
        return chosen
