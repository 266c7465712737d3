"""The table that training prints, one row an evaluation."""

from typing import IO, Any

from spacy.language import Language
from wasabi.tables import row as format_row

from ..reading.account import Account

WIDTH = 9


class ConsoleTable:
    """Plan, blend, learning rate, losses and scores as a table.

    nlp (Language): The pipeline that is trained.
    stdout (IO): Where to write.
    """

    def __init__(self, nlp: Language, stdout: IO[str]) -> None:
        weights = nlp.config["training"]["score_weights"]
        self._scores = [name for name, weight in weights.items() if weight is not None]
        self._pipes = [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        self._stdout = stdout
        self._sources: list[str] | None = None

    def row(
        self, account: Account, step: int, before: tuple[int, int], rate: float, info: dict[str, Any]
    ) -> None:
        """Print the row of an evaluation, and the head of the table before the first."""
        if self._sources is None:
            self._sources = list(account.drawn)
            self._head()
        losses = [f"{float(info['losses'].get(name, 0.0)):.2f}" for name in self._pipes]
        scores = [_percent(info["other_scores"].get(name)) for name in self._scores]
        self._write(
            [
                str(step),
                f"{account.share_at(step):.3f}",
                f"{account.share_since(before):.3f}",
                *(str(account.drawn[name].examples) for name in self._sources),
                f"{rate:.2e}",
                *losses,
                *scores,
                _percent(info["score"]),
            ]
        )

    def _head(self) -> None:
        losses = [f"loss {name}" for name in self._pipes]
        heads = ["#", "plan", "share", *(self._sources or []), "rate", *losses, *self._scores, "score"]
        self._write([head.upper()[: WIDTH + 3] for head in heads])
        self._write(["-" * WIDTH for _ in heads])

    def _write(self, cells: list[str]) -> None:
        text = format_row(cells, widths=[WIDTH] * len(cells), aligns=["r"] * len(cells), spacing=2)
        self._stdout.write(text + "\n")
        self._stdout.flush()


def _percent(value: object) -> str:
    return f"{100.0 * value:.2f}" if isinstance(value, int | float) else "-"
