"""Annotation against gold: scores with intervals, confusions of labels, the most frequent errors."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.matching import match_gold
from ..corpus.provenance import doc_id
from ..errors import DistillError
from ..tasks.annotation import ERRORS, Annotation, Item, Kind, Pair
from ..tasks.base import Task
from ..tasks.scores import (
    PRF,
    Counts,
    Interval,
    PRFInterval,
    add_counts,
    bootstrap_scores,
    macro_f,
    micro,
    prf,
)

FREQUENT, STRINGS, EXAMPLES = 20, 5, 3
# Tokens that an example shows before and after an error.
AROUND = 12
# Characters of an item that are shown.
LONGEST = 300


@dataclass(frozen=True)
class ComparedDoc:
    """An annotation of one document beside gold.

    gold: the gold document, in whose places the pairs are.
    article: its article.
    usable: whether the annotation says anything.
    pairs: see `Task.pair`.
    """

    gold: Doc
    article: str | None
    usable: bool
    pairs: list[Pair]


@dataclass(frozen=True)
class Score:
    """Strict scores of one label, or of all.

    counts: true positives, false positives, false negatives.
    prf: precision, recall, F1.
    intervals: of the three, from resampled articles.
    """

    counts: Counts
    prf: PRF
    intervals: PRFInterval


@dataclass(frozen=True)
class Scores:
    """Strict scores of an annotation.

    labels: by label.
    micro: of all labels together.
    macro_f, macro_interval: the mean of the labels' F1.
    """

    labels: dict[str, Score]
    micro: Score
    macro_f: float
    macro_interval: Interval


@dataclass(frozen=True)
class Confusion:
    """How often gold items of a label were found as another.

    gold, found: labels; "" for none.
    exact: with the same borders.
    overlapping: with other borders.
    """

    gold: str
    found: str
    exact: int
    overlapping: int


@dataclass(frozen=True)
class ErrorExample:
    """One error in its sentence: the document's id, the text before, the items' text, the text after."""

    id: str
    before: str
    text: str
    after: str


@dataclass(frozen=True)
class FrequentError:
    """Errors of one kind between the same two labels.

    kind: see `Pair`.
    gold, found: labels; "" for none.
    count: how many there are.
    strings: the texts most often concerned.
    examples: the first of them, of different texts if there are.
    """

    kind: Kind
    gold: str
    found: str
    count: int
    strings: list[tuple[str, int]]
    examples: list[ErrorExample]


@dataclass(frozen=True)
class Quality:
    """An annotation against gold.

    name: "labels" or a view's name.
    documents: documents that have gold.
    usable: of these, those that the annotation says anything of.
    missing_items: gold items at places that it leaves missing.
    scores: of what it says: missing gold items are left out.
    all_scores: missing gold items count as not found, as they do to spaCy's scorer.
    confusion: gold against found labels.
    errors: the most frequent ones, most frequent first.
    """

    name: str
    documents: int
    usable: int
    missing_items: int
    scores: Scores
    all_scores: Scores
    confusion: list[Confusion]
    errors: list[FrequentError]


def compare(task: Task, name: str, docs: Sequence[ComparedDoc]) -> Quality:
    """Score an annotation against gold, and name its errors.

    name: "labels", or a view's name.
    docs: its documents beside gold, at least one.
    """
    return Quality(
        name=name,
        documents=len(docs),
        usable=sum(doc.usable for doc in docs),
        missing_items=sum(pair.kind == "missing" for doc in docs for pair in doc.pairs),
        scores=_scores(docs, leave_out_missing=True),
        all_scores=_scores(docs, leave_out_missing=False),
        confusion=_confusions(docs),
        errors=_frequent_errors(task, docs),
    )


def _scores(docs: Sequence[ComparedDoc], *, leave_out_missing: bool) -> Scores:
    per_doc = [
        _counts(pair for pair in doc.pairs if pair.kind != "missing" or not leave_out_missing) for doc in docs
    ]
    counts = add_counts(per_doc)
    intervals = bootstrap_scores(per_doc, [doc.article for doc in docs])
    total = micro(counts)
    return Scores(
        labels={label: Score(c, prf(c), intervals.labels[label]) for label, c in counts.items()},
        micro=Score(total, prf(total), intervals.micro),
        macro_f=macro_f(counts),
        macro_interval=intervals.macro_f,
    )


def _counts(pairs: Iterable[Pair]) -> dict[str, Counts]:
    counts: dict[str, Counts] = defaultdict(Counts)
    for pair in pairs:
        right = pair.kind == "correct"
        if pair.gold is not None:
            counts[pair.gold.label] += Counts(tp=right, fn=not right)
        if pair.found is not None and not right:
            counts[pair.found.label] += Counts(fp=1)
    return counts


def _confusions(docs: Sequence[ComparedDoc]) -> list[Confusion]:
    """How often each gold label was found as which, "" standing for none."""
    exact: Counter[tuple[str, str]] = Counter()
    overlapping: Counter[tuple[str, str]] = Counter()
    for pair in (pair for doc in docs for pair in doc.pairs if pair.kind != "missing"):
        counter = overlapping if pair.kind in ("boundary", "both") else exact
        counter[_label(pair.gold), _label(pair.found)] += 1
    cells = sorted(exact.keys() | overlapping.keys())
    return [Confusion(*cell, exact=exact[cell], overlapping=overlapping[cell]) for cell in cells]


def _frequent_errors(task: Task, docs: Sequence[ComparedDoc]) -> list[FrequentError]:
    """Errors grouped by kind and labels, the most frequent first, with the texts they concern."""
    groups: dict[tuple[Kind, str, str], list[tuple[Doc, Pair]]] = defaultdict(list)
    for doc in docs:
        for pair in doc.pairs:
            if pair.kind in ERRORS:
                groups[pair.kind, _label(pair.gold), _label(pair.found)].append((doc.gold, pair))
    ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))[:FREQUENT]
    return [_frequent(task, *group, members) for group, members in ranked]


def _frequent(
    task: Task, kind: Kind, gold: str, found: str, members: Sequence[tuple[Doc, Pair]]
) -> FrequentError:
    strings: Counter[str] = Counter()
    examples: dict[str, ErrorExample] = {}
    spare: list[ErrorExample] = []
    for doc, pair in members:
        # The item's text; both texts, where the borders differ.
        text = " → ".join(dict.fromkeys(_short(task.text(doc, item)) for item in pair.items))
        strings[text] += 1
        example = _example(task, doc, pair)
        if examples.setdefault(text, example) is not example:
            spare.append(example)
    shown = [*examples.values(), *spare][:EXAMPLES]
    return FrequentError(kind, gold, found, len(members), strings.most_common(STRINGS), shown)


def _example(task: Task, doc: Doc, pair: Pair) -> ErrorExample:
    whole = Item(min(item.start for item in pair.items), max(item.end for item in pair.items), "")
    span = doc.char_span(*task.characters(doc, whole), alignment_mode="expand") or doc[:]
    first, last = max(0, span.start - AROUND), min(len(doc), span.end + AROUND)
    return ErrorExample(
        id=doc_id(doc) or "",
        before=("… " if first else "") + doc[first : span.start].text,
        text=_short(span.text),
        after=doc[span.end : last].text + (" …" if last < len(doc) else ""),
    )


def _short(text: str) -> str:
    """A text that can be read at a glance: an item may be a whole document."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _label(item: Item | None) -> str:
    return item.label if item else ""


def read_gold(task: Task, path: Path, docs: Sequence[Doc]) -> dict[int, Annotation]:
    """Gold by the number of the document that it belongs to, in the document's places.

    RAISES DistillError: if none of the documents has gold there.
    """
    gold = [doc for doc in read_docs(path, Vocab()) if task.read(doc).usable]
    found = {n: task.project(task.read(right), right, docs[n]) for n, right in match_gold(docs, gold)}
    if not found:
        raise DistillError(f"{path} has the gold labels of none of the documents: their texts are others.")
    return found
