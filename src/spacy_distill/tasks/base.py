"""What an annotation is: one type for all rooms, and what a task knows of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..corpus.provenance import TASK, record, views
from ..corpus.scores import Counts
from ..errors import DistillError

GROUP = "spacy_distill_tasks"
# Corpora that were made before a corpus named its task hold entities.
DEFAULT = "ner"
OUTSIDE = "O"

Kind = Literal["correct", "type", "boundary", "both", "missed", "missing", "spurious"]
ERRORS: tuple[Kind, ...] = ("type", "boundary", "both", "missed", "spurious")


class Item(NamedTuple):
    """One thing that an annotation holds, at its places.

    start: first place.
    end: the place after the last.
    label: its label.
    """

    start: int
    end: int
    label: str


class Annotation(NamedTuple):
    """What is known of one document.

    A place is what can be labelled or *missing* on its own: a token for entities, the whole document for a
    class. A place that is neither in an item nor missing is known to hold nothing ("O").

    size: number of places, 0 or more.
    items: sorted by place.
    missing: places of which nothing is known.
    """

    size: int
    items: tuple[Item, ...] = ()
    missing: frozenset[int] = frozenset()

    @property
    def usable(self) -> bool:
        """Whether it says anything."""
        return len(self.missing) < self.size

    @classmethod
    def unknown(cls, size: int) -> "Annotation":
        """One that says nothing."""
        return cls(size, (), frozenset(range(size)))

    def touches_missing(self, item: Item) -> bool:
        """Whether an item stands on a place of which nothing is known."""
        return not self.missing.isdisjoint(range(item.start, item.end))

    def tags(self) -> list[str | None]:
        """Each place as "B-" or "I-" and its label, "O", or None where it is missing."""
        found: list[str | None] = [None if i in self.missing else OUTSIDE for i in range(self.size)]
        for start, end, label in self.items:
            found[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        return found


class Pair(NamedTuple):
    """A gold item, a found one, or both if they share a place.

    kind: "correct"; "type" (places right, label wrong); "boundary" (label right, places wrong); "both" (they
        only overlap); "missed" (gold alone); "missing" (gold alone, where the annotation is missing: no
        error); "spurious" (found alone).
    gold, found: the items, in gold's places.
    """

    kind: Kind
    gold: Item | None = None
    found: Item | None = None


class Holding(NamedTuple):
    """What training can use of one document of a corpus.

    words: its number of tokens.
    labels: how many of its places each label has; None if it has no annotation.
    """

    words: int
    labels: Counter[str] | None


@runtime_checkable
class PromptedTask(Protocol):
    """A task as a teacher's config sets it up: what a factory of `llm_tasks` returns.

    task: name of the `Task` whose annotation it makes.
    labels: labels that its documents can get.
    view: name under which a document keeps what an answer says.
    prompt_hash: identifies the template and all that goes into each prompt.
    """

    task: str
    view: str
    prompt_hash: str

    @property
    def labels(self) -> tuple[str, ...]: ...

    def render(self, doc: Doc) -> str:
        """The prompt for a document: one user message. An empty one asks nothing."""
        ...

    def complaint(self, answer: str) -> str | None:
        """What to say to the model about an answer that cannot be used; None if it can."""
        ...

    def annotate(self, doc: Doc, answer: str) -> Doc:
        """Read an answer, keep it as a view of the document, and make it the document's annotation."""
        ...


class Task(Protocol):
    """What an annotation of one kind is, where a document holds it, and how two of them compare.

    A subclass says how annotation is read from a document and put on it; the rest has meaning for any kind
    whose items stand on places, and can be replaced.

    name: as registered, and as a corpus keeps it in its provenance.
    factories: spaCy factories of the components that predict it; the first is the one a small student gets.
    kinds: in words, what each kind of error is called.
    """

    name: ClassVar[str]
    factories: ClassVar[tuple[str, ...]]
    kinds: ClassVar[Mapping[str, str]]

    # Where a document holds it.

    def size(self, doc: Doc) -> int:
        """The number of places of a document."""
        ...

    def read(self, doc: Doc) -> Annotation:
        """The document's own annotation."""
        ...

    def write(self, doc: Doc, annotation: Annotation) -> None:
        """Make an annotation the document's own."""
        ...

    def read_view(self, doc: Doc, view: str) -> Annotation:
        """A view's annotation: all missing if its answer could not be used."""
        facts = views(doc).get(view, {"state": "absent"})
        if facts.get("state", "ok") != "ok":
            return Annotation.unknown(self.size(doc))
        items = (Item(*item) for item in facts.get("items", ()))
        return Annotation(self.size(doc), tuple(items), frozenset(facts.get("missing", ())))

    def write_view(self, doc: Doc, view: str, annotation: Annotation, facts: Mapping[str, Any] = {}) -> None:
        """Keep an annotation as a view.

        facts: provenance: model, prompt, key, state and what else is known of the answer.
        """
        items, missing = tuple(map(tuple, annotation.items)), tuple(sorted(annotation.missing))
        views(doc)[view] = {**facts, "items": items, "missing": missing}

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
        if source.text != target.text:
            raise DistillError(f"{source.text[:60]!r} and {target.text[:60]!r} are not the same text.")
        places = ((*self.characters(source, Item(i, i + 1, "")), "") for i in annotation.missing)
        unknown = self.from_characters(target, places).items
        items = self.from_characters(target, self.to_characters(source, annotation)).items
        return Annotation(self.size(target), items, _places(unknown) - _places(items))

    def text(self, doc: Doc, item: Item) -> str:
        """The words that an item stands on."""
        start, end = self.characters(doc, item)
        return doc.text[start:end]

    # Two annotations beside each other, and several together.

    def scored(self, gold: Annotation, found: Annotation) -> tuple[frozenset[Item], frozenset[Item]]:
        """The items that a score is made of, in the same places: gold's, and those found that gold can judge.

        A found item that touches a place whose gold is missing is neither right nor wrong; gold that says
        nothing counts nothing.
        """
        if not gold.usable:
            return frozenset(), frozenset()
        return frozenset(gold.items), frozenset(i for i in found.items if not gold.touches_missing(i))

    def counts(self, gold: Annotation, found: Annotation) -> dict[str, Counts]:
        """True positives, false positives and false negatives by label."""
        right, given = self.scored(gold, found)
        counts: dict[str, Counts] = defaultdict(Counts)
        for item in sorted(right | given):
            counts[item.label] += Counts(
                item in right and item in given, item not in right, item not in given
            )
        return dict(counts)

    def pair(self, gold: Annotation, found: Annotation) -> list[Pair]:
        """Pair gold's items with those found, each at most once, and name each error.

        Items of the same places come first, then those of the same label, then those that share most.

        RETURNS: every scored item of either side once, by place.
        """
        expected, given = self.scored(gold, found)
        left, right = dict.fromkeys(sorted(expected)), dict.fromkeys(sorted(given))
        pairs: list[Pair] = []
        for g, f in _by_closeness(left, right):
            if g in left and f in right:
                del left[g], right[f]
                pairs.append(Pair(_kind(g, f), g, f))
        pairs += [Pair("missing" if found.touches_missing(g) else "missed", gold=g) for g in left]
        pairs += [Pair("spurious", found=f) for f in right]
        return sorted(pairs, key=lambda pair: (pair.gold or pair.found or Item(0, 0, ""))[:2])

    # What training needs.

    def holdings(self, docbin: DocBin) -> Iterator[Holding]:
        """What training can use of each document of a shard."""
        for doc in docbin.get_docs(Vocab()):
            said = self.read(doc)
            labels: Counter[str] = Counter()
            for start, end, label in said.items:
                labels[label] += end - start
            yield Holding(len(doc), labels if said.usable else None)

    def label_data(self, labels: Counter[str]) -> Any:
        """What a component initializes its labels from.

        labels: how often each occurs in gold.
        """
        return sorted(labels)


def _places(items: Iterable[Item]) -> frozenset[int]:
    return frozenset(i for item in items for i in range(item.start, item.end))


def _by_closeness(left: Iterable[Item], right: Iterable[Item]) -> Iterator[tuple[Item, Item]]:
    ranked = []
    for g in left:
        for f in right:
            shared = min(g.end, f.end) - max(g.start, f.start)
            if shared > 0:
                ranked.append((g[:2] != f[:2], g.label != f.label, -shared, g[:2], g, f))
    for *_, g, f in sorted(ranked):
        yield g, f


def _kind(gold: Item, found: Item) -> Kind:
    if gold[:2] == found[:2]:
        return "correct" if gold.label == found.label else "type"
    return "boundary" if gold.label == found.label else "both"


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


def task_of(docs: Iterable[Doc]) -> Task:
    """The task of a corpus, as its provenance says.

    RAISES DistillError: if the documents are of several tasks.
    """
    names = {doc.user_data.get("distill", {}).get(TASK, DEFAULT) for doc in docs} or {DEFAULT}
    if len(names) > 1:
        raise DistillError(
            f"The documents are of several tasks: {', '.join(sorted(names))}. Give corpora of one task."
        )
    return find_task(names.pop())


def set_task(doc: Doc, name: str) -> Doc:
    """Note of which task a document's annotation is, and return the document."""
    record(doc)[TASK] = name
    return doc


def task_of_factories(factories: Sequence[str]) -> Task:
    """The task of a student, by the factories of its components.

    RAISES DistillError: if none or several tasks are predicted.
    """
    found = {name: task for name, task in tasks().items() if set(task.factories) & set(factories)}
    if len(found) != 1:
        known = "; ".join(f"{name}: {', '.join(task.factories)}" for name, task in sorted(tasks().items()))
        raise DistillError(
            f"The student's components ({', '.join(factories) or 'none'}) predict "
            f"{' and '.join(sorted(found)) or 'no registered task'}. Give it components of one: {known}."
        )
    return next(iter(found.values()))
