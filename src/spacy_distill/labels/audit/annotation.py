"""One annotation of a document: its chosen labels or a teacher's view, and the tokens it leaves open."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from ...corpus.provenance import VIEW_PREFIX, article_id, views
from ...corpus.scores import Key, judged, token_map
from ...tasks.ner.errors import Pairing, pair_spans

# The name of the document's own entities, beside those of the views.
CHOSEN = "labels"


@dataclass(frozen=True)
class Annotation:
    """The entities of one annotation.

    name: "labels" for the document's own entities, else the view's name.
    spans: Label, first token, token after the last.
    open: Tokens of which it says nothing, neither entity nor "O".
    usable: Whether it says anything.
    """

    name: str
    spans: tuple[Key, ...]
    open: frozenset[int]
    usable: bool = True


def annotation(doc: Doc, name: str) -> Annotation:
    """Read an annotation by its name.

    doc: The document.
    name: "labels", or a view's name.
    RETURNS: In the document's tokens. An unusable answer says nothing of any token.
    """
    if name == CHOSEN:
        spans = tuple((ent.label_, ent.start, ent.end) for ent in doc.ents)
        unset = doc.to_array("ENT_IOB") == 0
        open_ = frozenset(np.flatnonzero(unset).tolist())
        return Annotation(name, spans, open_, usable=not unset.all())
    if view_state(doc, name) != "ok":
        return Annotation(name, (), frozenset(range(len(doc))), usable=False)
    group = doc.spans.get(VIEW_PREFIX + name, ())
    spans = tuple(sorted(((span.label_, span.start, span.end) for span in group), key=lambda key: key[1:]))
    return Annotation(name, spans, frozenset(views(doc).get(name, {}).get("unknown", ())))


def view_state(doc: Doc, name: str) -> str:
    """The state of a view's answer: "ok" for a view made by other means, "absent" if there is none."""
    record = views(doc).get(name)
    if record is None:
        return "ok" if VIEW_PREFIX + name in doc.spans else "absent"
    state: str = record.get("state", "ok")
    return state


def view_names(docs: Iterable[Doc]) -> list[str]:
    """The names of all views, in the order in which they first occur."""
    names: dict[str, None] = {}
    for doc in docs:
        names.update(dict.fromkeys(views(doc)))
        groups = (name for name in doc.spans if name.startswith(VIEW_PREFIX))
        names.update(dict.fromkeys(name.removeprefix(VIEW_PREFIX) for name in groups))
    return list(names)


def annotation_names(docs: list[Doc]) -> list[str]:
    """What there is to compare: the views, and the chosen labels where they are not the only view's.

    docs: The distilled corpus.
    RETURNS: Names of views, then "labels".
    """
    names = view_names(docs)
    alone = len(names) == 1 and all(
        annotation(doc, names[0]).spans == annotation(doc, CHOSEN).spans for doc in docs
    )
    return [CHOSEN] if alone else [*names, CHOSEN]


def in_tokens_of(gold: Doc, doc: Doc, own: Annotation) -> Annotation:
    """An annotation in gold's tokens, without the spans that touch missing gold tokens.

    RAISES ValueError: If the two documents are not the same text.
    """
    tokens = token_map(doc, gold)
    open_ = frozenset(i for n in own.open for i in tokens[n]) if tokens else own.open
    return Annotation(own.name, tuple(judged(gold, doc, own.spans)), open_, own.usable)


@dataclass(frozen=True)
class Judged:
    """One document's pairings, with the gold document whose tokens they count."""

    gold: Doc
    article: str | None
    usable: bool
    pairs: list[Pairing]


def judge(gold: Doc, doc: Doc, name: str) -> Judged:
    """Pair the entities of an annotation with gold's.

    gold: The document with the right entities.
    doc: The distilled document.
    name: "labels", or a view's name.
    RETURNS: The pairings.
    RAISES ValueError: If the two documents are not the same text.
    """
    said = in_tokens_of(gold, doc, annotation(doc, name))
    expected: list[Key] = [(ent.label_, ent.start, ent.end) for ent in gold.ents]
    pairs = pair_spans(expected, said.spans, said.open)
    return Judged(gold, article_id(doc) or article_id(gold), said.usable, pairs)
