"""A committee and teachers' views vote on the labels of a pool, item by item."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from spacy.tokens import Doc

from ..corpus.docbin import write_docs
from ..corpus.files import check_outputs
from ..corpus.provenance import CONFIDENCE, RELABELLED, VOTES, article_id, record
from ..errors import DistillError, counted
from ..tasks.annotation import Annotation, Item
from ..tasks.base import Task, set_task
from ..tasks.scores import Counts, add_counts, micro, prf
from ..tasks.votes import VoteResult, VoteRule
from .committee import HALF, Committee, MemberVotes, read_committee, text_hash
from .confidence import ENOUGH, calibrate, calibration_error, rate
from .cross_validation import folds_of
from .quality import read_gold
from .vote import check_result, merge_views
from .voters import ask_voters

Undecided = Literal["O", "missing", "majority", "teacher"]
# Names that stand for all members, and for all views.
MEMBER, TEACHER = "member", "teacher"
LEARNED = "learned"
# A voter whose items are wrong as often as not has no vote to speak of, and none can decide alone.
LEAST, MOST = 0.05, 4.0
# Half of the votes choose an item; else its places are missing.
UNKNOWN = VoteRule("half", "missing")
# In how many parts the items are divided from which confidence is learned.
FOLDS = 5


@dataclass(frozen=True)
class RelabelOptions:
    """How a pool is relabelled.

    undecided: what becomes of places of an item with less than half of the votes: "O", "missing", what more
        than half of the votes say of them ("majority"), or what the first view says ("teacher"; missing
        where it says nothing).
    weights: votes of a voter, above 0, by its name, or by "member" or "teacher" for all of them; 1 if not
        named. "learned": from gold.
    RAISES DistillError: if a value cannot be used.
    """

    undecided: Undecided = "O"
    weights: Mapping[str, float] | Literal["learned"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.undecided not in get_args(Undecided):
            raise DistillError(
                f"`undecided` is {self.undecided!r}. Allowed are {', '.join(get_args(Undecided))}."
            )
        if not isinstance(self.weights, str):
            for name, weight in self.weights.items():
                if not (math.isfinite(weight) and weight > 0):
                    raise DistillError(f"The weight of {name!r} is {weight}. Give a number above 0.")
        elif self.weights != LEARNED:
            raise DistillError(f"`weights` is {self.weights!r}. Give votes by name, or {LEARNED!r}.")

    @property
    def rule(self) -> VoteRule:
        """As a rule of a vote."""
        return VoteRule("half", "first" if self.undecided == "teacher" else self.undecided)


@dataclass
class RelabelReport:
    """What relabelling did to a pool.

    items, places: what the task calls them.
    voters: who voted, and the weight of each; members of different folds together.
    left_out: documents of further files that the pool lacks.
    gold, learned_gold: documents of the pool with gold that judges the labels, and those of them whose gold
        the members had learned from, which judges nothing.
    documents: number of documents.
    learned: of them, those that voting members had learned from.
    without_view: of them, those that no teacher labelled.
    size, missing: places, and how many of them are missing afterwards.
    kept, gone, new: items by label: of the first view in the result, not in it, and of the result alone.
    before, after: the first view and the result against gold: counts by label; None without gold.
    calibration_error: how far confidences are from the share that is right, in [0, 1]; None without gold.
    calibrated: whether they were learned from gold of the pool; else they are those of the members' votes.
    """

    items: str
    places: str
    voters: dict[str, float] = field(default_factory=dict)
    left_out: int = 0
    gold: int = 0
    learned_gold: int = 0
    documents: int = 0
    learned: int = 0
    without_view: int = 0
    size: int = 0
    missing: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    before: dict[str, Counts] | None = None
    after: dict[str, Counts] | None = None
    calibration_error: float | None = None
    calibrated: bool = False

    def add(self, before: Annotation | None, after: Annotation) -> None:
        """Count one document.

        before: what the first view says of it; None if it has none.
        """
        self.documents += 1
        self.without_view += before is None
        self.size += after.size
        self.missing += len(after.missing)
        old, new = set(before.items if before else ()), set(after.items)
        for counter, some in ((self.kept, old & new), (self.gone, old - new), (self.new, new - old)):
            counter.update(item.label for item in some)


DEFAULTS = RelabelOptions()


def relabel(
    committee: Path | Committee,
    pool: Path,
    views: Sequence[Path],
    out: Path,
    options: RelabelOptions = DEFAULTS,
    gold: Path | None = None,
) -> RelabelReport:
    """Label a pool by the votes of a committee's members and teachers' views, and write it.

    An item is chosen if half of the votes or more have it; a voter that says nothing of a document does not
    count there. Of members that were trained with folds only those vote that did not learn from a document.
    What the views say is kept beside the result, and the confidence in each item.

    committee: a folder that `train_committee` made.
    pool: the documents, with or without teachers' views; the labels of a file without any vote as a view.
    views: further files with views of the same documents, or with labels of them.
    out: the file to write.
    options: how to vote.
    gold: gold of some of the documents: to learn weights from, and to count what relabelling was worth. Of
        what members were trained on nothing is learned or counted.
    RAISES DistillError: if a file or member cannot be used, labels or task differ, a weight names nobody,
        weights cannot be learned, gold would vote on itself or members learned from all of it, or the file to
        write is there and is not of relabelling.
    """
    folder = committee.folder if isinstance(committee, Committee) else committee
    check_outputs([out], [folder, pool, *views, gold])
    check_result(out, RELABELLED, "relabelling")
    trained = committee if isinstance(committee, Committee) else read_committee(committee)
    if gold is not None and gold.resolve() in (path.resolve() for path in (pool, *views)):
        raise DistillError(
            f"{gold} is the gold, and its labels would vote too, so every figure would flatter. Give as the "
            "pool the file that the teacher labelled, or text without labels."
        )
    merged = merge_views([pool, *views], committee=trained, of_first=True)
    voted = ask_voters(merged, pool, trained)
    task, docs, said, member_votes = voted.task, voted.docs, voted.said, voted.members
    right = read_gold(task, gold, docs) if gold is not None else {}
    asked = len(right)
    right = {i: known for i, known in right.items() if text_hash(docs[i]) not in trained.gold}
    if asked and not right:
        raise DistillError(
            f"The members learned from all {counted(asked, 'document')} of {gold} that the pool has, and "
            "would judge themselves. Give gold that they have not seen, or none."
        )
    weights = _weights(options, merged.names, trained, task, said, member_votes, right)
    report = RelabelReport(task.items, task.places, weights, merged.left_out)
    report.gold, report.learned_gold = len(right), asked - len(right)
    before: list[dict[str, Counts]] = []
    after: list[dict[str, Counts]] = []
    results: list[VoteResult] = []
    agreed: list[VoteResult | None] = []
    for i, (doc, by_view, votes_of) in enumerate(zip(docs, said, member_votes, strict=True)):
        voting = {name: one for name, one in by_view.items() if one.usable}
        first = next(iter(by_view.values()), None)
        votes = [weights[name] for name in voting]
        votes += [weights[name] * w for name, w in zip(votes_of.names, votes_of.weights, strict=True)]
        annotations = [*voting.values(), *votes_of.annotations.values()]
        # Where no teacher says anything, what members reject is not known.
        silent = first is None or not first.usable
        result = task.combine(
            annotations, UNKNOWN if silent and options.undecided == TEACHER else options.rule, votes
        )
        task.write(set_task(doc, task.name), result.annotation)
        results.append(result)
        agreed.append(
            task.combine(list(votes_of.annotations.values()), HALF, votes_of.weights)
            if votes_of.annotations
            else None
        )
        task.keep_items(doc, VOTES, result.shares)
        record(doc)[RELABELLED] = {
            "committee": str(trained.folder),
            "voters": (*voting, *votes_of.annotations),
            "undecided": options.undecided,
        }
        report.learned += votes_of.learned
        report.add(first, result.annotation)
        if (known := right.get(i)) is not None:
            before.append(task.counts(known, first) if first is not None else {})
            after.append(task.counts(known, result.annotation))
    by_gold = _by_gold(docs, results, right)
    sure = by_gold or [trained.confidence(*both) for both in zip(results, agreed, strict=True)]
    for doc, found in zip(docs, sure, strict=True):
        task.keep_items(doc, CONFIDENCE, found)
    if gold is not None:
        report.before, report.after = add_counts(before), add_counts(after)
        rated = [one for i, known in right.items() for one in rate(known, sure[i])]
        report.calibration_error = calibration_error(rated)
        report.calibrated = by_gold is not None
    write_docs(docs, out)
    return report


def _by_gold(
    docs: Sequence[Doc], results: Sequence[VoteResult], right: Mapping[int, Annotation]
) -> list[dict[Item, float]] | None:
    """The chance that each chosen item is right, learned from gold of the pool; None where it is too little.

    Where gold is known, chances are learned from the gold of other articles: its own would flatter them.
    """
    shares = [{item: result.shares.get(item, 0.0) for item in result.annotation.items} for result in results]
    rated = {i: rate(known, shares[i]) for i, known in right.items()}
    rated = {i: some for i, some in rated.items() if some}
    articles = {article_id(docs[i]) or f"document {i}" for i in rated}
    if sum(map(len, rated.values())) < ENOUGH or len(articles) < FOLDS:
        return None
    fold_of = dict(zip(rated, folds_of([docs[i] for i in rated], FOLDS, 0), strict=True))
    chance = {
        fold: calibrate(one for i, some in rated.items() if fold_of[i] != fold for one in some)
        for fold in (None, *range(FOLDS))
    }
    return [
        {item: chance[fold_of.get(i)](share) for item, share in found.items()}
        for i, found in enumerate(shares)
    ]


def _weights(
    options: RelabelOptions,
    views: Sequence[str],
    trained: Committee,
    task: Task,
    said: Sequence[Mapping[str, Annotation]],
    member_votes: Sequence[MemberVotes],
    right: Mapping[int, Annotation],
) -> dict[str, float]:
    """The weight of each voter by its name: views first."""
    members = list(dict.fromkeys(member.name for member in trained.members))
    kinds = {**dict.fromkeys(views, TEACHER), **dict.fromkeys(members, MEMBER)}
    if isinstance(options.weights, str):
        if not right:
            raise DistillError("Weights are learned from gold: give gold of some of the documents.")
        counted = {name: _precision(task, _of(name, said, member_votes), right) for name in kinds}
        # The log odds that an item is right: independent voters would add these.
        return {name: min(MOST, max(LEAST, math.log(p / (1 - p)))) for name, p in counted.items()}
    if unknown := sorted(set(options.weights) - {*kinds, MEMBER, TEACHER}):
        raise DistillError(
            f"There is no voter {', '.join(unknown)} to weigh. There are {', '.join(kinds)}; {MEMBER} and "
            f"{TEACHER} stand for all of a kind."
        )
    return {name: options.weights.get(name, options.weights.get(kind, 1.0)) for name, kind in kinds.items()}


def _of(
    name: str, said: Sequence[Mapping[str, Annotation]], member_votes: Sequence[MemberVotes]
) -> Iterable[tuple[int, Annotation]]:
    """What a voter says, by number of the document."""
    for i, (by_view, votes_of) in enumerate(zip(said, member_votes, strict=True)):
        if name in by_view:
            yield i, by_view[name]
        members = zip(votes_of.names, votes_of.annotations.values(), strict=True)
        yield from ((i, one) for voter, one in members if voter == name)


def _precision(task: Task, said: Iterable[tuple[int, Annotation]], right: Mapping[int, Annotation]) -> float:
    """The share of a voter's items that gold has, as if two more were known, one of them right."""
    counts = micro(add_counts(task.counts(right[i], one) for i, one in said if i in right))
    return (counts.tp + 1) / (counts.tp + counts.fp + 2)


def f1(counts: Mapping[str, Counts]) -> float:
    """Micro F1 of counts by label, in [0, 1]."""
    return prf(micro(counts)).f
