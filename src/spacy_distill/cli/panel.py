"""How an annotation goes, while it goes on: a live panel in a terminal, lines elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .console import duration

if TYPE_CHECKING:
    from rich.table import Table

    from ..teacher.asking.tally import Tally

SECONDS_PER_LINE = 10.0


@contextmanager
def watch(tally: "Tally") -> Iterator[None]:
    """Show a tally on the standard error stream while it grows.

    tally (Tally): The tally.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        from rich.live import Live

        with Live(get_renderable=lambda: panel(tally), console=console, refresh_per_second=4):
            yield
        return
    done = threading.Event()

    def write() -> None:
        while not done.wait(SECONDS_PER_LINE):
            console.print(line(tally), markup=False, highlight=False, soft_wrap=True)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield
        console.print(line(tally), markup=False, highlight=False, soft_wrap=True)
    finally:
        done.set()
        writer.join()


def facts(tally: "Tally") -> list[tuple[str, str]]:
    """What there is to say of a tally: names and values."""
    total = "?" if tally.total is None else f"{tally.total:,}"
    tokens = f"{tally.prompt_tokens:,} in, {tally.completion_tokens:,} out"
    found = [("done", f"{tally.done:,} of {total}"), ("kept", f"{tally.kept:,}")]
    found += [
        ("answers", f"{tally.asked:,} ({tally.rate:,.1f} a second)"),
        ("in flight", f"{tally.in_flight:,}"),
    ]
    found += [("tokens", tokens)]
    if tally.cost:
        projected = "" if tally.projected_cost is None else f" (about {tally.projected_cost:,.4f} in all)"
        found.append(("USD", f"{tally.cost:,.4f}{projected}"))
    found.append(("retries", f"{tally.retries:,}"))
    if tally.reasked:
        found.append(("asked again", f"{tally.reasked:,}"))
    found += [(state, f"{count:,}") for state, count in sorted(tally.states.items())]
    if tally.seconds_left is not None:
        found.append(("left", f"about {duration(tally.seconds_left)}"))
    if tally.stopped:
        found.append(("stopping", tally.stopped))
    return found


def line(tally: "Tally") -> str:
    """A tally in one line."""
    return "  ".join(f"{name}: {value}" for name, value in facts(tally))


def panel(tally: "Tally") -> "Table":
    """A tally as a table of two columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for name, value in facts(tally):
        table.add_row(Text(name, style="bold"), Text(value))
    return table
