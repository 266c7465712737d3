"""What labels are worth where they were kept: missing tokens count neither for nor against."""

from collections.abc import Iterable
from typing import NamedTuple

from spacy.tokens import Doc, Span

from ...corpus.scores import Counts, add_counts, count_spans

MISSING = 0  # `token.ent_iob` of a missing token.


class Quality(NamedTuple):
    """Labels against gold.

    counts (dict[str, Counts]): Entities by label, over the tokens that were kept.
    tokens (int): Tokens that gold knows.
    missing (int): How many of them the labels leave missing.
    wrong (int): How many of the others are labelled wrong, be it the border or the label.
    """

    counts: dict[str, Counts]
    tokens: int
    missing: int
    wrong: int

    @property
    def share_missing(self) -> float:
        """Share of the tokens that is missing, in [0, 1]."""
        return self.missing / self.tokens if self.tokens else 0.0

    @property
    def error_rate(self) -> float:
        """Share of the kept tokens that is wrong, in [0, 1]."""
        kept = self.tokens - self.missing
        return self.wrong / kept if kept else 0.0


def quality(pairs: Iterable[tuple[Doc, Doc]]) -> Quality:
    """Compare labels with gold where the labels were kept.

    A gold entity that touches a missing token need not be found, but what the labels make of the rest of it
    is wrong all the same. A labelled entity that touches a token of which gold knows nothing is left out.

    pairs (Iterable[tuple[Doc, Doc]]): Gold and labelled documents with the same tokens.
    RETURNS (Quality): Counts over all pairs.
    """
    counts: list[dict[str, Counts]] = []
    tokens = missing = wrong = 0
    for gold, labelled in pairs:
        counts.append(count_spans(_known_by(gold, labelled), labelled))
        for one, other in zip(tags(gold), tags(labelled), strict=True):
            tokens += one is not None
            missing += one is not None and other is None
            wrong += one is not None and other is not None and one != other
    return Quality(add_counts(counts), tokens, missing, wrong)


def tags(doc: Doc) -> list[str | None]:
    """The label of each token with its place in the entity ("B-LOC", "I-LOC", "O"); None if it is missing."""
    return [
        None if t.ent_iob == MISSING else f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc
    ]


def _known_by(gold: Doc, labelled: Doc) -> Doc:
    """Gold, with missing what the labels leave missing."""
    hidden = {token.i for doc in (gold, labelled) for token in doc if token.ent_iob == MISSING}
    known = [ent for ent in gold.ents if hidden.isdisjoint(range(ent.start, ent.end))]
    made = Doc(gold.vocab, [t.text for t in gold], [bool(t.whitespace_) for t in gold])
    entities = [Span(made, ent.start, ent.end, ent.label_) for ent in known]
    made.set_ents(entities, missing=[made[i : i + 1] for i in sorted(hidden)], default="outside")
    return made
