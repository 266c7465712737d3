"""`distill annotate`: let the teacher of a config label a corpus."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DistillError, counted
from ..escapes import terminal
from .console import INTERRUPT_STATUS, command, duration, msg

if TYPE_CHECKING:
    from rich.table import Table

    from ..labels.cascade import CascadeReport
    from ..teacher.annotate import AnnotationReport
    from ..teacher.batch import PendingBatches
    from ..teacher.run_statistics import RunStatistics, Waiting

SHARE = 0.2
# Answers of batches are still to come.
WAITING_STATUS = 3
UNKNOWN_COST = "unknown (no prices in the config)"
# Reasons that are listed, and digits of a key.
MOST_REASONS = 8
DIGITS = 12
WIDEST = 140
# Between two lines of progress where there is no terminal.
SECONDS_PER_LINE = 10.0


@command(
    "annotate",
    overrides=True,
    interrupted="Interrupted before {out} was written. The same command goes on where this one ended.",
)
def annotate_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The teacher's config.")],
    source: Annotated[
        Path, typer.Argument(metavar="IN.spacy", help="The corpus; its labels are not looked at.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write.")],
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", help="US dollars that may be spent, by the config's prices.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Tokens that may be used, prompts and answers.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing; say what would be sent, and about what it would cost."),
    ] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Ask by the provider's batch interface; run again to collect.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Let a replay leave documents unanswered.")
    ] = False,
    only_disputed: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A committee's folder: ask of what its members dispute most; they label the rest.",
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(
            help="With --only-disputed: the share of the words to ask about, at most.",
            show_default=str(SHARE),
        ),
    ] = None,
) -> None:
    """Annotate a corpus with the large model of a config; its values can be overridden: --a.b.c value."""
    from spacy.cli._util import parse_config_overrides

    from ..teacher.annotate import annotate

    overrides = parse_config_overrides(ctx.args)
    if only_disputed is None and share is not None:
        raise DistillError("--share says how much of what is disputed. Give --only-disputed DIR too.")
    if dry_run and only_disputed:
        raise DistillError(
            "--dry-run does not know what is disputed. `spacy-distill select --committee DIR --teacher "
            "CONFIG` says what answers for the most disputed documents cost."
        )
    if dry_run:
        show_estimate(config, source, overrides)
        return
    how: dict[str, Any] = {
        "overrides": overrides,
        "max_cost": max_cost,
        "max_tokens": max_tokens,
        "batch": batch,
        "allow_missing": allow_missing,
        "watch": watch,
    }
    if only_disputed is None:
        report = annotate(config, source, out, **how)
    else:
        from ..labels.cascade import annotate_disputed

        part = SHARE if share is None else share
        cascade = annotate_disputed(config, source, out, only_disputed, part, **how)
        report = cascade.asked
        show_cascade(cascade)
    status = show(report, out, allow_missing=allow_missing)
    if status:
        raise typer.Exit(status)


def show_estimate(config: Path, source: Path, overrides: dict[str, Any]) -> None:
    """Print what annotating would send."""
    from ..teacher.estimate import forecast_annotation

    found = forecast_annotation(config, source, overrides=overrides)
    rows = [
        ("would be asked", found.destination or "nobody: kept answers are replayed"),
        ("documents", f"{found.documents:,}"),
        ("nothing to ask", f"{found.without_prompt:,}"),
        ("already answered", f"{found.answered:,}"),
        ("awaited from a batch", f"{found.awaited:,}"),
        ("prompts to send", f"{found.requests:,}"),
    ]
    if forecast := found.forecast:
        cost = UNKNOWN_COST
        if forecast.cost is not None:
            cost = f"{forecast.cost:,.4f} USD; {forecast.batch_cost:,.4f} USD as a batch"
        rows += [
            ("tokens, estimated", f"{forecast.tokens.prompt:,} in, {forecast.tokens.completion:,} out"),
            ("cost, estimated", cost),
            ("time, estimated", duration(forecast.seconds)),
            ("estimated by", "earlier answers" if forecast.measured else "rule of thumb"),
        ]
    msg.text(f"Prompt `{found.view}`, as it would be sent for the first document:")
    msg.divider()
    typer.echo(terminal(found.example))
    msg.divider()
    msg.table(rows, max_col=WIDEST)
    msg.info("Nothing was sent.")


def show(report: "AnnotationReport", out: Path, *, allow_missing: bool) -> int:
    """Print what became of a corpus.

    RETURNS: the status to exit with: 0 if every document was answered.
    """
    statistics, states = report.statistics, report.states
    if report.pending:
        return show_pending(report.pending, statistics)
    if report.written:
        msg.table(sorted(states.items()), header=("state", "documents"), divider=True)
    asked = (
        f"{statistics.asked:,} asked for: {counted(statistics.requests, 'request')}, "
        f"{statistics.prompt_tokens:,} + {statistics.completion_tokens:,} tokens, "
        f"{cost_text(statistics.cost)}."
    )
    nothing_asked = not (statistics.asked or statistics.requests)
    msg.text(
        f"{counted(statistics.kept, 'answer')} found in the ledger; "
        f"{'none was asked for.' if nothing_asked else asked}"
    )
    unusable = sum(states[state] for state in ("truncated", "refused", "unparsable"))
    if unusable:
        msg.warn(f"{counted(unusable, 'answer')} cannot be used; such documents carry no labels.")
    if states["failed"]:
        msg.fail(
            f"{counted(states['failed'], 'document')} failed. The same command asks for those again, and "
            "only for them."
        )
    if report.missing:
        msg.fail(
            f"{counted(report.missing, 'document')} not answered yet. The same command goes on where this "
            "one ended."
        )
    if statistics.awaited:
        msg.info(f"{counted(statistics.awaited, 'answer')} awaited from batches; --batch collects them.")
    if statistics.stopped:
        msg.fail(f"Stopped early: {statistics.stopped}.")
    show_reasons(report)
    if report.written:
        msg.good(f"Wrote {counted(report.documents, 'document')}: {out}")
    else:
        msg.fail(
            "No answer was got, so no file was written. The same command tries again, once that is mended."
        )
    if report.warnings:
        # The last that is said, and framed: what is read first.
        msg.divider("Look at this before you train on it", char="!")
        for alarm in report.warnings:
            msg.warn(alarm)
    if statistics.stopped == "interrupted":
        return INTERRUPT_STATUS
    return int(bool(states["failed"] or statistics.stopped or (report.missing and not allow_missing)))


def show_cascade(report: "CascadeReport") -> None:
    """Print who labelled what."""
    msg.text(
        f"The teacher was asked about {report.documents:,} of {report.of_documents:,} documents "
        f"({report.words / report.of_words:.1%} of the words, {report.disagreement:.1%} of all "
        "disagreement); the committee labelled the rest."
    )
    if report.learned:
        msg.warn(
            f"Members had learned from {counted(report.learned, 'document')} of the rest, and repeat what "
            "they learned."
        )


def show_reasons(report: "AnnotationReport") -> None:
    """Print why answers and parts of them came to nothing: the commonest reasons, with a key of each."""

    if not report.reasons:
        return
    rows = [(f"{one.count:,}", one.key[:DIGITS], one.what) for one in report.reasons[:MOST_REASONS]]
    msg.table(
        rows, header=("times", "for example", "why"), divider=True, aligns=("r", "l", "l"), max_col=WIDEST
    )
    if more := sum(one.count for one in report.reasons[MOST_REASONS:]):
        msg.text(f"… and {more:,} for other reasons.")
    msg.info(f"An answer in full: spacy-distill ledger {report.ledger} show KEY")


def cost_text(cost: float | None) -> str:
    """What was spent, in words."""
    return f"cost {UNKNOWN_COST}" if cost is None else f"{cost:,.4f} USD"


def show_pending(pending: "PendingBatches", statistics: "RunStatistics") -> int:
    """Print what is still to come.

    RETURNS: the status to exit with.
    """
    rows = [(state.id, state.status, f"{state.done:,} of {state.total:,}") for state in pending.batches]
    msg.table(rows, header=("batch", "status", "done"), divider=True)
    msg.text(
        f"{counted(statistics.kept, 'answer')} found in the ledger; {statistics.asked:,} collected, "
        f"{cost_text(statistics.cost)}; {counted(statistics.requests, 'request')} handed in."
    )
    for problem in pending.problems:
        msg.fail(problem)
    if statistics.stopped:
        msg.fail(f"Stopped early: {statistics.stopped}.")
    if pending.busy:
        holders = ", ".join(sorted(pending.holders)) or "Another process"
        msg.info(f"Busy with {counted(pending.busy, 'batch', 'batches')}: {holders}.")
    msg.info("Answers are still to come, so no file was written. The same command collects them later.")
    return 1 if pending.problems else WAITING_STATUS


@contextmanager
def watch(statistics: "RunStatistics") -> Iterator[None]:
    """Show statistics on the standard error stream while they grow.

    statistics: the statistics.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    said = statistics.destination and f"Asking {statistics.destination}: what the ledger does not have."
    console.print(
        terminal(said or "Kept answers are replayed; nothing is sent."), markup=False, highlight=False
    )
    if console.is_terminal:
        with Live(get_renderable=lambda: panel(statistics), console=console, refresh_per_second=4):
            yield
        return
    done = threading.Event()

    def write() -> None:
        while not done.wait(SECONDS_PER_LINE):
            console.print(line(statistics), markup=False, highlight=False, soft_wrap=True)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield
        console.print(line(statistics), markup=False, highlight=False, soft_wrap=True)
    finally:
        done.set()
        writer.join()


def facts(statistics: "RunStatistics") -> list[tuple[str, str]]:
    """What there is to say of statistics: names and values."""
    total = "?" if statistics.total is None else f"{statistics.total:,}"
    tokens = f"{statistics.prompt_tokens:,} in, {statistics.completion_tokens:,} out"
    found = [("done", f"{statistics.done:,} of {total}"), ("kept", f"{statistics.kept:,}")]
    found += [
        ("answers", f"{statistics.asked:,} ({statistics.rate:,.1f} a second)"),
        ("in flight", f"{statistics.in_flight:,}"),
    ]
    found += [("tokens", tokens)]
    if statistics.cost is not None:
        projected = statistics.projected_cost
        in_all = "" if projected is None else f" (about {projected:,.4f} in all)"
        found.append(("USD", f"{statistics.cost:,.4f}{in_all}"))
    found.append(("retries", f"{statistics.retries:,}"))
    if statistics.reasked:
        found.append(("asked again", f"{statistics.reasked:,}"))
    found += [(state, f"{count:,}") for state, count in sorted(statistics.states.items())]
    if statistics.seconds_left is not None:
        found.append(("left", f"about {duration(statistics.seconds_left)}"))
    found += waits(statistics)
    if statistics.stopped:
        found.append(("stopping", statistics.stopped))
    return found


def waits(statistics: "RunStatistics") -> list[tuple[str, str]]:
    """Whom answers are waited for, how many, since when, and until when at most."""
    by_holder: dict[str, list[Waiting]] = {}
    for wait in filter(None, list(statistics.waiting)):
        by_holder.setdefault(wait.holder, []).append(wait)
    return [
        (
            "waiting for",
            f"{holder} since {clock(min(wait.since for wait in found))}, which asks for "
            f"{len(found):,} of these answers; without a sign of life of it this "
            f"goes on at {clock(max(wait.until for wait in found))}",
        )
        for holder, found in sorted(by_holder.items())
    ]


def clock(seconds: float) -> str:
    """A time of day, as the clock here shows it."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")


def line(statistics: "RunStatistics") -> str:
    """Statistics in one line."""
    return "  ".join(f"{name}: {value}" for name, value in facts(statistics))


def panel(statistics: "RunStatistics") -> "Table":
    """Statistics as a table of two columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for name, value in facts(statistics):
        table.add_row(Text(name, style="bold"), Text(value))
    return table
