"""`distill annotate`: let the teacher of a config label a corpus."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import INTERRUPT_STATUS, command, duration, msg

if TYPE_CHECKING:
    from rich.table import Table

    from ..teacher.annotate import Report
    from ..teacher.batch import Waiting
    from ..teacher.budget import Tally

# Answers of batches are still to come.
WAITING_STATUS = 3
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
) -> None:
    """Annotate a corpus with the large model of a config; its values can be overridden: --a.b.c value."""
    from spacy.cli._util import parse_config_overrides

    from ..teacher.annotate import Spending, annotate

    overrides = parse_config_overrides(ctx.args)
    if dry_run:
        show_plan(config, source, overrides)
        return
    report = annotate(
        config,
        source,
        out,
        overrides=overrides,
        spending=Spending(max_cost, max_tokens),
        batch=batch,
        allow_missing=allow_missing,
        watch=watch,
    )
    status = show(report, out, allow_missing=allow_missing)
    if status:
        raise typer.Exit(status)


def show_plan(config: Path, source: Path, overrides: dict[str, Any]) -> None:
    """Print what annotating would send."""
    from ..teacher.estimate import make_plan, typical_request
    from ..teacher.models import ChatModel
    from ..teacher.pipeline import load_teacher
    from .ledger import visible

    teacher = load_teacher(config, overrides)
    plan = make_plan(teacher, source)
    rows = [
        ("documents", f"{plan.documents:,}"),
        ("nothing to ask", f"{plan.silent:,}"),
        ("already answered", f"{plan.answered:,}"),
        ("awaited from a batch", f"{plan.awaited:,}"),
        ("prompts to send", f"{plan.requests:,}"),
    ]
    if isinstance(teacher.model, ChatModel):
        settings = teacher.model.settings
        typical = typical_request(teacher.model.known, settings, teacher.task.prompt_hash)
        tokens, cost = plan.tokens(typical), "no prices in the config"
        if settings.prices:
            live, batch = (plan.cost(typical, settings.prices, batch=batch) for batch in (False, True))
            cost = f"{live:,.4f} USD; {batch:,.4f} USD as a batch"
        rows += [
            ("tokens, estimated", f"{tokens.prompt:,} in, {tokens.completion:,} out"),
            ("cost, estimated", cost),
            ("time, estimated", duration(plan.seconds(typical, settings))),
            ("estimated by", "earlier answers" if typical.measured else "rule of thumb"),
        ]
    msg.text(f"Prompt `{plan.view}`, as it would be sent for the first document:")
    msg.divider()
    typer.echo(visible(plan.example))
    msg.divider()
    msg.table(rows)
    msg.info("Nothing was sent.")


def show(report: "Report", out: Path, *, allow_missing: bool) -> int:
    """Print what became of a corpus.

    RETURNS: The status to exit with: 0 if every document was answered.
    """
    tally, states = report.tally, report.states
    if report.waiting:
        return show_waiting(report.waiting, tally)
    if report.written:
        msg.table(sorted(states.items()), header=("state", "documents"), divider=True)
    asked = (
        f"{tally.asked:,} were asked for: {tally.requests:,} requests, {tally.prompt_tokens:,} + "
        f"{tally.completion_tokens:,} tokens, {tally.cost:,.4f} USD."
    )
    nothing_asked = not (tally.asked or tally.requests)
    msg.text(
        f"{tally.kept:,} answers were in the ledger; {'none was asked for.' if nothing_asked else asked}"
    )
    unusable = sum(states[state] for state in ("truncated", "refused", "unparsable"))
    if unusable:
        msg.warn(f"{unusable} answers cannot be used; their documents carry no labels.")
    if states["failed"]:
        msg.fail(
            f"{states['failed']} documents failed. The same command asks for those again, and only for them."
        )
    if report.missing:
        msg.fail(
            f"{report.missing} documents are not answered yet. The same command goes on where this one ended."
        )
    if tally.awaited:
        msg.info(f"{tally.awaited} answers are awaited from batches; --batch collects them.")
    if tally.stopped:
        msg.fail(f"Stopped early: {tally.stopped}.")
    if report.written:
        msg.good(f"Wrote {report.documents} documents: {out}")
    else:
        msg.fail("No answer was got, so no file was written.")
    if tally.stopped == "interrupted":
        return INTERRUPT_STATUS
    return int(bool(states["failed"] or tally.stopped or (report.missing and not allow_missing)))


def show_waiting(waiting: "Waiting", tally: "Tally") -> int:
    """Print what is still to come.

    RETURNS: The status to exit with.
    """
    rows = [(state.id, state.status, f"{state.done:,} of {state.total:,}") for state in waiting.batches]
    msg.table(rows, header=("batch", "status", "done"), divider=True)
    msg.text(
        f"{tally.kept:,} answers were in the ledger; {tally.asked:,} were collected, {tally.cost:,.4f} USD; "
        f"{tally.requests:,} requests were handed in."
    )
    for problem in waiting.problems:
        msg.fail(problem)
    if tally.stopped:
        msg.fail(f"Stopped early: {tally.stopped}.")
    if waiting.busy:
        msg.info(f"Another process is dealing with {waiting.busy} batches.")
    msg.info("Answers are still to come, so no file was written. The same command collects them later.")
    return 1 if waiting.problems else WAITING_STATUS


@contextmanager
def watch(tally: "Tally") -> Iterator[None]:
    """Show a tally on the standard error stream while it grows.

    tally: The tally.
    """
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if console.is_terminal:
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
