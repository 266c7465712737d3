"""Mask the tokens on which a student contradicts the teacher, and say what that was worth."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.leaks import match_gold
from ..corpus.provenance import doc_id, record
from ..corpus.scores import Counts, add_counts, count_spans
from ..errors import DistillError

MISSING = 0  # `token.ent_iob` of a missing token.


class Quality(NamedTuple):
    """Labels against gold.

    counts: Entities by label, over the tokens that were kept.
    tokens: Tokens that gold knows.
    missing: How many of them the labels leave missing.
    wrong: How many of the others are labelled wrong, be it the border or the label.
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

    pairs: Gold and labelled documents with the same tokens.
    RETURNS: Counts over all pairs.
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


JUDGE = "judge"


@dataclass
class Masked:
    """What was masked, and what it was worth.

    tokens: Tokens that had a label.
    masked: How many of them were masked.
    held: Entities of the teacher, by label.
    entities: Those of them that were masked.
    absences: Entities of the judge where the teacher says otherwise or "O", by label.
    wrong: How many of the masked entities gold does not have; None without gold.
    missed: How many of the judge's entities gold has; None without gold.
    before, after (Optional[Quality]): The labels against gold; None without gold.
    """

    tokens: int = 0
    masked: int = 0
    held: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    absences: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] | None = None
    missed: Counter[str] | None = None
    before: Quality | None = None
    after: Quality | None = None

    def hardly_left(self) -> list[str]:
        """Labels that lost more than half of their entities: the judge may be unable to judge them."""
        return [label for label, count in sorted(self.held.items()) if self.entities[label] > count / 2]


def mask(doc: Doc, judged: Doc, judge: str) -> tuple[Doc, list[Span], list[Span]]:
    """A document without the labels that a judge contradicts.

    A span that only one of the two has is a contradiction: all of its tokens become missing, the rest of the
    document stays as it is. Tokens that were missing stay so.

    doc: The document with the teacher's labels.
    judged: The same tokens with the judge's.
    judge: Who judged, for the record.
    RETURNS: The same document; the teacher's spans that were masked; the
        judge's spans because of which tokens were masked.
    """
    held = {(ent.start, ent.end, ent.label_): ent for ent in doc.ents}
    seen = {(ent.start, ent.end, ent.label_): ent for ent in judged.ents}
    known = {token.i for token in doc if token.ent_iob != 0}
    mine = [Span(doc, *place) for place in sorted(held.keys() - seen.keys())]
    others = [place for place in sorted(seen.keys() - held.keys()) if known.issuperset(range(*place[:2]))]
    theirs = [Span(judged, *place) for place in others]
    hidden = {i for span in (*mine, *theirs) for i in range(span.start, span.end)}
    kept = [held[place] for place in held.keys() & seen.keys()]
    if len(known) > len(hidden):
        missing = set(range(len(doc))) - known | hidden
        doc.set_ents(kept, missing=[doc[i : i + 1] for i in sorted(missing)], default="outside")
    elif known:
        doc.set_ents([], default="missing")
    doc.spans[JUDGE] = [Span(doc, ent.start, ent.end, ent.label_) for ent in judged.ents]
    record(doc)["clean"] = {"judge": judge, "masked": tuple(sorted(hidden))}
    return doc, mine, theirs


def clean(
    docs: Sequence[Doc],
    verdicts: Iterable[tuple[int, Doc]],
    judge: str,
    gold: Mapping[int, Doc] | None = None,
) -> Masked:
    """Mask what a judge contradicts, in place, and count what was masked.

    docs: The documents with the teacher's labels.
    verdicts: Number of a document and the judge's view of it.
    judge: Who judges, for the record.
    gold: Gold by number of the document, to see what the masked labels were;
        documents that it lacks are not counted there.
    RETURNS: What was masked.
    RAISES DistillError: If no token has a label, or a document and its gold have other tokens.
    """
    found = Masked(tokens=sum(token.ent_iob != 0 for doc in docs for token in doc))
    if not found.tokens:
        raise DistillError(f"None of the {len(docs)} documents has a label: there is nothing to clean.")
    found.held.update(ent.label_ for doc in docs for ent in doc.ents)
    if gold is not None:
        found.wrong, found.missed = Counter(), Counter()
        found.before = quality(_pairs(docs, gold))
    for number, judged in list(verdicts):  # All are judged by students of labels that nothing was masked of.
        doc, mine, theirs = mask(docs[number], judged, judge)
        found.masked += len(record(doc)["clean"]["masked"])
        found.entities.update(span.label_ for span in mine)
        found.absences.update(span.label_ for span in theirs)
        right = gold.get(number) if gold is not None else None
        if right is not None and found.wrong is not None and found.missed is not None:
            real = {(ent.start, ent.end, ent.label_) for ent in right.ents}
            found.wrong.update(s.label_ for s in mine if (s.start, s.end, s.label_) not in real)
            found.missed.update(s.label_ for s in theirs if (s.start, s.end, s.label_) in real)
    if gold is not None:
        found.after = quality(_pairs(docs, gold))
    return found


def read_gold(path: Path, docs: Sequence[Doc], vocab: Vocab) -> dict[int, Doc]:
    """Gold documents by the number of the document that they belong to.

    RAISES DistillError: If the file cannot be read, or holds gold of none of the documents.
    """
    found = dict(match_gold(docs, read_docs(path, vocab)))
    if not found:
        raise DistillError(f"{path} holds the gold labels of none of the documents: their texts are others.")
    return found


def _pairs(docs: Sequence[Doc], gold: Mapping[int, Doc]) -> Iterator[tuple[Doc, Doc]]:
    for number, right in gold.items():
        doc = docs[number]
        if [token.text for token in right] != [token.text for token in doc]:
            name = doc_id(doc) or doc.text[:60]
            raise DistillError(f"The document {name!r} has other tokens in gold.")
        if doc.has_annotation("ENT_IOB"):
            yield right, doc
