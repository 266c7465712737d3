"""What a reader left out or could not use, so that nothing is lost silently."""

from dataclasses import dataclass, field


@dataclass
class Found:
    """Counters that a reader fills while it reads.

    empty (int): Rows, lines or files without text.
    rejected (int): Rows that an annotator rejected or passed over (`answer` is "reject" or "ignore").
    misfits (list[str]): Spans that do not fit token borders, each with file and line; their tokens became
        missing, neither entity nor "O".
    """

    empty: int = 0
    rejected: int = 0
    misfits: list[str] = field(default_factory=list)
