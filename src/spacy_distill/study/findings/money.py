"""What a teacher's answers cost, from the ledger, or estimated from their length."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...teacher.ledger.entry import Entry
from ...teacher.ledger.ledger import Ledger
from ..runs.config import Prices

# A token of English text is about four characters long.
CHARACTERS = 4
MILLION = 1_000_000


@dataclass
class Bill:
    """The cost of some answers.

    answers (int): How many were found in the ledger.
    missing (int): How many were not.
    cost (float): USD.
    estimated (int): How many of the answers' costs are estimated from their length.
    """

    answers: int = 0
    missing: int = 0
    cost: float = 0.0
    estimated: int = 0

    def record(self) -> dict[str, Any]:
        """The bill as plain data."""
        return dict(vars(self))


def add_up(keys: Iterable[str], ledger: Path, prices: Prices | None) -> Bill | None:
    """Add up what answers cost.

    Where the ledger knows no cost, it is estimated: from the tokens that the server counted, or from the
    length of prompt and answer.

    keys (Iterable[str]): Keys of the answers; each is paid once.
    ledger (Path): The ledger.
    prices (Optional[Prices]): Prices for estimates; without them nothing can be estimated.
    RETURNS (Optional[Bill]): The bill, or None if an answer's cost is neither known nor to be estimated.
    RAISES (ValueError): If the ledger cannot be read.
    """
    bill = Bill()
    with Ledger(ledger, create=False) as opened:
        for key in sorted(set(keys)):
            entry = opened.get(key)
            if entry is None:
                bill.missing += 1
                continue
            bill.answers += 1
            if entry.cost is not None:
                bill.cost += entry.cost
            elif prices is None:
                return None
            else:
                bill.cost += estimate_cost(entry, prices)
                bill.estimated += 1
    return bill if bill.answers else None


def estimate_cost(entry: Entry, prices: Prices) -> float:
    """The cost of an answer in USD, from its tokens, or where they are unknown from its length."""
    asked = entry.prompt_tokens
    if asked is None:
        asked = sum(len(str(message["content"])) for message in entry.messages) // CHARACTERS
    said = entry.completion_tokens
    if said is None:
        said = len(entry.answer) // CHARACTERS
    return (asked * prices.input + said * prices.output) / MILLION
