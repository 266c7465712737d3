"""Samples of one prompt: each is a view, and their vote is the view that the prompt is known by."""

from collections import Counter
from collections.abc import Sequence

from spacy.tokens import Doc

from ...corpus.provenance import REJECTED
from ..reading.alignment import REASONS, Alignment, Found
from ..reading.negatives import keep_rejected
from ..reading.view import Reading, keep_view
from .ballots import SAMPLE, declare
from .election import Ballot, Election, Verdict


def label_by_samples(doc: Doc, view: str, readings: Sequence[Reading], election: Election) -> None:
    """Let the samples of a prompt vote on a document's entities.

    The samples are kept as the views "cot/1", "cot/2", …, their vote as "cot", for which candidates and
    drops are summed. A sample without a usable answer is silent.

    doc (Doc): The document.
    view (str): Name of the view.
    readings (Sequence[Reading]): What was read from each sample.
    election (Election): How they are combined.
    """
    for number, reading in enumerate(readings, 1):
        keep_view(doc, f"{view}{SAMPLE}{number}", reading)
    ballots = {f"{view}{SAMPLE}{n}": _ballot(reading) for n, reading in enumerate(readings, 1)}
    verdict = election.hold(list(ballots.values()), len(doc))
    keep_view(doc, view, _together(readings, verdict, len(doc)))
    keep_rejected(doc, doc.spans[REJECTED])
    declare(doc, verdict, election, ballots)


def _ballot(reading: Reading) -> Ballot | None:
    if not reading.ok:
        return None
    spans = frozenset((entity.start, entity.end, entity.label) for entity in reading.alignment.entities)
    return Ballot(spans, frozenset(reading.alignment.unknown))


def _together(readings: Sequence[Reading], verdict: Verdict, length: int) -> Reading:
    together = Alignment(
        entities=[Found(start, end, label, "") for start, end, label in verdict.entities],
        unknown=set(verdict.missing),
        candidates=sum(reading.alignment.candidates for reading in readings),
        dropped={name: sum(reading.alignment.dropped[name] for reading in readings) for name in REASONS},
    )
    failures = Counter(reading.facts["state"] for reading in readings if not reading.ok)
    labelled = len(verdict.missing) < length
    state = "ok" if labelled or not failures else failures.most_common(1)[0][0]
    return Reading(together, {**readings[0].facts, "state": state, "samples": len(readings)})
