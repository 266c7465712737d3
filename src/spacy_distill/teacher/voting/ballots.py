"""A document's views as ballots, and a vote's outcome as the document's annotation."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from spacy.tokens import Doc, Span, SpanGroup

from ...corpus.provenance import VIEW_PREFIX, VOTES, record, views
from .election import Ballot, Election, Verdict

SAMPLE = "/"  # Between the name of a view and the number of a sample: "cot/2".


def voters(docs: Iterable[Doc], name: str) -> list[str]:
    """The views of a corpus that have a vote.

    Samples of one prompt are represented by their view, unless a single view is all there is: then they vote.

    docs (Iterable[Doc]): The documents.
    name (str): What to call the view of a corpus that has no record of any.
    RETURNS (list[str]): Names of views, sorted.
    """
    names = {view for doc in docs for view in views(doc)}
    parties = sorted(view for view in names if SAMPLE not in view)
    samples = sorted(names.difference(parties))
    return samples if samples and len(parties) == 1 else parties or [name]


def ballots_of(doc: Doc, names: Sequence[str]) -> dict[str, Ballot | None]:
    """The ballots of one document.

    A document with one voter votes with its entities, so that what was masked or mended by hand counts; one
    with several with each of their views.

    doc (Doc): The document.
    names (Sequence[str]): The views that vote.
    RETURNS (dict[str, Optional[Ballot]]): By name; None for a view without a usable answer.
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

    doc (Doc): The document.
    verdict (Verdict): What the views say together.
    election (Election): How they were combined.
    ballots (Mapping[str, Optional[Ballot]]): The views that were asked.
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

    documents (int): How many documents.
    unlabelled (int): How many of them are wholly missing.
    tokens, missing (int): How many tokens, and how many of them are missing.
    held (dict[str, Counter[str]]): Entities by view and label.
    kept (Counter[str]): Entities of the outcome by label.
    negatives (int): Negative spans made of rejected candidates.
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
