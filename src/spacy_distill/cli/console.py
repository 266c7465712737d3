"""The command-line application, and how it says what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from wasabi.printer import Printer

app = typer.Typer(
    name="distill",
    help="Distil a large language model's knowledge into a small NER pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


msg = Printer()

# What a shell says of a program that Ctrl-C ended.
INTERRUPT_STATUS = 130

# Commands that take config overrides (--section.key value) keep unknown options for themselves.
OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}


@contextmanager
def shown_errors() -> Iterator[None]:
    """Print an expected error (bad input, bad config, a file that cannot be used) and exit with status 1.

    Anything else is a bug and keeps its traceback.
    """
    from click import ClickException
    from confection import ConfigValidationError

    try:
        yield
    except ClickException as error:
        # spaCy's reading of overrides: an option without a dot. Typer brings a click of its own.
        msg.fail(error.format_message(), "A value of the config is overridden as --section.key value.")
        raise typer.Exit(2) from None
    except ConfigValidationError as error:
        msg.fail("Config validation error", str(error).strip())
        raise typer.Exit(1) from None
    except UnicodeDecodeError as error:
        found = f"found the byte {error.object[error.start]:#04x} at position {error.start}"
        msg.fail(f"A file that was given is not text: expected UTF-8, {found}.")
        raise typer.Exit(1) from None
    except (ValueError, OSError) as error:
        msg.fail(str(error))
        raise typer.Exit(1) from None


@contextmanager
def resumable() -> Iterator[None]:
    """At Ctrl-C, end with the message that the same command goes on."""
    try:
        yield
    except KeyboardInterrupt:
        msg.fail("Interrupted. The same command goes on where this one ended.")
        raise typer.Exit(INTERRUPT_STATUS) from None


def duration(seconds: float) -> str:
    """Seconds in words: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
