"""Entities as annotation: a place is a token, an item is an entity; what a document keeps of an answer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE  # type: ignore[import-not-found]
from spacy.language import Language
from spacy.strings import StringStore
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Alignment as TokenAlignment

from ...corpus.provenance import NEGATIVE, REJECTED, VIEW_PREFIX, views
from ...errors import DistillError
from ..annotation import Annotation, DocCounts, Item, places_of
from ..base import Task
from ..project_parts import ProjectParts
from ..prompted import state_of_vote
from ..votes import SAMPLE, VoteResult, VoteRule
from .alignment import REASONS, Alignment, PlacedCandidate

MISSING = 0  # `token.ent_iob` of a missing token.
ENTITY_ATTRIBUTES = [ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID]
# Parses that are looked at for scores: wider beams took longer and told right from wrong no better.
BEAM = 16


class EntityTask(Task):
    """Named entities, as spaCy's `ner` predicts them: spans of tokens that do not overlap."""

    name: ClassVar[str] = "ner"
    factories: ClassVar[tuple[str, ...]] = ("ner", "beam_ner")
    items: ClassVar[str] = "entities"
    places: ClassVar[str] = "tokens"
    predicts: ClassVar[str] = "named entities"
    strict: ClassVar[str] = "Entities count as right only with exact borders and label."
    kinds: ClassVar[Mapping[str, str]] = {**Task.kinds, "spurious": "not an entity"}
    dropped: ClassVar[Mapping[str, str]] = {
        "invented": "not in the text",
        "unsearched": "not in the text, nor looked for in parts, as too much is named: all is missing",
        "misaligned": "only a part of a word",
        "unknown_label": "of an unknown label",
        "duplicate": "listed more often than it is in the text",
        "overlap": "overlapping another",
    }

    def size(self, doc: Doc) -> int:
        return len(doc)

    def read(self, doc: Doc) -> Annotation:
        missing = np.flatnonzero(doc.to_array("ENT_IOB") == MISSING)
        return Annotation(len(doc), tuple(_items(doc.ents)), frozenset(missing.tolist()))

    def write(self, doc: Doc, annotation: Annotation) -> None:
        missing = [doc[i : i + 1] for i in sorted(annotation.missing)]
        doc.set_ents(_spans(doc, annotation.items), missing=missing, default="outside")

    def view_names(self, doc: Doc) -> list[str]:
        groups = (name.removeprefix(VIEW_PREFIX) for name in doc.spans if name.startswith(VIEW_PREFIX))
        return list(dict.fromkeys((*views(doc), *groups)))

    def view_state(self, doc: Doc, view: str) -> str:
        if view not in views(doc) and VIEW_PREFIX + view in doc.spans:
            return "ok"
        return super().view_state(doc, view)

    def read_view(self, doc: Doc, view: str) -> Annotation:
        if self.view_state(doc, view) != "ok":
            return Annotation.unknown(len(doc))
        items = sorted(_items(doc.spans.get(VIEW_PREFIX + view, ())))
        return Annotation(len(doc), tuple(items), frozenset(views(doc).get(view, {}).get("unknown", ())))

    def write_view(self, doc: Doc, view: str, annotation: Annotation, facts: Mapping[str, Any] = {}) -> None:
        doc.spans[VIEW_PREFIX + view] = _spans(doc, annotation.items)
        views(doc)[view] = {**facts, "unknown": tuple(sorted(annotation.missing))}

    def copy_views(self, source: Doc, target: Doc, names: Mapping[str, str]) -> None:
        """As of any task, with the candidates that the views rejected."""
        super().copy_views(source, target, names)
        for old, new in names.items():
            if VIEW_PREFIX + old in source.spans:
                target.spans[VIEW_PREFIX + new] = _spans(target, _items(source.spans[VIEW_PREFIX + old]))
        rejected = *target.spans.get(REJECTED, ()), *source.spans.get(REJECTED, ())
        target.spans[REJECTED] = _spans(target, sorted(set(_items(rejected))))

    def keep_items(self, doc: Doc, name: str, items: Mapping[Item, float] | Iterable[Item]) -> None:
        """In a span group."""
        attrs = {"scores": list(items.values())} if isinstance(items, Mapping) else {}
        doc.spans[name] = SpanGroup(doc, name=name, spans=_spans(doc, items), attrs=attrs)

    def kept_items(self, doc: Doc, name: str) -> dict[Item, float]:
        group = doc.spans.get(name, ())
        items = [Item(span.start, span.end, span.label_) for span in group]
        scores = getattr(group, "attrs", {}).get("scores") or [1.0] * len(items)
        return dict(zip(items, map(float, scores), strict=True))

    def write_vote(
        self, doc: Doc, result: VoteResult, rule: VoteRule, views: Mapping[str, Annotation]
    ) -> None:
        """As of any task; a candidate that any view accepts is rejected no longer."""
        super().write_vote(doc, result, rule, views)
        accepted = _accepted(doc)
        rejected = {item for item in _items(doc.spans.get(REJECTED, ())) if item[:2] not in accepted}
        doc.spans[REJECTED] = _spans(doc, sorted(rejected))

    def set_negatives(self, doc: Doc, labels: Sequence[str]) -> int:
        """Make negative annotation of a document's rejected candidates, in `doc.spans["negative"]`.

        A training config uses it with `incorrect_spans_key = "negative"` in its `ner` component. A candidate
        becomes one negative span for the label that it was denied, or one for each label where the answer
        names none; only where all of its tokens are *missing* (over "O" or an entity it would add nothing, or
        contradict), and never if some view has the very span for an entity.

        labels: the labels that a candidate without one is denied.
        """
        accepted, missing = _accepted(doc), self.read(doc).missing
        found = {
            Item(start, end, name)
            for start, end, label in _items(doc.spans.get(REJECTED, ()))
            if (start, end) not in accepted and missing.issuperset(range(start, end))
            for name in ([label] if label else labels)
        }
        doc.spans[NEGATIVE] = _spans(doc, sorted(found))
        return len(found)

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
            aligned = TokenAlignment.from_strings(words, others).x2y
        except ValueError as error:
            raise DistillError(f"{source.text[:60]!r}: {error}") from error
        tokens = [[int(i) for i in aligned[n]] for n in range(len(words))]
        items = set()
        for start, end, label in annotation.items:
            inner = [i for indices in tokens[start:end] for i in indices]
            if inner:
                items.add(Item(inner[0], inner[-1] + 1, label))
        missing = frozenset(i for n in annotation.missing for i in tokens[n])
        return Annotation(len(target), tuple(sorted(items)), missing - places_of(items))

    def predicted_scores(self, nlp: Language, docs: Sequence[Doc]) -> list[dict[Item, float]]:
        """The share of the parses in a beam, by their probability, that have an entity; 0 if none has it.

        The entities are those of the documents, whichever way they were found. What the components before the
        entity recognizer wrote into the documents has to be there still.
        """
        factories = ((name, nlp.get_pipe_meta(name).factory) for name in nlp.pipe_names)
        names = [name for name, factory in factories if factory in self.factories]
        if not names:
            raise DistillError(
                f"The pipeline has no {' or '.join(self.factories)}, so its entities have no scores. It has "
                f"{', '.join(nlp.pipe_names) or 'no component'}."
            )
        kept = [doc.to_array(ENTITY_ATTRIBUTES) for doc in docs]
        scores = [dict.fromkeys(_items(doc.ents), 0.0) for doc in docs]
        for name in names:
            # An entity that stands in a document already is in every parse.
            for doc in docs:
                doc.set_ents([], default="missing")
            component = nlp.get_pipe(name)
            beams = component.beam_parse(list(docs), beam_width=BEAM)  # type: ignore[attr-defined]
            found = component.scored_ents(beams)  # type: ignore[attr-defined]
            for own, all_parses in zip(scores, found, strict=True):
                own.update({item: max(own[item], min(1.0, all_parses.get(item, 0.0))) for item in own})
        for doc, entities in zip(docs, kept, strict=True):
            doc.from_array(ENTITY_ATTRIBUTES, entities)  # type: ignore[arg-type]
        return scores

    def doc_counts(self, docbin: DocBin) -> Iterator[DocCounts]:
        """As of any task, from the shard's arrays: no document is made."""
        strings = StringStore(docbin.strings)
        iob = docbin.attrs.index(ENT_IOB) if ENT_IOB in docbin.attrs else None
        kind = docbin.attrs.index(ENT_TYPE) if ENT_TYPE in docbin.attrs else None
        for tokens in docbin.tokens:
            if iob is None or not tokens[:, iob].any():
                yield DocCounts(len(tokens), None)
            else:
                column = tokens[:, kind] if kind is not None else tokens[:0, 0]
                names = (str(strings[int(label)]) for label in column[np.nonzero(column)])
                yield DocCounts(len(tokens), Counter(names))

    def label_data(self, labels: Counter[str]) -> dict[str, dict[str, int]]:
        """Label data of spaCy's `ner`: label counts by action.

        The actions are missing, begin, in, last, unit, out. The empty label is "not an entity".
        """
        counts = dict(labels.most_common())
        return {"0": {}, "1": counts, "2": counts, "3": counts, "4": {**counts, "": 1}, "5": {"": 1}}

    def project_parts(self) -> ProjectParts:
        from .project_parts import PARTS

        return PARTS


def _items(spans: Iterable[Span]) -> list[Item]:
    return [Item(span.start, span.end, span.label_) for span in spans]


def _spans(doc: Doc, items: Iterable[Item]) -> list[Span]:
    return [Span(doc, *item) for item in items]


def _accepted(doc: Doc) -> set[tuple[int, int]]:
    """The places of the entities of all views."""
    groups = [group for name, group in doc.spans.items() if name.startswith(VIEW_PREFIX)]
    return {(span.start, span.end) for group in groups for span in group}


NER = EntityTask()


class Reading(NamedTuple):
    """What was read from one answer.

    alignment: what it says; empty if it cannot be used.
    facts: provenance: model, prompt, key, state, source and template. The state is that of
        the answer, or "unparsable", or "truncated" if it breaks off unannounced.
    """

    alignment: Alignment
    facts: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether it may label tokens, "O" included."""
        return bool(self.facts["state"] == "ok")


def keep_view(doc: Doc, name: str, reading: Reading) -> None:
    """Keep what an answer says of a document: spans, rejected candidates, counters and provenance.

    The document's entities are not touched. The record of the view gets the reading's facts, and candidates
    and dropped (counters), unknown_labels (how often each), unknown (tokens) and reasons (first token, end,
    the answer's words). Sequences in it are tuples, which is what a DocBin gives back.

    doc: the document.
    name: name of the view.
    reading: what was read.
    """
    alignment = reading.alignment
    facts = {
        **reading.facts,
        "candidates": alignment.candidates,
        "dropped": dict(alignment.dropped),
        "unknown_labels": dict(alignment.unknown_labels),
        "reasons": tuple(
            (item.start, item.end, item.reason)
            for item in (*alignment.entities, *alignment.rejected)
            if item.reason
        ),
    }
    NER.write_view(doc, name, alignment.annotation(len(doc)), facts)
    rejected = {*_items(doc.spans.get(REJECTED, [])), *map(PlacedCandidate.item, alignment.rejected)}
    doc.spans[REJECTED] = _spans(doc, sorted(rejected))


def label_by_samples(doc: Doc, view: str, readings: Sequence[Reading], rule: VoteRule) -> None:
    """Label a document by a vote of the samples of a prompt.

    The samples are kept as the views "cot/1", "cot/2", …, their vote as "cot", for which candidates and drops
    are summed. A sample without a usable answer votes for nothing.

    view: name of the view.
    readings: what was read from each sample.
    rule: how they are combined.
    """
    names = [f"{view}{SAMPLE}{number}" for number in range(1, len(readings) + 1)]
    for name, reading in zip(names, readings, strict=True):
        keep_view(doc, name, reading)
    annotations = {name: NER.read_view(doc, name) for name in names}
    result = NER.combine(list(annotations.values()), rule)
    keep_view(doc, view, _together(readings, result.annotation))
    NER.write_vote(doc, result, rule, annotations)


def _together(readings: Sequence[Reading], voted: Annotation) -> Reading:
    together = Alignment(
        entities=[PlacedCandidate(start, end, label, "") for start, end, label in voted.items],
        missing=set(voted.missing),
        candidates=sum(reading.alignment.candidates for reading in readings),
        dropped={name: sum(reading.alignment.dropped[name] for reading in readings) for name in REASONS},
        unknown_labels=sum((reading.alignment.unknown_labels for reading in readings), Counter()),
    )
    state = state_of_vote(voted, [reading.facts["state"] for reading in readings])
    return Reading(together, {**readings[0].facts, "state": state, "samples": len(readings)})
