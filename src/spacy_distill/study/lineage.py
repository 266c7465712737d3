"""Where a student's errors come from, and why a run failed."""

from collections.abc import Iterable
from typing import NamedTuple

from spacy.tokens import Doc

# First character, character after the last, label.
Piece = tuple[int, int, str]
# First character, character after the last.
Place = tuple[int, int]


class Lineage(NamedTuple):
    """Errors of one label. An invented span is one that gold lacks, a missed one is one that only gold has.

    inherited_invented, inherited_missed (int): The student's errors that its teacher made as well.
    own_invented, own_missed (int): The student's errors that its teacher did not make.
    corrected_invented, corrected_missed (int): The teacher's errors that the student did not make.
    """

    inherited_invented: int = 0
    inherited_missed: int = 0
    own_invented: int = 0
    own_missed: int = 0
    corrected_invented: int = 0
    corrected_missed: int = 0

    @property
    def errors(self) -> int:
        """All errors of the student."""
        return self.inherited + self.own

    @property
    def inherited(self) -> int:
        """The student's errors that are its teacher's."""
        return self.inherited_invented + self.inherited_missed

    @property
    def own(self) -> int:
        """The student's errors that are not its teacher's."""
        return self.own_invented + self.own_missed

    @property
    def corrected(self) -> int:
        """The teacher's errors that the student did not repeat."""
        return self.corrected_invented + self.corrected_missed


class View(NamedTuple):
    """What someone says of one text.

    pieces: The entities.
    silent: Places of tokens of which nothing is said (missing annotation).
    words: Places of all tokens; empty if they are not known.
    """

    pieces: frozenset[Piece]
    silent: tuple[Place, ...] = ()
    words: tuple[Place, ...] = ()

    def in_words(self, piece: Piece) -> Piece:
        """A span as scores see it: in whole words of this text, whatever the tokens of who found it."""
        held = [word for word in self.words if word[0] < piece[1] and piece[0] < word[1]]
        return (held[0][0], held[-1][1], piece[2]) if held else piece


def view_of(doc: Doc) -> View | None:
    """The view that a document's annotation is, None if it has none."""
    if not doc.has_annotation("ENT_IOB"):
        return None
    entities = frozenset((ent.start_char, ent.end_char, ent.label_) for ent in doc.ents)
    words = tuple((token.idx, token.idx + len(token)) for token in doc)
    silent = tuple(word for word, token in zip(words, doc, strict=True) if token.ent_iob == 0)
    return View(entities, silent, words)


def trace(gold: View, teacher: View, student: Iterable[Piece]) -> dict[str, Lineage]:
    """Trace the errors in one text, label by label.

    Spans that touch a token whose gold label is missing are no errors. Where the teacher left tokens missing
    it said nothing: an entity that the student misses there is the student's own error. The student's errors
    are those that `count_spans` counts, also where the student's tokens are not gold's.

    gold: What is right.
    teacher: What the teacher says.
    student: The entities that the student finds.
    RETURNS: The errors by label.
    """
    right = gold.pieces
    theirs, ours = (
        {piece for piece in map(gold.in_words, found) if not _touches(piece, gold.silent)}
        for found in (teacher.pieces, student)
    )
    teacher_missed = {piece for piece in right if not _touches(piece, teacher.silent)} - theirs
    groups = (
        (ours - right) & theirs,
        (right - ours) & teacher_missed,
        ours - right - theirs,
        (right - ours) - teacher_missed,
        (theirs - right) - ours,
        teacher_missed & ours,
    )
    labels = sorted({piece[2] for group in groups for piece in group})
    return {label: Lineage(*(_count(group, label) for group in groups)) for label in labels}


def _touches(piece: Piece, places: Iterable[Place]) -> bool:
    return any(start < piece[1] and piece[0] < end for start, end in places)


def _count(group: Iterable[Piece], label: str) -> int:
    return sum(piece[2] == label for piece in group)
