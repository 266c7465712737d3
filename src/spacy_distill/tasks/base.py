"""The task protocol: what is known of an annotation of one kind, and the registry of tasks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from itertools import groupby, repeat
from typing import Any, ClassVar, Literal, Protocol

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..corpus.provenance import TASK, VOTES, record, views
from ..errors import DistillError
from .annotation import (
    ERRORS,
    OUTSIDE,
    Annotation,
    DocCounts,
    Item,
    Pair,
    Segment,
    by_closeness,
    kind_of,
    places_of,
)
from .project_parts import ProjectParts
from .scores import Counts
from .votes import VoteResult, VoteRule, combine

__all__ = [
    "DEFAULT",
    "ERRORS",
    "OUTSIDE",
    "Annotation",
    "DocCounts",
    "Item",
    "Pair",
    "Segment",
    "Task",
    "VoteResult",
    "VoteRule",
    "find_task",
    "set_task",
    "task_of",
    "task_of_factories",
    "tasks",
]

GROUP = "spacy_distill_tasks"
# What a corpus that says nothing, and in which no annotation is found, is taken to be of.
DEFAULT = "ner"


class Task(Protocol):
    """What an annotation of one kind is, where a document keeps it, and how two of them compare.

    A subclass says how annotation is read from a document and written to it, and which characters a place
    stands on; the rest has meaning for any kind whose items stand on places, and can be replaced.

    name: as registered, and as a corpus names it in its provenance.
    factories: spaCy factories of the components that predict it; the first is the one a small student gets.
    items, places: what items and places are called, in the plural.
    predicts: what a pipeline is for, as a model card says it.
    strict: when an item counts as right: a sentence.
    kinds: what each kind of error is called.
    dropped: what a candidate is that is dropped, in words, by the name of its counter.
    recurs: whether the text of an item may be in other documents, so that seen and unseen ones differ.
    marked: how a person gives it: spans of places in the text, one label for a document, or any number.
    """

    name: ClassVar[str]
    factories: ClassVar[tuple[str, ...]]
    items: ClassVar[str] = "items"
    places: ClassVar[str] = "places"
    predicts: ClassVar[str] = "items"
    strict: ClassVar[str] = "Items count as right only with exact places and label."
    recurs: ClassVar[bool] = True
    marked: ClassVar[Literal["spans", "one", "any"]] = "spans"
    dropped: ClassVar[Mapping[str, str]] = {}
    kinds: ClassVar[Mapping[str, str]] = {
        "type": "wrong label",
        "boundary": "wrong borders",
        "both": "wrong label and borders",
        "missed": "not found",
        "spurious": "not in gold",
    }

    # Where a document keeps it.

    def size(self, doc: Doc) -> int:
        """The number of places of a document."""
        ...

    def read(self, doc: Doc) -> Annotation:
        """The document's own annotation."""
        ...

    def write(self, doc: Doc, annotation: Annotation) -> None:
        """Make an annotation the document's own."""
        ...

    def view_names(self, doc: Doc) -> list[str]:
        """The names of a document's views."""
        return list(views(doc))

    def view_state(self, doc: Doc, view: str) -> str:
        """The state of a view's answer: "ok", what is wrong with it, or "absent" if there is no such view."""
        return str(views(doc).get(view, {"state": "absent"}).get("state", "ok"))

    def read_view(self, doc: Doc, view: str) -> Annotation:
        """A view's annotation: all missing if its answer could not be used."""
        if self.view_state(doc, view) != "ok":
            return Annotation.unknown(self.size(doc))
        facts = views(doc)[view]
        items = (Item(*item) for item in facts.get("items", ()))
        return Annotation(self.size(doc), tuple(items), frozenset(facts.get("missing", ())))

    def write_view(self, doc: Doc, view: str, annotation: Annotation, facts: Mapping[str, Any] = {}) -> None:
        """Keep an annotation as a view.

        facts: provenance: model, prompt, key, state and what else is known of the answer.
        """
        items, missing = tuple(map(tuple, annotation.items)), tuple(sorted(annotation.missing))
        views(doc)[view] = {**facts, "items": items, "missing": missing}

    def copy_views(self, source: Doc, target: Doc, names: Mapping[str, str]) -> None:
        """Copy a document's views to another document with the same words.

        names: what each view is called there, by its name here.
        """
        views(target).update({new: views(source)[old] for old, new in names.items() if old in views(source)})

    def keep_items(self, doc: Doc, name: str, items: Mapping[Item, float] | Iterable[Item]) -> None:
        """Keep items beside the annotation, under a name; a mapping has a score for each."""
        scores = [(score,) for score in items.values()] if isinstance(items, Mapping) else repeat(())
        record(doc)[name] = tuple((*item, *score) for item, score in zip(items, scores, strict=False))

    def kept_items(self, doc: Doc, name: str) -> dict[Item, float]:
        """The items kept beside the annotation under a name, with their scores; 1 where they have none."""
        kept = record(doc).get(name, ())
        return {Item(*one[:3]): float(one[3]) if len(one) > 3 else 1.0 for one in kept}

    def make_bare(self, doc: Doc, vocab: Vocab) -> Doc:
        """A document's words without any annotation."""
        return Doc(vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc])

    # In characters, which all tokenizers share.

    def characters(self, doc: Doc, item: Item) -> tuple[int, int]:
        """The characters that an item stands on: first, and the one after the last."""
        ...

    def from_characters(self, doc: Doc, spans: Iterable[tuple[int, int, str]]) -> Annotation:
        """The annotation whose items stand on some characters, widened to whole places of a document."""
        ...

    def to_characters(self, doc: Doc, annotation: Annotation) -> list[tuple[int, int, str]]:
        """The items of an annotation, in characters."""
        return [(*self.characters(doc, item), item.label) for item in annotation.items]

    def project(self, annotation: Annotation, source: Doc, target: Doc) -> Annotation:
        """An annotation in the places of another document of the same text.

        RAISES DistillError: if the texts differ.
        """
        if [token.text for token in source] == [token.text for token in target]:
            return annotation
        if source.text != target.text:
            raise DistillError(f"{source.text[:60]!r} and {target.text[:60]!r} are not the same text.")
        places = ((*self.characters(source, Item(i, i + 1, "")), "") for i in annotation.missing)
        missing = places_of(self.from_characters(target, places).items)
        items = self.from_characters(target, self.to_characters(source, annotation)).items
        return Annotation(self.size(target), items, missing - places_of(items))

    def text(self, doc: Doc, item: Item) -> str:
        """The words that an item stands on."""
        start, end = self.characters(doc, item)
        return doc.text[start:end]

    def segments(self, doc: Doc, annotation: Annotation) -> Iterator[Segment]:
        """The text of a document, cut where items and missing places begin and end.

        Of items that overlap the longest is shown, and of those the first.
        """
        text, cuts = doc.text, _cuts(annotation)
        position = 0
        for start, end, item in sorted((*self.characters(doc, cut), item) for cut, item in cuts):
            if position < start:
                yield Segment(text[position:start])
            yield Segment(text[start:end], item, missing=item is None)
            position = end
        if position < len(text):
            yield Segment(text[position:])

    # Two annotations beside each other, and several together.

    def scored(self, gold: Annotation, found: Annotation) -> tuple[frozenset[Item], frozenset[Item]]:
        """The items that a score is made of, in the same places: gold's, and those found of which gold knows.

        A found item that touches a place whose gold is missing is neither right nor wrong; gold that says
        nothing counts nothing.
        """
        if not gold.usable:
            return frozenset(), frozenset()
        return frozenset(gold.items), frozenset(i for i in found.items if not gold.touches_missing(i))

    def counts(self, gold: Annotation, found: Annotation) -> dict[str, Counts]:
        """True positives, false positives and false negatives by label, labels sorted."""
        right, given = self.scored(gold, found)
        counts: dict[str, Counts] = defaultdict(Counts)
        for item in right | given:
            counts[item.label] += Counts(
                item in right and item in given, item not in right, item not in given
            )
        return dict(sorted(counts.items()))

    def ranked(self, reference: Doc, found: Doc) -> dict[str, tuple[float, bool]]:
        """What average precision is made of; empty where a document's labels are no decisions of their own.

        RETURNS: for each label of which gold knows whether it applies, its score in the document that was
            found, and whether it applies.
        """
        return {}

    def pair(self, gold: Annotation, found: Annotation) -> list[Pair]:
        """Pair gold's items with those found, each at most once, and name each error.

        Items of the same places come first, then those of the same label, then those that share most.

        RETURNS: every scored item of either side once, by place.
        """
        expected, given = self.scored(gold, found)
        left, right = dict.fromkeys(sorted(expected)), dict.fromkeys(sorted(given))
        pairs: list[Pair] = []
        for g, f in by_closeness(left, right):
            if g in left and f in right:
                del left[g], right[f]
                pairs.append(Pair(kind_of(g, f), g, f))
        pairs += [Pair("missing" if found.touches_missing(g) else "missed", gold=g) for g in left]
        pairs += [Pair("spurious", found=f) for f in right]
        return sorted(pairs, key=lambda pair: pair.items[0][:2])

    def combine(
        self, annotations: Sequence[Annotation], rule: VoteRule, weights: Sequence[float] | None = None
    ) -> VoteResult:
        """What several annotations of the same document say together.

        weights: the votes of each, above 0; None: one each.
        """
        return combine(annotations, rule, weights)

    def write_vote(
        self, doc: Doc, result: VoteResult, rule: VoteRule, views: Mapping[str, Annotation]
    ) -> None:
        """Make the result of a vote the document's annotation, and keep how it came about.

        views: the annotations that were combined, by name.
        """
        self.write(doc, result.annotation)
        self.keep_items(doc, VOTES, result.shares)
        record(doc)["vote"] = {
            "rule": rule.rule,
            "threshold": rule.threshold,
            "disputed": rule.disputed,
            "views": tuple(views),
            "silent": tuple(name for name, annotation in views.items() if not annotation.usable),
        }

    def set_negatives(self, doc: Doc, labels: Sequence[str]) -> int:
        """Make negative annotation of what the views rejected, and return how many items it has.

        labels: all labels of the corpus.
        RAISES DistillError: if the task knows no negative annotation.
        """
        raise DistillError(f"The task {self.name!r} has no negative annotation. Vote without it.")

    # What a pipeline predicted.

    def predicted_scores(self, nlp: Language, docs: Sequence[Doc]) -> list[dict[Item, float]]:
        """How sure a pipeline is of each item that it has just predicted; none of it is a chance to be right.

        nlp: the pipeline that the documents come from.
        docs: its predictions; they stay as they are.
        RETURNS: for each document its items with their scores, in [0, 1].
        RAISES DistillError: if the task, or the pipeline, knows no scores.
        """
        raise DistillError(f"The task {self.name!r} knows no scores of a pipeline's {self.items}.")

    # What training needs.

    def doc_counts(self, docbin: DocBin) -> Iterator[DocCounts]:
        """What training can use of each document of a shard."""
        for doc in docbin.get_docs(Vocab()):
            annotation = self.read(doc)
            labels: Counter[str] = Counter()
            for start, end, label in annotation.items:
                labels[label] += end - start
            yield DocCounts(len(doc), labels if annotation.usable else None)

    def label_data(self, labels: Counter[str]) -> Any:
        """What a component initializes its labels from.

        labels: how often each occurs in gold.
        """
        return sorted(labels)

    def project_parts(self) -> ProjectParts:
        """What a new project says of the task.

        RAISES DistillError: if no project can be made for it.
        """
        raise DistillError(
            f"`init` makes no project for the task {self.name!r}: its package says nothing of one. Write the "
            "configs by hand."
        )


def _cuts(annotation: Annotation) -> list[tuple[Item, Item | None]]:
    """What to highlight: items that do not overlap, and runs of missing places (with None)."""
    kept: list[Item] = []
    for item in sorted(annotation.items, key=lambda i: (i.start - i.end, i)):
        if all(item.end <= other.start or other.end <= item.start for other in kept):
            kept.append(item)
    runs: list[tuple[Item, Item | None]] = []
    missing = sorted(annotation.missing - places_of(kept))
    for _, group in groupby(enumerate(missing), lambda pair: pair[1] - pair[0]):
        run = [place for _, place in group]
        runs.append((Item(run[0], run[-1] + 1, ""), None))
    return [*((item, item) for item in kept), *runs]


def tasks() -> dict[str, Task]:
    """All registered tasks, by name."""
    return {point.name: point.load() for point in entry_points(group=GROUP)}


def find_task(name: str) -> Task:
    """The task of a name.

    RAISES DistillError: if no installed package registers it.
    """
    for point in entry_points(group=GROUP, name=name):
        task: Task = point.load()
        return task
    raise DistillError(
        f"There is no task {name!r}. Registered are {', '.join(sorted(tasks()))}; a package adds one by the "
        f"entry point {GROUP}."
    )


def task_of(docs: Iterable[Doc], default: str = DEFAULT) -> Task:
    """The task of a corpus: as its provenance says, else the first that finds annotation of its own in it.

    A document without annotation is of any task.

    default: the task that is tried first, and that of a corpus without annotation.
    RAISES DistillError: if the documents are of several tasks, or of one that no installed package registers.
    """
    # Looking for registered tasks takes milliseconds: once, and not for each document.
    first, every = find_task(default), cache(tasks)
    names = {name for doc in docs if (name := _task_name(doc, first, every))} or {default}
    if len(names) > 1:
        raise DistillError(
            f"The documents are of several tasks: {', '.join(sorted(names))}. Give corpora of one task."
        )
    return find_task(names.pop())


def _task_name(doc: Doc, default: Task, every: Callable[[], Mapping[str, Task]]) -> str | None:
    named: str | None = doc.user_data.get("distill", {}).get(TASK)
    if named is not None or default.read(doc).usable:
        return named or default.name
    return next((name for name, task in sorted(every().items()) if task.read(doc).usable), None)


def set_task(doc: Doc, name: str) -> Doc:
    """Note of which task a document's annotation is, and return the document."""
    record(doc)[TASK] = name
    return doc


def task_of_factories(factories: Sequence[str], corpus: Iterable[Doc] = ()) -> Task:
    """The task of a student, by the factories of its components.

    corpus: what it is trained on, which decides between tasks of the same factories.
    RAISES DistillError: if none or several tasks are predicted.
    """
    found = {name: task for name, task in tasks().items() if set(task.factories) & set(factories)}
    if len(found) > 1 and (said := task_of(corpus)).name in found:
        return said
    if len(found) != 1:
        known = "; ".join(f"{name}: {', '.join(task.factories)}" for name, task in sorted(tasks().items()))
        raise DistillError(
            f"The student's components ({', '.join(factories) or 'none'}) predict "
            f"{' and '.join(sorted(found)) or 'no registered task'}. Give it components of one: {known}."
        )
    return next(iter(found.values()))
