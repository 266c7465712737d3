"""`distill ledger`: what a ledger holds; its answers out and in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .app import app
from .console import OVERRIDES, msg, shown_errors

if TYPE_CHECKING:
    from ..teacher.ledger import Ledger

ACTIONS = ("export", "import", "show")


@app.command("ledger", context_settings=OVERRIDES)
def ledger_command(
    ctx: typer.Context,
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER.sqlite", help="The ledger.")],
    action: Annotated[
        str | None, typer.Argument(metavar="[export|import|show]", help="What to do; a summary if left out.")
    ] = None,
    target: Annotated[
        str | None, typer.Argument(metavar="[FILE|KEY]", help="File to export to or import from; or key.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Config whose prompts recorded answers belong to.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Corpus whose documents recorded answers belong to.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Model that gave the recorded answers, where they do not say."),
    ] = None,
) -> None:
    """Summarise a ledger, export or import its answers as JSON Lines, or show one answer."""
    with shown_errors():
        from spacy.cli._util import parse_config_overrides

        from ..teacher.ledger import Ledger

        if action is not None and action not in ACTIONS:
            raise ValueError(f"Unknown action: {action}. Expected one of {', '.join(ACTIONS)}, or none.")
        if action is not None and target is None:
            raise ValueError(
                f"`ledger {ledger} {action}` needs a {'key' if action == 'show' else 'file'} after it."
            )
        with Ledger(ledger, create=action == "import") as opened:
            if action == "import":
                _import(opened, Path(str(target)), config, corpus, model, parse_config_overrides(ctx.args))
            elif action == "export":
                _export(opened, Path(str(target)))


def _import(
    ledger: "Ledger",
    path: Path,
    config: Path | None,
    corpus: Path | None,
    model: str | None,
    overrides: dict[str, object],
) -> None:
    from ..teacher.pipeline import load_teacher
    from ..teacher.recorded import import_export, import_recorded

    if (config is None) != (corpus is None):
        raise ValueError(
            "--config and --corpus go together: the config makes prompts of the corpus's documents."
        )
    if config is None or corpus is None:
        done = import_export(ledger, path)
        msg.good(f"Stored {done.stored} of {done.lines} answers in {ledger.path}")
        return
    done = import_recorded(ledger, path, load_teacher(config, overrides), corpus, model=model)
    if done.repeated:
        msg.warn(f"{done.repeated} lines repeat a text that an earlier line answers; the first one counts.")
    if done.unused:
        msg.warn(f"{done.unused} lines match no document of {corpus}.")
    if done.answered < done.documents:
        msg.warn(f"{done.documents - done.answered} of {done.documents} documents have no recorded answer.")
    msg.good(f"Stored {done.stored} recorded answers for {done.answered} documents in {ledger.path}")


def _export(ledger: "Ledger", path: Path) -> None:
    from ..teacher.recorded import export

    with path.open("w", encoding="utf-8") as file:
        file.writelines(export(ledger))
    msg.good(f"Exported {len(ledger)} answers to {path}")
