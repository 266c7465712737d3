"""What teachers' views and a committee say of the documents of a pool, and how far they disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from spacy.tokens import Doc

from ..corpus.provenance import LABELS, record
from ..tasks.annotation import Annotation
from ..tasks.base import Task
from .committee import Committee, MemberVotes
from .vote import MergedViews

NOBODY = MemberVotes({}, [], [], False)


@dataclass(frozen=True)
class VotedPool:
    """The documents of a pool, and what is said of each.

    task: what is annotated.
    views: names of the teachers' views that vote.
    labels: all labels that anybody uses or knows, sorted.
    docs: the documents.
    said: what each view says of a document.
    members: what the members of a committee say of it.
    """

    task: Task
    views: Sequence[str]
    labels: Sequence[str]
    docs: Sequence[Doc]
    said: Sequence[dict[str, Annotation]]
    members: Sequence[MemberVotes]

    def votes(self, i: int) -> tuple[dict[str, Annotation], list[float]]:
        """The annotations of a document that say something, by name, and the votes of each: views first."""
        found = {name: (one, 1.0) for name, one in self.said[i].items()}
        members = zip(self.members[i].annotations.items(), self.members[i].weights, strict=True)
        found.update({name: (one, weight) for (name, one), weight in members})
        usable = {name: vote for name, vote in found.items() if vote[0].usable}
        return {name: one for name, (one, _) in usable.items()}, [weight for _, weight in usable.values()]

    def disagreement(self, i: int) -> float:
        """How far the votes on a document differ, in items: 0 where fewer than two say something."""
        annotations, weights = self.votes(i)
        return disagreement(list(annotations.values()), weights)


def ask_voters(merged: MergedViews, pool: Path, committee: Committee | None) -> VotedPool:
    """Let a committee vote beside the views of a pool.

    merged: the pool's views.
    pool: where they are from, for messages.
    committee: None: the views alone.
    RAISES DistillError: if the committee is of another task, knows fewer labels than the views use, or does
        not fit the documents.
    """
    docs, said = map(list, zip(*merged.docs, strict=True))
    labels = {item.label for views in said for one in views.values() for item in one.items}
    labels.update(label for doc in docs for label in record(doc).get(LABELS, ()))
    if committee is None:
        return VotedPool(merged.task, merged.names, sorted(labels), docs, said, [NOBODY] * len(docs))
    committee.check_fits(merged.task.name, str(pool), labels if merged.names else ())
    members = list(committee.ask(docs))
    return VotedPool(merged.task, merged.names, sorted(labels | set(committee.labels)), docs, said, members)


def disagreement(annotations: Sequence[Annotation], weights: Sequence[float]) -> float:
    """In how many items two annotations of a document differ, on average over all pairs by their weights.

    What touches a place of which one of the two says nothing is no difference.

    RETURNS: a number of items, 0 or more; 0 for fewer than two annotations.
    """
    differing = total = 0.0
    for (a, v), (b, w) in combinations(list(zip(annotations, weights, strict=True)), 2):
        items = set(a.items) ^ set(b.items)
        differing += v * w * sum(not a.touches_missing(i) and not b.touches_missing(i) for i in items)
        total += v * w
    return differing / total if total else 0.0
