"""What all commands share: the printer, and errors shown as one message instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from wasabi.printer import Printer

msg = Printer()

# Commands that take config overrides (--section.key value) keep unknown options for themselves.
OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}


@contextmanager
def shown_errors() -> Iterator[None]:
    """Print an expected error (bad input, bad config, a file that cannot be used) and exit with status 1.

    Anything else is a bug and keeps its traceback.
    """
    from confection import ConfigValidationError

    try:
        yield
    except ConfigValidationError as error:
        msg.fail("Config validation error", str(error).strip())
        raise typer.Exit(1) from None
    except (ValueError, OSError) as error:
        msg.fail(str(error))
        raise typer.Exit(1) from None
