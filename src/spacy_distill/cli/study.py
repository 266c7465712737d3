"""`spacy distill study`: train and score every run of a study."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..engines.engine import EngineName
from .console import RESUMABLE, command, duration, msg

if TYPE_CHECKING:
    from confection import Config

    from ..engines.engine import Engine
    from ..study.config import Study
    from ..study.plan import Plan
    from ..study.run import Job
    from ..study.runner import Progress
    from ..study.store import Store


# Columns of a table that is written to a file.
WIDE = 200
BAR = 40
MARKS = {"finished": ("✔", "green"), "failed": ("✘", "red")}


@command("study", overrides=True, interrupted=RESUMABLE)
def study_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The study's config, like configs/study_sample.cfg")],
    out: Annotated[
        Path, typer.Argument(help="Folder for the runs; what is finished there is not done again")
    ],
    engine: Annotated[
        EngineName, typer.Option(help="Who trains: processes of this machine, or a Ray cluster (RAY_ADDRESS)")
    ] = EngineName.local,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="How many runs at a time, one thread each [default: 1; on ray what fits]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only plan: print the runs and their time")
    ] = False,
) -> None:
    """
    Train every run of a study that is not done yet, score it on the test corpus, and write the report.
    Values of the config can be set on the command line: --study.max_steps 100 --paths.gold gold.spacy
    """
    from spacy.cli._util import parse_config_overrides

    from ..study.config import read_study
    from ..study.runner import open_study_engine
    from ..study.store import Store

    study, resolved = read_study(config, parse_config_overrides(list(ctx.args)))
    store = Store(out)
    with open_study_engine(engine, jobs, study) as carrier:
        if dry_run:
            _only_plan(study, store, carrier.workers)
            return
        failed = _carry_out(study, resolved, store, carrier)
    if failed:
        msg.fail(f"{failed} runs failed; their logs are in {out / 'failed'}", exits=1)


def _only_plan(study: "Study", store: "Store", jobs: int) -> None:
    from ..study.runner import plan_study

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_study(study, Path(folder))[0]
        show_plan(plan, store)
        _show_time(plan, store, jobs, always=True)


def _carry_out(study: "Study", resolved: "Config", store: "Store", engine: "Engine[Job]") -> int:
    """Carry out a study and write its report.

    RETURNS: How many runs failed.
    """
    from ..study.runner import CORPORA, conduct, plan_study, write_study
    from ..study.sources import write_data, write_teachers

    with store.opened() as scratch:
        plan, inputs = plan_study(study, store.root / CORPORA)
        write_study(resolved, plan, store)
        # Before the runs: a report of a study that is not finished tells of its teachers and data too.
        write_teachers(study, store.root)
        write_data(study, inputs, store.root)
        show_plan(plan, store)
        expected = _show_time(plan, store, engine.workers)
        shown = StudyProgress(len(plan.runs), expected or 0.0)
        shown.show(conduct(plan, store, engine, scratch))
        _finish(store)
    return shown.failed


def _show_time(plan: "Plan", store: "Store", jobs: int, *, always: bool = False) -> float | None:
    from ..study.runner import WORTH_A_PROBE, estimate

    pending = [p for p in plan.runs if not store.is_done(p.run.folder, p.fingerprint)]
    seconds = estimate(pending, store, jobs, probe=always or len(pending) >= WORTH_A_PROBE)
    if seconds:
        msg.info(f"{len(pending)} runs to do, about {duration(seconds)} with {jobs} at a time")
    return seconds


def _finish(store: "Store") -> None:
    from ..study.findings import find_all
    from ..study.report.report import default_report, write_report, write_scores
    from ..study.report.sections import score_table, teacher_table
    from ..study.summary import read_summary

    summary = read_summary(store.root)
    findings = find_all(summary)
    show_table("Students: strict entities, percent", *score_table(findings))
    show_table("Teachers against the pool's gold labels", *teacher_table(findings))
    for place in (
        write_scores(summary, store.root),
        *write_report(summary, findings, default_report(store.root)),
    ):
        msg.good(f"Wrote {place}")


class StudyProgress:
    """Shows what happens to the runs of a study.

    total: Number of runs.
    expected: Expected seconds of all runs that are not done, 0 if unknown.
    """

    def __init__(self, total: int, expected: float = 0.0) -> None:
        self.console = Console(highlight=False)
        self.total = total
        self.expected = expected
        self.running: dict[str, float] = {}
        self.skipped = self.finished = self.failed = 0
        self.began = time.monotonic()

    def show(self, happenings: "Iterable[Progress]") -> None:
        """Consume and show all that happens."""
        terminal = self.console.is_terminal
        live = Live(get_renderable=self.panel, console=self.console, refresh_per_second=2)
        with live if terminal else nullcontext():
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
                self.console.print(Text(f"started {name} ({progress.planned.steps} steps)"))
        else:
            seconds = time.monotonic() - self.running.pop(name, time.monotonic())
            self.finished += progress.kind == "finished"
            self.failed += progress.kind == "failed"
            after = f" {self.position} {name} {duration(seconds)}{self._left_text()}"
            self.console.print(Text.assemble(MARKS[progress.kind], after))
            if progress.error:
                last = progress.error.strip().splitlines()[-1]
                self.console.print(Text(f"  {last}\n  log: {progress.place}"))

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
    # As Text: in a plain string Rich would read [...] as its markup.
    table = Table(title=Text(title, "bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(cells[0]):
        table.add_column(Text(name), justify="left" if i < 2 else "right")
    for row in cells[1:]:
        table.add_row(*map(Text, row))
    console.print(table)


def _width(column: Iterable[str]) -> int:
    """Columns of the terminal that a column of a table takes, with its margin."""
    return max(len(line) for cell in column for line in cell.split("\n")) + 3
