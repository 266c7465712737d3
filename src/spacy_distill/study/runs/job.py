"""What an engine is given: one training as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True)
class Job:
    """One training, complete: a worker needs nothing else, and writes only into its folder.

    name (str): The run, for people.
    config (str): The training config; variables are kept.
    paths (dict[str, str]): Files and folders by the name that the config's [paths] give them.
    scored (dict[str, str]): Corpora to score on, by name.
    record (dict[str, Any]): What the run is: goes into its `run.json`.
    keep (str): Which models stay: "all", "last" or "none".
    score_best (bool): Whether model-best is scored as well.
    gpu (int): GPU to use, -1 for the CPU.
    """

    name: str
    config: str
    paths: dict[str, str]
    scored: dict[str, str]
    record: dict[str, Any] = field(default_factory=dict)
    keep: str = "last"
    score_best: bool = True
    gpu: int = -1

    def files(self) -> list[str]:
        """All files and folders that the training and the scoring read."""
        return sorted({*self.paths.values(), *self.scored.values()})

    def moved(self, places: Mapping[str, str]) -> Self:
        """The same training with its files elsewhere."""
        return replace(
            self,
            paths={name: places[path] for name, path in self.paths.items()},
            scored={name: places[path] for name, path in self.scored.items()},
        )
