"""The plan of a run: the share at every step, and the sources it draws from. Reader and preview share it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from confection import ConfigValidationError

from ..schedules.shares import draw_shares, fill_shares
from ..values import Share
from .account import GOLD, Account
from .scan import Holdings, scan

READER = ("corpora", "train")


@dataclass
class Plan:
    """What a run is going to draw.

    shares (List[float]): The share of distilled examples at each step; training makes `max_steps + 1`.
    sources (Dict[str, Path]): The corpora that some share asks for, by name; gold bears the name "gold".
    holdings (Dict[str, Holdings]): What each of them holds.
    weights (Dict[str, float]): How the distilled sources split the share; the weights add up to 1.
    """

    shares: list[float]
    sources: dict[str, Path]
    holdings: dict[str, Holdings]
    weights: dict[str, float]

    def open_account(self) -> Account:
        """Books for what is drawn by this plan."""
        return Account(
            documents={name: held.documents for name, held in self.holdings.items()},
            skipped={name: dict(held.skipped) for name, held in self.holdings.items()},
            shares=self.shares,
        )

    def mean_words(self, name: str) -> float:
        """Mean length of a source's documents, in tokens."""
        return self.holdings[name].words / self.holdings[name].documents

    def source_shares(self, step: int) -> dict[str, float]:
        """Each source's share at a step."""
        share = self.shares[min(step, len(self.shares) - 1)]
        parts = {name: share * weight for name, weight in self.weights.items()}
        return {**parts, GOLD: 1.0 - share} if GOLD in self.sources else parts

    def one_pass(self) -> int:
        """How many draws at the share of the first step begin no source anew."""
        limits = [
            self.holdings[name].documents / part for name, part in self.source_shares(0).items() if part
        ]
        return max(1, round(min(limits)))


def make_plan(
    share: object,
    max_steps: int,
    gold: Path | None,
    distilled: Mapping[str, Path],
    weights: Mapping[str, float] | None = None,
    max_length: int = 0,
) -> Plan:
    """Draw the shares of a run, and look into the corpora that they ask for.

    share (Union[float, Iterable]): A schedule, or a number.
    max_steps (int): The `max_steps` of training.
    gold (Optional[Path]): The gold corpus.
    distilled (Mapping[str, Path]): The distilled corpora by name.
    weights (Optional[Mapping[str, float]]): How the share is split among them; None: by documents.
    max_length (int): Longer documents are left out; 0 for no limit.
    RETURNS (Plan): The plan.
    RAISES (ConfigValidationError): If a share is out of range, or asks for a source that is missing, empty or
        cannot be read.
    """
    drawn = draw_shares(share, max_steps)
    sources = _needed(drawn, gold, distilled, weights)
    holdings = {name: scan(path, _line(name), max_length) for name, path in sources.items()}
    _refuse_empty(sources, holdings)
    documents = {name: holdings[name].documents for name in sources if name != GOLD}
    in_gold = holdings[GOLD].documents if GOLD in holdings else 0
    shares = fill_shares(drawn, distilled=sum(documents.values()), gold=in_gold)
    return Plan(shares, sources, holdings, _normalized(weights, documents))


def _needed(
    drawn: Iterable[Share],
    gold: Path | None,
    distilled: Mapping[str, Path],
    weights: Mapping[str, float] | None,
) -> dict[str, Path]:
    wanted = set(drawn)
    needed: dict[str, Path] = {}
    if any(share is None or share > 0.0 for share in wanted):
        if not distilled:
            raise _refusal("distilled", "asks for distilled examples, but no distilled corpus is given")
        needed.update({name: path for name, path in distilled.items() if weights is None or weights[name]})
    if any(share is None or share < 1.0 for share in wanted):
        if gold is None:
            raise _refusal("gold", "asks for gold examples, but no gold corpus is given")
        needed[GOLD] = gold
    return needed


def _refuse_empty(sources: Mapping[str, Path], holdings: Mapping[str, Holdings]) -> None:
    for name, held in holdings.items():
        if not held.documents:
            found = held.skipped_text() or "it is empty"
            raise _refusal(
                _line(name)[-1],
                f"asks for {name} examples, but {sources[name]} has no document to train on ({found})",
            )


def _normalized(weights: Mapping[str, float] | None, documents: Mapping[str, int]) -> dict[str, float]:
    chosen = {name: float(weights[name]) if weights else float(documents[name]) for name in documents}
    total = sum(chosen.values())
    return {name: weight / total for name, weight in chosen.items()}


def _line(name: str) -> tuple[str, ...]:
    """The line of the config that names a source."""
    return (*READER, GOLD if name == GOLD else "distilled")


def _refusal(key: str, what: str) -> ConfigValidationError:
    message = f"the share schedule {what}. Set {key} in [paths], or change the share."
    return ConfigValidationError(
        errors=[{"loc": (*READER, key), "msg": message}],
        title="The share asks for a source that is not there",
    )
