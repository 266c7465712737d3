"""The command group that all commands add themselves to."""

import typer

app = typer.Typer(
    name="distill",
    help="Distil a large language model's knowledge into a small NER pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
