"""`spacy-distill chain`: several commands in one process, which loads spaCy and torch once."""

import shlex
from typing import Annotated

import typer

from .console import app


@app.command("chain")
def chain_cli(
    commands: Annotated[
        list[str], typer.Argument(help='Commands, each as one argument: "import a.jsonl a.spacy"')
    ],
) -> None:
    """Run several commands in one process, in their order, until one fails; its status is that of all."""
    for command in commands:
        typer.secho(f"\nspacy-distill {command}", bold=True)
        status = app(shlex.split(command), prog_name="spacy-distill", standalone_mode=False)
        if status:
            raise typer.Exit(int(status))
