"""Entities as annotation: a place is a token, an item is an entity."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE  # type: ignore[import-not-found]
from spacy.strings import StringStore
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Alignment

from ...corpus.provenance import VIEW_PREFIX, views
from ...errors import DistillError
from ..base import Annotation, Holding, Item, Task

MISSING = 0  # `token.ent_iob` of a missing token.


class EntityTask(Task):
    """Named entities, as spaCy's `ner` predicts them: spans of tokens that do not overlap."""

    name: ClassVar[str] = "ner"
    factories: ClassVar[tuple[str, ...]] = ("ner", "beam_ner")
    kinds: ClassVar[Mapping[str, str]] = {
        "type": "wrong label",
        "boundary": "wrong borders",
        "both": "wrong label and borders",
        "missed": "not found",
        "spurious": "not an entity",
    }

    def size(self, doc: Doc) -> int:
        return len(doc)

    def read(self, doc: Doc) -> Annotation:
        missing = np.flatnonzero(doc.to_array("ENT_IOB") == MISSING)
        items = tuple(Item(ent.start, ent.end, ent.label_) for ent in doc.ents)
        return Annotation(len(doc), items, frozenset(missing.tolist()))

    def write(self, doc: Doc, annotation: Annotation) -> None:
        missing = [doc[i : i + 1] for i in sorted(annotation.missing)]
        doc.set_ents([Span(doc, *item) for item in annotation.items], missing=missing, default="outside")

    def read_view(self, doc: Doc, view: str) -> Annotation:
        group = VIEW_PREFIX + view
        facts = views(doc).get(view, {"state": "ok" if group in doc.spans else "absent"})
        if facts.get("state", "ok") != "ok":
            return Annotation.unknown(len(doc))
        items = sorted(Item(span.start, span.end, span.label_) for span in doc.spans.get(group, ()))
        return Annotation(len(doc), tuple(items), frozenset(facts.get("unknown", ())))

    def write_view(self, doc: Doc, view: str, annotation: Annotation, facts: Mapping[str, Any] = {}) -> None:
        doc.spans[VIEW_PREFIX + view] = [Span(doc, *item) for item in annotation.items]
        views(doc)[view] = {**facts, "unknown": tuple(sorted(annotation.missing))}

    def characters(self, doc: Doc, item: Item) -> tuple[int, int]:
        last = doc[item.end - 1]
        return doc[item.start].idx, last.idx + len(last)

    def from_characters(self, doc: Doc, spans: Iterable[tuple[int, int, str]]) -> Annotation:
        starts = np.array([token.idx for token in doc], dtype=int)
        ends = starts + np.array([len(token) for token in doc], dtype=int)
        items = set()
        for start, end, label in spans:
            first, after = int(np.searchsorted(ends, start, "right")), int(np.searchsorted(starts, end))
            if first < after:
                items.add(Item(first, after, label))
        return Annotation(len(doc), tuple(sorted(items)))

    def project(self, annotation: Annotation, source: Doc, target: Doc) -> Annotation:
        if np.array_equal(source.to_array("ORTH"), target.to_array("ORTH")):
            return annotation
        words, others = [token.text for token in source], [token.text for token in target]
        try:
            aligned = Alignment.from_strings(words, others).x2y
        except ValueError as error:
            raise DistillError(f"{source.text[:60]!r}: {error}") from error
        tokens = [[int(i) for i in aligned[n]] for n in range(len(words))]
        items = set()
        for start, end, label in annotation.items:
            inner = [i for indices in tokens[start:end] for i in indices]
            if inner:
                items.add(Item(inner[0], inner[-1] + 1, label))
        held = {i for item in items for i in range(item.start, item.end)}
        missing = frozenset(i for n in annotation.missing for i in tokens[n]) - held
        return Annotation(len(target), tuple(sorted(items)), missing)

    def holdings(self, docbin: DocBin) -> Iterator[Holding]:
        """As of any task, from the shard's arrays: no document is made."""
        strings = StringStore(docbin.strings)
        iob = docbin.attrs.index(ENT_IOB) if ENT_IOB in docbin.attrs else None
        kind = docbin.attrs.index(ENT_TYPE) if ENT_TYPE in docbin.attrs else None
        for tokens in docbin.tokens:
            if iob is None or not tokens[:, iob].any():
                yield Holding(len(tokens), None)
            else:
                column = tokens[:, kind] if kind is not None else tokens[:0, 0]
                names = (str(strings[int(label)]) for label in column[np.nonzero(column)])
                yield Holding(len(tokens), Counter(names))

    def label_data(self, labels: Counter[str]) -> dict[str, dict[str, int]]:
        """Label data of spaCy's `ner`: label counts by action.

        The actions are missing, begin, in, last, unit, out. The empty label is "not an entity".
        """
        counts = dict(labels.most_common())
        return {"0": {}, "1": counts, "2": counts, "3": counts, "4": {**counts, "": 1}, "5": {"": 1}}


NER = EntityTask()
