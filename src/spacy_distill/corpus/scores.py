"""Strict entity scores: a span counts if its borders and its label are those of gold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.training import Alignment

# Label, first token, token after the last, in tokens of the gold document.
Key = tuple[str, int, int]


class Counts(NamedTuple):
    """True positives, false positives and false negatives. `a + b` adds them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: object) -> "Counts":
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)


class PRF(NamedTuple):
    """Precision, recall and F1, each in [0, 1]; 0.0 where undefined."""

    p: float
    r: float
    f: float


def count_spans(gold: Doc, predicted: Doc) -> dict[str, Counts]:
    """Compare the entities of one document with gold, as spaCy's scorer does.

    A predicted span that touches a token whose gold annotation is missing is neither right nor wrong; a gold
    document without any annotation counts nothing. The documents may be tokenised differently.

    gold (Doc): The document with the right entities.
    predicted (Doc): The same text with the entities to judge. Its missing tokens hold no entity.
    RETURNS (dict[str, Counts]): Counts by label, for the labels that occur in either document.
    RAISES (ValueError): If the two documents are not the same text.
    """
    if not gold.has_annotation("ENT_IOB"):
        return {}
    expected = {(ent.label_, ent.start, ent.end) for ent in gold.ents}
    found = set(_judged(gold, predicted))
    counts: dict[str, Counts] = defaultdict(Counts)
    for key in sorted(expected | found):
        counts[key[0]] += Counts(key in expected and key in found, key not in expected, key not in found)
    return dict(counts)


def prf(counts: Counts) -> PRF:
    """Precision, recall and F1 of counts."""
    p = counts.tp / (counts.tp + counts.fp) if counts.tp else 0.0
    r = counts.tp / (counts.tp + counts.fn) if counts.tp else 0.0
    f = 2 * counts.tp / (2 * counts.tp + counts.fp + counts.fn) if counts.tp else 0.0
    return PRF(p, r, f)


def add_counts(per_doc: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The sum of several documents' counts by label, labels sorted."""
    total: dict[str, Counts] = defaultdict(Counts)
    for counts in per_doc:
        for label, count in counts.items():
            total[label] += count
    return dict(sorted(total.items()))


def micro(counts: Mapping[str, Counts]) -> Counts:
    """The sum of the counts of all labels; `prf` of it is the micro average."""
    return sum(counts.values(), Counts())


def macro_f(counts: Mapping[str, Counts]) -> float:
    """The mean F1 of the labels that occur in gold or in the predictions; 0.0 if none does."""
    values = [prf(count).f for count in counts.values() if any(count)]
    return sum(values) / len(values) if values else 0.0


def _judged(gold: Doc, predicted: Doc) -> Iterable[Key]:
    """Predicted entities in gold's tokens, without those over missing gold tokens."""
    same = [token.orth for token in gold] == [token.orth for token in predicted]
    x2y = None if same else Alignment.from_strings(_words(predicted), _words(gold)).x2y
    for ent in predicted.ents:
        start, end = ent.start, ent.end
        if x2y is not None:
            aligned = x2y[start:end]
            if not len(aligned):
                continue
            start, end = int(aligned[0]), int(aligned[-1]) + 1
        if all(token.ent_iob != 0 for token in gold[start:end]):
            yield ent.label_, start, end


def _words(doc: Doc) -> list[str]:
    return [token.text for token in doc]
