"""Several `spacy distill` commands in one process, in which spaCy and torch, seconds each time, load once.

python scripts/distill.py "import a.jsonl a.spacy --format jsonl" "import b.jsonl b.spacy --format jsonl"
"""

import shlex
import sys

import typer

from spacy_distill.cli import app


def main(commands: list[str]) -> int:
    """Run commands in their order, until one fails.

    commands: What would stand behind `python -m spacy distill` in a shell.
    RETURNS: The status to exit with: that of the command that failed, or 0.
    """
    for command in commands:
        typer.secho(f"\nspacy distill {command}", bold=True)
        try:
            app(shlex.split(command), prog_name="python -m spacy distill")
        except SystemExit as end:
            if end.code:
                return int(end.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
