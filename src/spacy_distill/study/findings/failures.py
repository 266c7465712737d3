"""Why a run failed, in a line: from the traceback that is kept of it."""

import itertools
import re

TRACEBACK = "Traceback (most recent call last):"
# Characters of a message that are shown; the log has the rest.
LONGEST = 300
# spaCy's number of an error, which tells what happened without the words that may quote a document.
CODE = re.compile(r"\[[EW]\d+\]")


def gist(error: str) -> str:
    """What went wrong: the exception that ended the run, and the beginning of its message."""
    said = " ".join(_last_words(error).split())
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def without_text(error: str) -> str:
    """What went wrong, without the message of an exception: it may quote the text of a document."""
    if TRACEBACK not in error:
        return gist(error)
    name, _, message = _last_words(error).partition(":")
    return " ".join([name.strip(), *CODE.findall(message)[:1]])


def _last_words(error: str) -> str:
    """The last exception of a traceback with its message; of other errors all."""
    if TRACEBACK not in error:
        return error
    lines = error.rpartition(TRACEBACK)[2].splitlines()
    # Its frames are indented.
    frames = itertools.takewhile(lambda line: not line or line[0].isspace(), lines)
    return "\n".join(lines[len(list(frames)) :])
