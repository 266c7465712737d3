"""How a run is shown while it goes on."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .console import duration, msg

if TYPE_CHECKING:
    from rich.table import Table

    from ..study.plan import Plan
    from ..study.runner import Progress
    from ..study.store import Store
    from ..teacher.budget import Tally

SECONDS_PER_LINE = 10.0


@contextmanager
def watch(tally: "Tally") -> Iterator[None]:
    """Show a tally on the standard error stream while it grows.

    tally: The tally.
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


# Columns of a table that is written to a file.
WIDE = 200
BAR = 40
MARKS = {"finished": "[green]✔[/green]", "failed": "[red]✘[/red]"}


class StudyProgress:
    """Shows what happens to the runs of a study.

    total: Number of runs.
    expected: Expected seconds of all runs that are not done, 0 if unknown.
    """

    def __init__(self, total: int, expected: float = 0.0, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.total = total
        self.expected = expected
        self.running: dict[str, float] = {}
        self.skipped = self.finished = self.failed = 0
        self.began = time.monotonic()

    def show(self, happenings: "Iterable[Progress]") -> None:
        """Consume and show all that happens."""
        if not self.console.is_terminal:
            for progress in happenings:
                self.note(progress)
            return
        with Live(get_renderable=self.panel, console=self.console, refresh_per_second=2):
            for progress in happenings:
                self.note(progress)

    def note(self, progress: "Progress") -> None:
        """Take in one happening, and print a line for one that lasts."""
        name = str(progress.planned.run)
        if progress.kind == "skipped":
            self.skipped += 1
        elif progress.kind == "started":
            self.running[name] = time.monotonic()
            if not self.console.is_terminal:
                self.console.print(f"started {name} ({progress.planned.steps} steps)", markup=False)
        else:
            seconds = time.monotonic() - self.running.pop(name, time.monotonic())
            self.finished += progress.kind == "finished"
            self.failed += progress.kind == "failed"
            self.console.print(
                f"{MARKS[progress.kind]} {self.position} {name} {duration(seconds)}{self._left_text()}"
            )
            if progress.error:
                last = progress.error.strip().splitlines()[-1]
                self.console.print(f"  {last}\n  log: {progress.place}", markup=False)

    @property
    def position(self) -> str:
        """How many runs are behind us."""
        return f"{self.skipped + self.finished + self.failed}/{self.total}"

    def left(self) -> float | None:
        """Seconds that are left, as far as it can be told."""
        done = self.finished + self.failed
        todo = self.total - self.skipped - done
        passed = time.monotonic() - self.began
        if done:
            return passed / done * todo
        return max(0.0, self.expected - passed) if self.expected else None

    def _left_text(self) -> str:
        left = self.left()
        return "" if left is None or left <= 0 else f", about {duration(left)} left"

    def panel(self) -> RenderableType:
        """The live panel: a bar, and what is running for how long."""
        done = self.skipped + self.finished + self.failed
        line = Table.grid(padding=(0, 1))
        line.add_column(width=BAR)
        line.add_column(no_wrap=True)
        line.add_row(
            ProgressBar(total=self.total, completed=done, width=BAR),
            Text(f"{self.position} runs, {self.failed} failed{self._left_text()}"),
        )
        now = time.monotonic()
        rows = [
            Text(f"  {name} {duration(now - start)}", style="dim") for name, start in self.running.items()
        ]
        return Group(line, *rows)


def show_plan(plan: "Plan", store: "Store") -> None:
    """Print what a study will do: its arms, their steps and seeds, and how many runs are done."""
    arms: dict[str, list[Any]] = {}
    for planned in plan.runs:
        row = arms.setdefault(str(planned.run.folder.parent), [planned.steps, [], 0])
        row[1].append(planned.run.seed)
        row[2] += store.is_done(planned.run.folder, planned.fingerprint)
    rows = [
        [name, str(steps), " ".join(map(str, seeds)), str(done or "")]
        for name, (steps, seeds, done) in arms.items()
    ]
    show_table(f"{len(plan.runs)} runs", ["runs", "steps", "seeds", "done"], rows)
    for arm, reason in plan.left_out.items():
        msg.warn(f"Left out: {arm}: {reason}")


def show_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; on a narrow terminal the numbers of a cell stand below each other.

    title: What it shows.
    head: Headings.
    rows: Cells; without rows nothing is printed.
    """
    if not rows:
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    cells = [list(head), *map(list, rows)]
    if sum(map(_width, zip(*cells, strict=True))) > console.width:
        cells = [[*row[:2], *(cell.replace(" ", "\n") for cell in row[2:])] for row in cells]
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(cells[0]):
        table.add_column(name, justify="left" if i < 2 else "right")
    for row in cells[1:]:
        table.add_row(*map(escape, row))
    console.print(table)


def _width(column: Iterable[str]) -> int:
    """Columns of the terminal that a column of a table takes, with its margin."""
    return max(len(line) for cell in column for line in cell.split("\n")) + 3
