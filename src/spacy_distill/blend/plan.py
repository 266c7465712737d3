"""The plan of a run: what its sources hold, the share at every step, and the draws that keep to it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
from confection import ConfigValidationError
from spacy.attrs import ENT_IOB, ENT_TYPE  # type: ignore[import-not-found]
from spacy.strings import StringStore
from spacy.tokens import DocBin

from ..corpus.docbin import read_shard, shard_paths
from ..errors import Share
from .schedules import draw_shares, fill_shares

EMPTY, UNANNOTATED, TOO_LONG = "empty", "unannotated", "too_long"


@dataclass
class Holdings:
    """The documents of a corpus.

    documents: Usable documents: they have tokens, NER annotation and are not too long.
    words: Their tokens.
    skipped: The others, by reason: "empty", "unannotated" or "too_long".
    labels: Entity tokens of the usable documents, by label.
    """

    documents: int = 0
    words: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def skipped_text(self) -> str:
        """The documents that are not usable in words, "3 empty, 12 unannotated"; empty if there are none."""
        return ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())


def scan(path: Path, line: Sequence[str], max_length: int = 0) -> Holdings:
    """Count the documents of a `.spacy` file or folder, one shard in memory at a time.

    path: The corpus.
    line: The line of the config that names it.
    max_length: Documents of more tokens are not usable; 0 for no limit.
    RETURNS: The counts.
    RAISES ConfigValidationError: If there is nothing to read or a file is not a DocBin.
    """
    holdings = Holdings()
    try:
        for shard in shard_paths(path):
            _scan_shard(read_shard(shard), max_length, holdings)
    except ValueError as error:
        raise ConfigValidationError(
            errors=[{"loc": line, "msg": str(error)}], title="A corpus cannot be read"
        ) from error
    return holdings


def _scan_shard(docbin: DocBin, max_length: int, holdings: Holdings) -> None:
    annotated = ENT_IOB in docbin.attrs
    iob = docbin.attrs.index(ENT_IOB) if annotated else 0
    labels: Counter[int] = Counter()
    for tokens in docbin.tokens:
        if not len(tokens):
            holdings.skipped[EMPTY] += 1
        elif max_length and len(tokens) > max_length:
            holdings.skipped[TOO_LONG] += 1
        elif not annotated or not tokens[:, iob].any():
            holdings.skipped[UNANNOTATED] += 1
        else:
            holdings.documents += 1
            holdings.words += len(tokens)
            if ENT_TYPE in docbin.attrs:
                column = tokens[:, docbin.attrs.index(ENT_TYPE)]
                labels.update(column[numpy.nonzero(column)].tolist())
    strings = StringStore(docbin.strings)
    holdings.labels.update({strings[label]: count for label, count in labels.items()})


# Every float is a whole number of these. So shares are added up exactly, where a sum of floats would drift.
ONE = 1 << 1074


class Drawer:
    """Spend a changing share exactly.

    After any number of draws the distilled ones are within one half of the sum of their shares, and each
    distilled source is within one of its weighted part of them.

    weights: The distilled sources and their weights; only their ratios matter.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._owed = 0
        self._parts = Parts(weights)

    def draw(self, share: float) -> str | None:
        """The distilled source to draw from, or None for gold.

        share: The share of distilled examples that the plan gives this draw.
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

    weights: The sources and their weights.
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


GOLD = "gold"


@dataclass
class Exposure:
    """Examples and words drawn from one source so far."""

    examples: int = 0
    words: int = 0


@dataclass
class Account:
    """The books of one reader.

    documents: Usable documents of each source by name, gold among them.
    skipped: Documents of each source that are not drawn, by reason.
    shares: The plan: the share of distilled examples at each step.
    drawn: Exposures by source.
    planned: Sum of the planned shares of all draws: the distilled examples that the plan asked for.
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


READER = ("corpora", "train")


@dataclass
class Plan:
    """What a run is going to draw.

    shares: The share of distilled examples at each step; training makes `max_steps + 1`.
    sources: The corpora that some share asks for, by name; gold bears the name "gold".
    holdings: What each of them holds.
    weights: How the distilled sources split the share; the weights add up to 1.
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

    share: A schedule, or a number.
    max_steps: The `max_steps` of training.
    gold: The gold corpus.
    distilled: The distilled corpora by name.
    weights: How the share is split among them; None: by documents.
    max_length: Longer documents are left out; 0 for no limit.
    RETURNS: The plan.
    RAISES ConfigValidationError: If a share is out of range, or asks for a source that is missing, empty or
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
