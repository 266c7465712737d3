"""The command-line application: how a command is registered, and how it says what went wrong."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer
from wasabi.printer import Printer

from ..escapes import one_line, terminal

SHOWN = 10  # How many places of a problem are listed.

app = typer.Typer(
    name="distill",
    help="Distil a large language model's knowledge into a small spaCy pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class SafePrinter(Printer):
    """Prints what comes from outside without letting it control the terminal."""

    def text(self, title: Any = "", text: Any = "", *how: Any, **more: Any) -> Any:
        """Print a message."""
        return super().text(terminal(str(title)), terminal(str(text)), *how, **more)

    def table(self, data: Any, **how: Any) -> Any:
        """Print a table, each of whose cells stays on its line."""
        header = how.pop("header", None)
        rows = data.items() if isinstance(data, Mapping) else data
        cells = [[one_line(str(cell)) for cell in row] for row in rows]
        return super().table(cells, header=header and [one_line(str(name)) for name in header], **how)

    def listing(self, title: str, lines: Sequence[str]) -> None:
        """Print a warning, and the first of the places that it is of, each on its own line."""
        self.warn(title)
        for line in lines[:SHOWN]:
            self.text(one_line(line))
        if len(lines) > SHOWN:
            self.text(f"… and {len(lines) - SHOWN} more")


msg = SafePrinter()

# What a shell says of a program that Ctrl-C ended.
INTERRUPT_STATUS = 130
RESUMABLE = "Interrupted. The same command goes on where this one ended."
# Commands that take config overrides (--section.key value) keep unknown options for themselves.
OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}


def command(
    name: str, *, overrides: bool = False, interrupted: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command, with its expected errors shown as one line.

    name: what is typed.
    overrides: whether values of a config can be given: --section.key value.
    interrupted: what is said at Ctrl-C, with {argument} where one belongs; without it Ctrl-C is not caught.
    RETURNS: a decorator for the function that does the work.
    """

    def register(work: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(work)
        def run(**arguments: object) -> None:
            with shown_errors(arguments.values(), interrupted.format(**arguments)):
                work(**arguments)

        app.command(name, context_settings=OVERRIDES if overrides else None)(run)
        return run

    return register


@contextmanager
def shown_errors(arguments: Iterable[object] = (), interrupted: str = "") -> Iterator[None]:
    """Print an error that the user can correct, and exit with status 1. Any other keeps its traceback.

    arguments: the command's arguments. The system's error of a file is shown if they name the file.
    interrupted: what is said at Ctrl-C; without it Ctrl-C is not caught.
    """
    from click import ClickException
    from confection import ConfigValidationError

    from ..corpus.files import NO_ROOM
    from ..errors import DistillError

    try:
        yield
    except ClickException as error:
        # spaCy's reading of overrides: an option without a dot. Typer brings a click of its own.
        msg.fail(error.format_message(), "A value of the config is overridden as --section.key value.")
        raise typer.Exit(2) from None
    except ConfigValidationError as error:
        msg.fail("Config validation error", str(error).strip())
        raise typer.Exit(1) from None
    except DistillError as error:
        msg.fail(str(error))
        raise typer.Exit(1) from None
    except OSError as error:
        full = error.errno in NO_ROOM
        if not full and not _is_named(error.filename, arguments):
            raise
        # Where there is no room, the error often names no file.
        msg.fail(str(error), "Make room on the disk and run the same command again." if full else None)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        if not interrupted:
            raise
        msg.fail(interrupted)
        raise typer.Exit(INTERRUPT_STATUS) from None


def _is_named(place: object, arguments: Iterable[object]) -> bool:
    """Whether the user named a file: it, a folder it is in, or one that should have been made in it.

    place: the file, as an OSError has it.
    arguments: those of the command; what is in quotes in a config among them is named too.
    """
    if not isinstance(place, str | bytes):
        return False
    file = Path(place if isinstance(place, str) else place.decode(errors="replace")).absolute()
    named = {Path(word).absolute() for word in _words(arguments) if word}
    return any(file == one or one in file.parents or file in one.parents for one in named)


def _words(arguments: Iterable[object]) -> Iterator[str]:
    """What could be paths in the arguments of a command."""
    for argument in arguments:
        if isinstance(argument, list):
            yield from _words(argument)
        elif isinstance(overrides := getattr(argument, "args", None), list):
            # The context of a command that takes overrides.
            yield from _words(overrides)
        elif isinstance(argument, str | Path):
            text = str(argument)
            yield text
            if text.endswith(".cfg"):
                with suppress(OSError, UnicodeDecodeError):
                    text = Path(text).read_text(encoding="utf8")
            yield from re.findall(r'"([^"\n]*)"', text)


def duration(seconds: float) -> str:
    """Seconds in words: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
