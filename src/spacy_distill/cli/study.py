"""`spacy-distill study`: train and score every run of a study."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..engines import EngineName
from ..errors import counted
from ..escapes import one_line, terminal
from .console import RESUMABLE, command, duration, msg

if TYPE_CHECKING:
    from ..study.plan import PlannedRun, StudyPlan
    from ..study.runner import StudyEvent


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
            help="How many runs at a time, one thread each.",
            show_default="1; on ray what fits",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only plan: print the runs, and their time where it is known")
    ] = False,
) -> None:
    """
    Train every run of a study that is not done yet, score it on the test corpus, and write the report.
    Values of the config can be set on the command line: --study.max_steps 100 --paths.gold gold.spacy
    """
    from spacy.cli._util import parse_config_overrides

    from ..study.runner import plan_study, run_study

    overrides = parse_config_overrides(list(ctx.args))
    if dry_run:
        show_plan(plan_study(config, out, overrides=overrides), jobs or 1)
        return
    progress = StudyProgress()
    for event in progress.show(run_study(config, out, engine=engine, jobs=jobs, overrides=overrides)):
        if event.kind == "planned":
            show_plan(event.plan, event.workers)
        elif event.report is not None:
            show_scores(event.report.findings, event.report.found.study.main_set)
            for place in (event.place, *event.report.files):
                msg.good(f"Wrote {place}")
    if progress.failed:
        msg.fail(f"{counted(progress.failed, 'run')} failed; logs are in {out / 'failed'}", exits=1)


class StudyProgress:
    """Shows what happens to the runs of a study."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.total = 0
        self.expected = 0.0
        self.running: dict[str, float] = {}
        self.skipped = self.finished = self.failed = 0
        self.began = time.monotonic()

    def show(self, events: "Iterable[StudyEvent]") -> "Iterator[StudyEvent]":
        """Show the runs while they are carried out.

        YIELDS: the events that are not about a run.
        """
        live = Live(get_renderable=self.panel, console=self.console, refresh_per_second=2)
        try:
            for event in events:
                if event.run is not None:
                    if self.console.is_terminal:
                        live.start()
                    self.note(event, event.run)
                    continue
                live.stop()
                if event.kind == "planned":
                    self.total = len(event.plan.runs)
                    self.skipped = self.finished = self.failed = 0
                    self.expected = (event.plan.seconds or 0.0) / event.workers
                    self.began = time.monotonic()
                yield event
        finally:
            live.stop()

    def note(self, event: "StudyEvent", planned: "PlannedRun") -> None:
        """Take in one event, and print a line for one that lasts."""
        name = str(planned.run)
        if event.kind == "skipped":
            self.skipped += 1
        elif event.kind == "started":
            self.running[name] = time.monotonic()
            if not self.console.is_terminal:
                self.console.print(Text(f"started {name} ({planned.steps} steps)"))
        else:
            seconds = time.monotonic() - self.running.pop(name, time.monotonic())
            self.finished += event.kind == "finished"
            self.failed += event.kind == "failed"
            after = f" {self.position} {name} {duration(seconds)}{self._left_text()}"
            self.console.print(Text.assemble(MARKS[event.kind], after))
            if event.error:
                last = event.error.strip().splitlines()[-1]
                self.console.print(Text(terminal(f"  {last}\n  log: {event.place}")))

    @property
    def position(self) -> str:
        """How many runs are done."""
        return f"{self.skipped + self.finished + self.failed}/{self.total}"

    def left(self) -> float | None:
        """Seconds that are left, as far as it is known."""
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


def show_plan(plan: "StudyPlan", workers: int) -> None:
    """Print what a study will do: its arms, their steps and seeds, and how many runs are done."""
    arms: dict[str, list[Any]] = {}
    for planned in plan.runs:
        row = arms.setdefault(str(planned.run.folder.parent), [planned.steps, [], 0])
        row[1].append(planned.run.seed)
        row[2] += planned.done
    rows = [
        [name, str(steps), " ".join(map(str, seeds)), str(done or "")]
        for name, (steps, seeds, done) in arms.items()
    ]
    show_table(counted(len(plan.runs), "run"), ["runs", "steps", "seeds", "done"], rows)
    show_table("Comparisons", ["comparison", "differs in", ""], list(_pair_rows(plan)))
    for arm, reason in plan.left_out.items():
        msg.warn(f"Left out: {arm}: {reason}")
    if plan.seconds:
        at_a_time = f"with {workers} at a time"
        runs = counted(len(plan.pending), "run")
        msg.info(f"{runs} to do, about {duration(plan.seconds / workers)} {at_a_time}")


def _pair_rows(plan: "StudyPlan") -> Iterator[list[str]]:
    from ..study.pairs import arm_labels, difference_text, is_confounded

    labels = arm_labels(arm for pair in plan.pairs for arm in pair[:2])
    for first, second, differing in plan.pairs:
        several = "more than one thing" if is_confounded(differing) else ""
        yield [f"{labels[first]} − {labels[second]}", difference_text(differing), several]


def show_scores(findings: Mapping[str, Any], corpus: str) -> None:
    """Print the scores of students and teachers; corpus: the one that students are compared on."""
    arms = [arm for arm in findings["arms"] if corpus in arm["sets"]]
    labels = _labels(arm["sets"][corpus] for arm in arms)
    students = [
        [arm["arm"]["student"], arm["label"], str(arm["arm"]["gold_size"] or "all"),
         str(len(arm["seeds"])), *_cells(arm["sets"][corpus], labels)]
        for arm in arms
    ]  # fmt: skip
    head = ["student", "regimen", "gold", "seeds", *_heads(labels)]
    show_table(f"Students on {corpus}: strict scores, percent", head, students)
    teachers = {name: found for name, found in findings["teachers"].items() if "scores" in found}
    labels = _labels(found["scores"] for found in teachers.values())
    rows = [
        [name, str(found["documents"]), str(found["unlabelled"]), *_cells(found["scores"], labels)]
        for name, found in teachers.items()
    ]
    head = ["teacher", "documents", "unlabelled", *_heads(labels)]
    show_table("Teachers against the pool's gold labels", head, rows)
    for advice in findings["advice"]:
        msg.info(advice["text"])


def _labels(scores: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({label for found in scores for label in found["labels"]})


def _heads(labels: list[str]) -> list[str]:
    return [*(f"{one_line(label)}\nP R F1" for label in labels), "micro\nP R F1", "macro\nF1"]


def _cells(scores: Mapping[str, Any], labels: list[str]) -> list[str]:
    by_label = [_prf(scores["labels"][label]) if label in scores["labels"] else "" for label in labels]
    return [*by_label, _prf(scores["micro"]), _percent(scores["macro_f"]["mean"])]


def _prf(score: Mapping[str, Any]) -> str:
    return " ".join(_percent(score[key]["mean"]) for key in "prf")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def show_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; on a narrow terminal the numbers of a cell stand below each other.

    title: what it shows.
    head: headings.
    rows: cells; without rows nothing is printed.
    """
    if not rows:
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    cells = [[terminal(cell) for cell in row] for row in (head, *rows)]
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
