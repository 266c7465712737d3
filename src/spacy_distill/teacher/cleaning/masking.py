"""Mask the tokens on which a student contradicts the teacher."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...corpus.audit.matching import match_gold
from ...corpus.docbin import read_docs
from ...corpus.provenance import doc_id, record
from .kept import Quality, quality

JUDGE = "judge"


@dataclass
class Masked:
    """What was masked, and what it was worth.

    tokens (int): Tokens that had a label.
    masked (int): How many of them were masked.
    held (Counter[str]): Entities of the teacher, by label.
    entities (Counter[str]): Those of them that were masked.
    absences (Counter[str]): Entities of the judge where the teacher says otherwise or "O", by label.
    wrong (Optional[Counter[str]]): How many of the masked entities gold does not have; None without gold.
    missed (Optional[Counter[str]]): How many of the judge's entities gold has; None without gold.
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

    doc (Doc): The document with the teacher's labels.
    judged (Doc): The same tokens with the judge's.
    judge (str): Who judged, for the record.
    RETURNS (tuple[Doc, list[Span], list[Span]]): The same document; the teacher's spans that were masked; the
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

    docs (Sequence[Doc]): The documents with the teacher's labels.
    verdicts (Iterable[tuple[int, Doc]]): Number of a document and the judge's view of it.
    judge (str): Who judges, for the record.
    gold (Optional[Mapping[int, Doc]]): Gold by number of the document, to see what the masked labels were;
        documents that it lacks are not counted there.
    RETURNS (Masked): What was masked.
    RAISES (ValueError): If no token has a label, or a document and its gold have other tokens.
    """
    found = Masked(tokens=sum(token.ent_iob != 0 for doc in docs for token in doc))
    if not found.tokens:
        raise ValueError(f"None of the {len(docs)} documents has a label: there is nothing to clean.")
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

    RAISES (ValueError): If the file cannot be read, or holds gold of none of the documents.
    """
    found = dict(match_gold(docs, read_docs(path, vocab)))
    if not found:
        raise ValueError(f"{path} holds the gold labels of none of the documents: their texts are others.")
    return found


def _pairs(docs: Sequence[Doc], gold: Mapping[int, Doc]) -> Iterator[tuple[Doc, Doc]]:
    for number, right in gold.items():
        doc = docs[number]
        if [token.text for token in right] != [token.text for token in doc]:
            name = doc_id(doc) or doc.text[:60]
            raise ValueError(f"The document {name!r} has other tokens in gold.")
        if doc.has_annotation("ENT_IOB"):
            yield right, doc
