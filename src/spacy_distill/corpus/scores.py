"""Strict entity scores: a span counts if its borders and its label are those of gold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
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
    return count_keys(*span_keys(gold, predicted))


def span_keys(gold: Doc, predicted: Doc) -> tuple[set[Key], set[Key]]:
    """The entities of one document that are to be compared, in gold's tokens: see `count_spans`.

    RETURNS (tuple[set[Key], set[Key]]): Those of gold and those predicted; none if gold has no annotation.
    """
    if not gold.has_annotation("ENT_IOB"):
        return set(), set()
    expected = {(ent.label_, ent.start, ent.end) for ent in gold.ents}
    found = judged(gold, predicted, [(ent.label_, ent.start, ent.end) for ent in predicted.ents])
    return expected, set(found)


def count_keys(expected: set[Key], found: set[Key]) -> dict[str, Counts]:
    """Counts by label of the right entities and those found."""
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


def judged(gold: Doc, predicted: Doc, spans: Iterable[Key]) -> Iterator[Key]:
    """The predicted spans that gold can judge, in gold's tokens.

    gold (Doc): The document with the right entities.
    predicted (Doc): The document whose tokens the spans count.
    spans (Iterable[Key]): Label, first token, token after the last.
    YIELDS (Key): Each span, except those that touch a token whose gold annotation is missing.
    RAISES (ValueError): If the two documents are not the same text.
    """
    tokens = token_map(predicted, gold)
    for label, start, end in spans:
        aligned = tokens[start:end] if tokens else [[start], [end - 1]]
        inner = [i for indices in aligned for i in indices]
        if inner and all(token.ent_iob != 0 for token in gold[inner[0] : inner[-1] + 1]):
            yield label, inner[0], inner[-1] + 1


def token_map(source: Doc, target: Doc) -> list[list[int]]:
    """For each token of a document the tokens of the other that it overlaps; [] if both have the same tokens.

    RAISES (ValueError): If the two documents are not the same text.
    """
    if np.array_equal(source.to_array("ORTH"), target.to_array("ORTH")):
        return []
    words, others = [token.text for token in source], [token.text for token in target]
    aligned = Alignment.from_strings(words, others).x2y
    return [[int(i) for i in aligned[n]] for n in range(len(words))]
