"""What was drawn: exposures by source, beside what the plan said."""

from dataclasses import dataclass, field
from typing import Any

GOLD = "gold"


@dataclass
class Exposure:
    """Examples and words drawn from one source so far."""

    examples: int = 0
    words: int = 0


@dataclass
class Account:
    """The books of one reader.

    documents (Dict[str, int]): Usable documents of each source by name, gold among them.
    skipped (Dict[str, Dict[str, int]]): Documents of each source that are not drawn, by reason.
    shares (List[float]): The plan: the share of distilled examples at each step.
    drawn (Dict[str, Exposure]): Exposures by source.
    planned (float): Sum of the planned shares of all draws: the distilled examples that the plan asked for.
    """

    documents: dict[str, int]
    skipped: dict[str, dict[str, int]]
    shares: list[float]
    drawn: dict[str, Exposure] = field(default_factory=dict)
    planned: float = 0.0

    def __post_init__(self) -> None:
        for name in self.documents:
            self.drawn.setdefault(name, Exposure())

    def add(self, source: str, words: int, share: float) -> None:
        """Book one draw: the source it was taken from, its words, and the planned share."""
        exposure = self.drawn[source]
        exposure.examples += 1
        exposure.words += words
        self.planned += share

    @property
    def examples(self) -> int:
        """All examples drawn."""
        return sum(exposure.examples for exposure in self.drawn.values())

    @property
    def distilled(self) -> int:
        """Distilled examples drawn, of all distilled sources."""
        return self.examples - self.drawn[GOLD].examples if GOLD in self.drawn else self.examples

    def totals(self) -> tuple[int, int]:
        """All examples drawn, and the distilled ones."""
        return self.examples, self.distilled

    def share_at(self, step: int) -> float:
        """The planned share of a step."""
        return self.shares[min(step, len(self.shares) - 1)]

    def share_since(self, before: tuple[int, int]) -> float:
        """The realised share of what was drawn since some totals; 0 if nothing was."""
        examples, distilled = self.examples - before[0], self.distilled - before[1]
        return round(distilled / examples, 6) if examples else 0.0

    def planned_share(self) -> float:
        """The planned share of all draws so far."""
        return round(self.planned / self.examples, 6) if self.examples else 0.0

    def exposures(self) -> dict[str, dict[str, Any]]:
        """Exposures as plain data, with the number of passes over each source."""
        return {
            name: {
                "examples": exposure.examples,
                "words": exposure.words,
                "epochs": round(exposure.examples / self.documents[name], 4) if self.documents[name] else 0.0,
            }
            for name, exposure in self.drawn.items()
        }
