"""Classes of documents as annotation, in `doc.cats`: one a document, or any number."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ...corpus.provenance import LABELS, record
from ...errors import DistillError
from ..annotation import Annotation, DocCounts, Item, Segment, places_of
from ..base import Task
from ..project_parts import ProjectParts
from ..votes import VoteResult, VoteRule

# From which score on a label that is not exclusive applies: the default of spaCy's `textcat_multilabel`.
THRESHOLD = 0.5


class CategoryTask(Task):
    """One class a document, as spaCy's `textcat` predicts it: the only place is the document itself.

    spaCy would train toward none of the classes where a document's class is missing, so such a document is
    not usable.
    """

    name: ClassVar[str] = "textcat"
    factories: ClassVar[tuple[str, ...]] = ("textcat",)
    dropped: ClassVar[Mapping[str, str]] = {
        "several": "beside others where one is allowed",
        "unknown_label": "of an unknown label",
    }
    items: ClassVar[str] = "classes"
    places: ClassVar[str] = "documents"
    predicts: ClassVar[str] = "the class of a document"
    strict: ClassVar[str] = "A document counts as right if its class is; micro F1 is accuracy."
    recurs: ClassVar[bool] = False
    marked: ClassVar[Literal["spans", "one", "any"]] = "one"
    exclusive: ClassVar[bool] = True

    def size(self, doc: Doc) -> int:
        return 1

    def read(self, doc: Doc) -> Annotation:
        label = _best(doc.cats)
        return Annotation(1, (Item(0, 1, label),)) if label is not None else Annotation.unknown(1)

    def write(self, doc: Doc, annotation: Annotation) -> None:
        said = {item.label for item in annotation.items}
        known = {*labels_of(doc), *said}
        doc.cats = {label: float(label in said) for label in sorted(known)} if len(said) == 1 else {}

    def make_bare(self, doc: Doc, vocab: Vocab) -> Doc:
        """As of any task, with the labels that the document may get."""
        bare = super().make_bare(doc, vocab)
        record(bare)[LABELS] = labels_of(doc)
        return bare

    def characters(self, doc: Doc, item: Item) -> tuple[int, int]:
        return 0, len(doc.text)

    def from_characters(self, doc: Doc, spans: Iterable[tuple[int, int, str]]) -> Annotation:
        return Annotation(1, tuple(sorted({Item(0, 1, label) for _, _, label in spans})))

    def segments(self, doc: Doc, annotation: Annotation) -> Iterator[Segment]:
        """Each class by itself, then the whole text."""
        for item in annotation.items:
            yield Segment("", item)
        yield Segment(doc.text, missing=not annotation.usable)

    def combine(
        self, annotations: Sequence[Annotation], rule: VoteRule, weights: Sequence[float] | None = None
    ) -> VoteResult:
        """As of any task; a document without a class is missing, whatever becomes of disputed places."""
        result = super().combine(annotations, rule, weights)
        return result if result.annotation.items else result._replace(annotation=Annotation.unknown(1))

    def predicted_scores(self, nlp: Language, docs: Sequence[Doc]) -> list[dict[Item, float]]:
        """What `doc.cats` says of the classes that apply."""
        return [{item: doc.cats[item.label] for item in self.read(doc).items} for doc in docs]

    def doc_counts(self, docbin: DocBin) -> Iterator[DocCounts]:
        """As of any task, from the shard's own lists: no document is made."""
        for tokens, cats in zip(docbin.tokens, docbin.cats, strict=True):
            label = _best(cats)
            yield DocCounts(len(tokens), None if label is None else Counter([label]))

    def project_parts(self) -> ProjectParts:
        from .project_parts import make_parts

        return make_parts(self)


class MultilabelTask(CategoryTask):
    """Any number of classes a document, as spaCy's `textcat_multilabel` predicts them.

    A place is one label of those that the document may get, in their order; it is missing where `doc.cats`
    says nothing of it, and training masks it there.
    """

    name: ClassVar[str] = "textcat_multilabel"
    factories: ClassVar[tuple[str, ...]] = ("textcat_multilabel",)
    dropped: ClassVar[Mapping[str, str]] = {
        **CategoryTask.dropped,
        "several": "one of several, and which of them applies is left open",
    }
    places: ClassVar[str] = "decisions"
    predicts: ClassVar[str] = "the classes of a document"
    strict: ClassVar[str] = "Each class of a document counts by itself."
    marked: ClassVar[Literal["spans", "one", "any"]] = "any"
    exclusive: ClassVar[bool] = False

    def size(self, doc: Doc) -> int:
        return len(labels_of(doc))

    def read(self, doc: Doc) -> Annotation:
        return _annotation(
            labels_of(doc), doc.cats, {label for label, score in doc.cats.items() if score >= THRESHOLD}
        )

    def write(self, doc: Doc, annotation: Annotation) -> None:
        said = places_of(annotation.items)
        places = enumerate(labels_of(doc))
        doc.cats = {label: float(i in said) for i, label in places if i not in annotation.missing}

    def from_characters(self, doc: Doc, spans: Iterable[tuple[int, int, str]]) -> Annotation:
        """Labels that the document cannot have are left out: nothing is known of them there."""
        labels = labels_of(doc)
        return _annotation(labels, labels, {label for _, _, label in spans})

    def project(self, annotation: Annotation, source: Doc, target: Doc) -> Annotation:
        """By the names of the labels; one that only the source knows is left out, and one that it lacks is
        missing."""
        if source.text != target.text:
            raise DistillError(f"{source.text[:60]!r} and {target.text[:60]!r} are not the same text.")
        known = [label for i, label in enumerate(labels_of(source)) if i not in annotation.missing]
        return _annotation(labels_of(target), known, {item.label for item in annotation.items})

    def combine(
        self, annotations: Sequence[Annotation], rule: VoteRule, weights: Sequence[float] | None = None
    ) -> VoteResult:
        return Task.combine(self, annotations, rule, weights)

    def ranked(self, reference: Doc, found: Doc) -> dict[str, tuple[float, bool]]:
        gold = self.read(reference)
        said = places_of(gold.items)
        known = [(i, label) for i, label in enumerate(labels_of(reference)) if i not in gold.missing]
        return {label: (found.cats[label], i in said) for i, label in known if label in found.cats}

    def doc_counts(self, docbin: DocBin) -> Iterator[DocCounts]:
        for tokens, cats in zip(docbin.tokens, docbin.cats, strict=True):
            labels = Counter(label for label, score in cats.items() if score >= THRESHOLD)
            yield DocCounts(len(tokens), labels if cats else None)


def labels_of(doc: Doc) -> tuple[str, ...]:
    """The labels that a document may get: as its record says, else those that it has scores of."""
    return tuple(doc.user_data.get("distill", {}).get(LABELS) or sorted(doc.cats))


def _best(cats: Mapping[str, float]) -> str | None:
    """The class with the highest score; None if there is none, or several are set."""
    best = max(sorted(cats), key=cats.__getitem__, default=None)
    if best is None or cats[best] <= 0 or sum(score >= 1 for score in cats.values()) > 1:
        return None
    return best


def _annotation(labels: Sequence[str], known: Iterable[str], said: Iterable[str]) -> Annotation:
    """The annotation of a document by its labels: those of which something is known, and those that apply."""
    known, said = set(known), set(said)
    items = (Item(i, i + 1, label) for i, label in enumerate(labels) if label in said)
    missing = (i for i, label in enumerate(labels) if label not in known | said)
    return Annotation(len(labels), tuple(items), frozenset(missing))


TEXTCAT = CategoryTask()
TEXTCAT_MULTILABEL = MultilabelTask()
