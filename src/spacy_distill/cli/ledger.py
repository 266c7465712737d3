"""`distill ledger`: what a ledger holds; its answers out and in."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DistillError, counted, shorten
from ..escapes import terminal
from .console import command, msg

if TYPE_CHECKING:
    from ..teacher.ledger.entry import Entry, SummaryLine
    from ..teacher.ledger.store import Ledger

UNPARSABLE = "unparsable"
MOST_SHOWN = 10
ACTIONS = ("export", "import", "list", "show")
# Digits of a key that a list shows, and characters of an answer.
DIGITS = 12
SHOWN = 80
COLUMNS = (
    "model",
    "host",
    "prompt",
    "state",
    "answers",
    "tokens in",
    "tokens out",
    "USD",
    "s each",
    "from",
    "to",
)


@command("ledger", overrides=True)
def ledger_cli(
    ctx: typer.Context,
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER.sqlite", help="The ledger.")],
    action: Annotated[
        str | None,
        typer.Argument(metavar="[export|import|list|show]", help="What to do; a summary if left out."),
    ] = None,
    target: Annotated[
        str | None, typer.Argument(metavar="[FILE|KEY]", help="File to export to or import from, or key.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Config whose prompts recorded answers belong to.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Corpus whose documents recorded answers belong to.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state", help="What to list: ok, truncated, refused, failed; unparsable with --config."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Model that gave the recorded answers, where they do not say."),
    ] = None,
) -> None:
    """Summarise a ledger, export or import its answers as JSON Lines, list those in a state, or show one."""
    from spacy.cli._util import parse_config_overrides

    from ..teacher.ledger.store import Ledger

    if action is not None and action not in ACTIONS:
        raise DistillError(f"Unknown action: {action}. Expected one of {', '.join(ACTIONS)}, or none.")
    if action not in (None, "list") and target is None:
        raise DistillError(f"`{action}` needs a {'key' if action == 'show' else 'file'} after it.")
    overrides = parse_config_overrides(ctx.args)
    if action == "import":
        show_import(ledger, Path(str(target)), config, corpus, model, overrides)
        return
    with Ledger(ledger, create=False) as opened:
        if action == "export":
            export_answers(opened, Path(str(target)))
        elif action == "list":
            list_answers(opened, state, config, overrides)
        elif action == "show":
            show_answers(opened, str(target))
        else:
            show_summary(opened)


def show_import(
    ledger: Path,
    path: Path,
    config: Path | None,
    corpus: Path | None,
    model: str | None,
    overrides: dict[str, Any],
) -> None:
    """Import answers, and print what was stored and what was not."""
    from ..teacher.transfer import import_answers

    done = import_answers(ledger, path, config=config, corpus=corpus, model=model, overrides=overrides)
    if corpus is None:
        msg.good(f"Stored {done.stored} of {counted(done.lines, 'answer')} in {ledger}")
        return
    if done.repeated:
        msg.warn(f"{counted(done.repeated, 'line')} with a text answered before; the first counts.")
    if done.unused:
        msg.warn(f"{counted(done.unused, 'line')} without a document in {corpus}.")
    if done.answered < done.documents:
        documents = counted(done.documents - done.answered, "document")
        msg.warn(f"{documents} of {done.documents:,} without a recorded answer.")
    answers, documents = counted(done.stored, "recorded answer"), counted(done.answered, "document")
    msg.good(f"Stored {answers} for {documents} in {ledger}")


def export_answers(ledger: "Ledger", path: Path) -> None:
    """Export all answers."""
    from ..teacher.transfer import write_export

    write_export(ledger, path)
    msg.good(f"Exported {counted(len(ledger), 'answer')} to {path}")


def list_answers(ledger: "Ledger", state: str | None, config: Path | None, overrides: dict[str, Any]) -> None:
    """Print a line for each answer in a state: the beginning of its key, and of its answer or error."""
    from ..teacher.ledger.entry import STATES

    entries: Iterable[Entry]
    if state == UNPARSABLE:
        if config is None:
            raise DistillError(
                "What is unparsable depends on the labels and the prompt: give their --config."
            )
        from ..teacher.teacher import load_teacher

        complaint = load_teacher(config, overrides).task.complaint
        entries = (entry for entry in ledger.entries("ok") if complaint(entry.answer) is not None)
    elif state is not None and state not in STATES:
        raise DistillError(f"Unknown state: {state}. Expected one of {', '.join([*STATES, UNPARSABLE])}.")
    else:
        entries = ledger.entries(state)
    number = 0
    for entry in entries:
        number += 1
        said = shorten(entry.error or entry.answer, length=SHOWN)
        facts = (f"{entry.key[:DIGITS]}  {state or entry.state:10}  {when(entry.time):16}", entry.model, said)
        typer.echo(terminal("  ".join(facts)))
    msg.info(f"{counted(number, 'answer')}. One in full: spacy-distill ledger {ledger.path} show KEY")


def show_answers(ledger: "Ledger", start: str) -> None:
    """Print all that is known of the answers whose keys start like this."""
    # As it was printed: shortened, or in capitals.
    found = ledger.find(start.strip().rstrip("….").casefold(), MOST_SHOWN)
    if not found:
        raise DistillError(f"{ledger.path} has no answer whose key starts with {start}.")
    for entry in found:
        facts = {name: value for name, value in asdict(entry).items() if value is not None}
        messages, answer = facts.pop("messages"), facts.pop("answer")
        facts["cost"] = "unknown" if entry.cost is None else f"{entry.cost:.6f} USD"
        if entry.time is not None:
            facts["time"] = f"{when(entry.time)} UTC"
        msg.divider(entry.key)
        msg.table(facts.items())
        for role, content in [*((m["role"], m["content"]) for m in messages), ("answer", answer)]:
            typer.echo(f"--- {role}\n{terminal(content)}")
    if len(found) == MOST_SHOWN:
        msg.info(f"These are the first {MOST_SHOWN}; give more of the key to see others.")


def show_summary(ledger: "Ledger") -> None:
    """Print what a ledger holds."""
    lines = ledger.summarise()
    rows = [
        (
            line.model,
            line.host if line.source is None else f"{line.host}: {line.source}",
            f"{line.view or '?'} {line.prompt_hash or ''}".strip(),
            line.state,
            f"{line.answers:,}",
            f"{line.prompt_tokens:,}",
            f"{line.completion_tokens:,}",
            "unknown" if line.cost is None else f"{line.cost:,.4f}",
            "" if line.seconds is None else f"{line.seconds:.2f}",
            when(line.first),
            when(line.last),
        )
        for line in lines
    ]
    msg.table(rows, header=COLUMNS, divider=True, aligns=["l"] * 4 + ["r"] * 5 + ["l"] * 2)
    retries = sum(line.retries for line in lines)
    answers = sum(line.answers for line in lines)
    counts = counted(answers, "answer"), _total(lines), counted(retries, "retry", "retries")
    msg.good(f"{ledger.path}: {', '.join(counts)}")
    for name, model, count in ledger.awaited():
        msg.info(f"{counted(count, 'answer')} awaited from the batch {name} ({model})")
    claims = ledger.count_claims()
    if claims:
        msg.info(f"{claims:,} answers are being asked for, or were when a run was killed.")


def _total(lines: "list[SummaryLine]") -> str:
    """The cost of all answers, as far as it is known."""
    answers, priced = sum(line.answers for line in lines), sum(line.priced for line in lines)
    if not priced:
        return "cost unknown"
    cost = f"{sum(line.cost or 0.0 for line in lines):,.4f} USD"
    return cost if priced == answers else f"{cost} for {priced:,} of them, unknown for the others"


def when(seconds: float | None) -> str:
    """A time, in UTC."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
