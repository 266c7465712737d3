"""Votes of several views on the items of a document."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from spacy.tokens import Doc, Span, SpanGroup

from ..corpus.provenance import VIEW_PREFIX, VOTES, record, views
from ..errors import DistillError

Rule = Literal["majority", "union", "intersection", "threshold"]
Disputed = Literal["missing", "O", "majority"]
Place = tuple[int, int, str]  # First token, the token after the last one, label.


class Ballot(NamedTuple):
    """What one view says of a text.

    spans: Its entities; they do not overlap.
    unknown: Tokens that it says nothing of.
    """

    spans: frozenset[Place]
    unknown: frozenset[int] = frozenset()


class Verdict(NamedTuple):
    """What the views say together.

    entities: In text order, without overlaps.
    missing: Tokens that are neither an entity nor "O".
    shares: For every span of any view, the share of the views that hold it, in (0, 1].
    """

    entities: tuple[Place, ...]
    missing: frozenset[int]
    shares: dict[Place, float]


@dataclass(frozen=True)
class Election:
    """How views are combined.

    rule: How many views must hold a span: "majority" (more than half of them), "union" (one),
        "intersection" (all) or "threshold" (a number).
    threshold: That number, for the rule "threshold" alone.
    disputed: What becomes of tokens that a view puts into a span that the rule does not choose:
        "missing", "O", or what more than half of the views say of them ("majority"; missing where no
        majority says anything).
    RAISES DistillError: If the arguments contradict each other.
    """

    rule: Rule = "majority"
    disputed: Disputed = "missing"
    threshold: int | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("rule", self.rule, Rule), ("disputed", self.disputed, Disputed)):
            if value not in get_args(allowed):
                raise DistillError(f"`{name}` is {value!r}. Allowed are {', '.join(get_args(allowed))}.")
        if (self.rule == "threshold") != (self.threshold is not None):
            raise DistillError(
                f"`rule` is {self.rule!r} and `threshold` is {self.threshold}. "
                'The rule "threshold" needs a number of views, and no other rule takes one.'
            )
        if self.threshold is not None and self.threshold < 1:
            raise DistillError(f"`threshold` is {self.threshold}. It is a number of views: give 1 or more.")

    def needed(self, views: int) -> int:
        """How many of some views must hold a span.

        RAISES DistillError: If a threshold is higher than the number of views.
        """
        if self.threshold is not None and self.threshold > views:
            raise DistillError(f"`threshold` is {self.threshold}, and there are only {views} views to vote.")
        of = {"majority": views // 2 + 1, "union": 1, "intersection": views}
        return of.get(self.rule, self.threshold or 1)

    def hold(self, ballots: Sequence[Ballot | None], length: int) -> Verdict:
        """Vote on the spans of one text.

        A span is an entity if enough views hold just it, with its label; of two such that overlap the one
        with more votes wins, then the longer, then the earlier. A token that no view puts into any other
        span is "O" if as many views say so. A view without a usable answer is asked for its vote all the
        same and gives none.

        ballots: One for each view; None for a view without a usable answer.
        length: Number of tokens.
        RETURNS: The entities, the tokens left missing, and the shares of votes.
        """
        cast = [ballot for ballot in ballots if ballot is not None]
        votes = Counter(span for ballot in cast for span in ballot.spans)
        half = len(ballots) // 2 + 1
        chosen = _choose(votes, self.needed(len(ballots)), {})
        if self.disputed == "majority":
            chosen = _choose(votes, half, chosen)
        outside = Counter(i for ballot in cast for i in _outside(ballot, length))
        claimed = {i for start, end, _ in votes for i in range(start, end)}
        # How many views must say "O" of a token, where some view claims it and where none does.
        for_claimed: float = {"missing": math.inf, "O": 0, "majority": half}[self.disputed]
        for_free = self.needed(len(ballots))
        missing = (i for i in range(length) if outside[i] < (for_claimed if i in claimed else for_free))
        return Verdict(
            tuple(sorted(set(chosen.values()))),
            frozenset(missing) - chosen.keys(),
            {span: votes[span] / len(ballots) for span in sorted(votes)},
        )


def _choose(votes: Counter[Place], needed: int, chosen: dict[int, Place]) -> dict[int, Place]:
    """Choose spans with enough votes, none over a token that is taken; by token."""
    enough = [span for span, count in votes.items() if count >= needed]
    for span in sorted(enough, key=lambda s: (-votes[s], s[0] - s[1], s)):
        if not any(i in chosen for i in range(span[0], span[1])):
            chosen.update(dict.fromkeys(range(span[0], span[1]), span))
    return chosen


def _outside(ballot: Ballot, length: int) -> list[int]:
    inside = {i for start, end, _ in ballot.spans for i in range(start, end)}
    return [i for i in range(length) if i not in inside and i not in ballot.unknown]


SAMPLE = "/"  # Between the name of a view and the number of a sample: "cot/2".


def voters(docs: Iterable[Doc], name: str) -> list[str]:
    """The views of a corpus that have a vote.

    Samples of one prompt are represented by their view, unless a single view is all there is: then they vote.

    docs: The documents.
    name: What to call the view of a corpus that has no record of any.
    RETURNS: Names of views, sorted.
    """
    names = {view for doc in docs for view in views(doc)}
    parties = sorted(view for view in names if SAMPLE not in view)
    samples = sorted(names.difference(parties))
    return samples if samples and len(parties) == 1 else parties or [name]


def ballots_of(doc: Doc, names: Sequence[str]) -> dict[str, Ballot | None]:
    """The ballots of one document.

    A document with one voter votes with its entities, so that what was masked or mended by hand counts; one
    with several with each of their views.

    doc: The document.
    names: The views that vote.
    RETURNS: By name; None for a view without a usable answer.
    """
    if len(names) == 1:
        return {names[0]: _from_entities(doc)}
    return {view: _from_view(doc, view) for view in names}


def _from_entities(doc: Doc) -> Ballot | None:
    if not doc.has_annotation("ENT_IOB") or not len(doc):
        return None
    spans = frozenset((ent.start, ent.end, ent.label_) for ent in doc.ents)
    return Ballot(spans, frozenset(token.i for token in doc if token.ent_iob == 0))


def _from_view(doc: Doc, view: str) -> Ballot | None:
    facts = views(doc).get(view)
    if facts is None or facts.get("state", "ok") != "ok":
        return None
    spans = frozenset((span.start, span.end, span.label_) for span in doc.spans.get(VIEW_PREFIX + view, []))
    return Ballot(spans, frozenset(facts.get("unknown", ())))


def declare(doc: Doc, verdict: Verdict, election: Election, ballots: Mapping[str, Ballot | None]) -> None:
    """Make a vote's outcome the document's annotation, and keep the shares of votes.

    A document of which nothing is known is wholly missing, as one that was never labelled.

    doc: The document.
    verdict: What the views say together.
    election: How they were combined.
    ballots: The views that were asked.
    """
    entities = [Span(doc, *place) for place in verdict.entities]
    missing = [doc[i : i + 1] for i in sorted(verdict.missing)]
    doc.set_ents(entities, missing=missing, default="outside")
    spans = [Span(doc, *place) for place in verdict.shares]
    doc.spans[VOTES] = SpanGroup(
        doc, name=VOTES, spans=spans, attrs={"scores": list(verdict.shares.values())}
    )
    record(doc)["vote"] = {
        "rule": election.rule,
        "threshold": election.threshold,
        "disputed": election.disputed,
        "views": tuple(ballots),
        "silent": tuple(name for name, ballot in ballots.items() if ballot is None),
    }


class Tally:
    """What voting did to a corpus.

    documents: How many documents.
    unlabelled: How many of them are wholly missing.
    tokens, missing (int): How many tokens, and how many of them are missing.
    held: Entities by view and label.
    kept: Entities of the outcome by label.
    negatives: Negative spans made of rejected candidates.
    """

    def __init__(self) -> None:
        self.documents = self.unlabelled = self.tokens = self.missing = self.negatives = 0
        self.held: dict[str, Counter[str]] = {}
        self.kept: Counter[str] = Counter()

    def add(self, ballots: Mapping[str, Ballot | None], verdict: Verdict, length: int) -> None:
        self.documents += 1
        self.unlabelled += len(verdict.missing) == length
        self.tokens += length
        self.missing += len(verdict.missing)
        self.kept.update(label for _, _, label in verdict.entities)
        for name, ballot in ballots.items():
            counted = self.held.setdefault(name, Counter())
            counted.update(label for _, _, label in (ballot.spans if ballot else ()))
