"""Which gold document belongs to which document of a corpus."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from spacy.tokens import Doc

from .provenance import doc_id
from .text import normalise


def match_gold(docs: Sequence[Doc], gold: Iterable[Doc]) -> list[tuple[int, Doc]]:
    """Find each document's gold: by record id if the text agrees, else by text.

    A text that occurs several times is matched in order; the last of too few is used again.

    docs: the distilled corpus.
    gold: documents with the right annotation.
    RETURNS: position in the distilled corpus and its gold document.
    """
    by_id: dict[tuple[str, str], Doc] = {}
    by_text: dict[str, list[Doc]] = defaultdict(list)
    for doc in gold:
        text = normalise(doc.text)
        by_text[text].append(doc)
        if (id := doc_id(doc)) is not None:
            by_id[id, text] = doc
    pairs = []
    for i, doc in enumerate(docs):
        text = normalise(doc.text)
        found = by_id.get((doc_id(doc) or "", text))
        if found is None and (same := by_text.get(text)):
            found = same.pop(0) if len(same) > 1 else same[0]
        if found is not None:
            pairs.append((i, found))
    return pairs
