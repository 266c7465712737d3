"""Small documents with gold, views and records."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_distill.corpus.provenance import set_origin, views

VOCAB = spacy.blank("en").vocab


@pytest.fixture
def vocab():
    return VOCAB


@pytest.fixture
def make():
    """Make a document: words, entities, missing tokens, views (name: entities, or a state)."""

    def make(text, ents=(), missing=(), id="a:1", teachers=None, labelled=True, **facts):
        words = text.split(" ")
        doc = Doc(VOCAB, words=words, spaces=[True] * (len(words) - 1) + [False])
        set_origin(doc, id=id, document=id.split(":")[0], source="made")
        if labelled:
            doc.set_ents([Span(doc, *ent) for ent in ents], missing=[doc[i : i + 1] for i in missing])
        for name, said in (teachers or {}).items():
            state = said if isinstance(said, str) else "ok"
            spans = [] if isinstance(said, str) else said
            doc.spans[f"teacher:{name}"] = [Span(doc, *span) for span in spans]
            views(doc)[name] = {"model": "m", "state": state, "source": None, "candidates": 3, **facts}
        return doc

    return make
