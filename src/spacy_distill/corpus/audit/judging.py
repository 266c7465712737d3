"""Gold and distilled document side by side."""

from dataclasses import dataclass

from spacy.tokens import Doc

from ..provenance import article_id
from ..scores import Key
from .annotation import annotation, in_tokens_of
from .pairing import Pairing, pair_spans


@dataclass(frozen=True)
class Judged:
    """One document's pairings, with the gold document whose tokens they count."""

    gold: Doc
    article: str | None
    usable: bool
    pairs: list[Pairing]


def judge(gold: Doc, doc: Doc, name: str) -> Judged:
    """Pair the entities of an annotation with gold's.

    gold (Doc): The document with the right entities.
    doc (Doc): The distilled document.
    name (str): "labels", or a view's name.
    RETURNS (Judged): The pairings.
    RAISES (ValueError): If the two documents are not the same text.
    """
    said = in_tokens_of(gold, doc, annotation(doc, name))
    expected: list[Key] = [(ent.label_, ent.start, ent.end) for ent in gold.ents]
    pairs = pair_spans(expected, said.spans, said.open)
    return Judged(gold, article_id(doc) or article_id(gold), said.usable, pairs)
