"""A committee: several pipelines of one task, and what they say together of a document."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import srsly
from spacy.tokens import Doc

from ..configs import load_pipeline
from ..corpus.files import read_json
from ..corpus.provenance import CONFIDENCE, LABELS, record
from ..errors import DistillError, counted
from ..tasks.annotation import Annotation, Item
from ..tasks.base import Task, find_task
from ..tasks.votes import VoteResult, VoteRule
from ..training.fast_prediction import speed_up_prediction
from .confidence import Calibration

# The file that makes a folder a committee.
COMMITTEE = "committee.json"
BATCH = 64
# How members vote among themselves.
HALF = VoteRule("half", "O")


@dataclass(frozen=True)
class Member:
    """One pipeline of a committee.

    name: the arm and the seed that it was trained with, for instance "cosine/seed-0"; members of different
        folds share it, and have one vote together.
    path: its folder, within the committee's.
    fold: the fold of distilled documents that it did not learn from; None: it learned from all or none.
    distilled: whether it learned from distilled documents at all.
    score: its micro F1 on dev, in [0, 1].
    """

    name: str
    path: str
    fold: int | None = None
    distilled: bool = True
    score: float = 0.0

    def learned(self, fold: int | None) -> bool:
        """Whether it learned from the distilled documents of a fold; None: the fold of all others."""
        return self.distilled and fold is not None and fold != self.fold


class MemberVotes(NamedTuple):
    """What a committee says of a document.

    annotations: by name of a member; of members that share a name, those that did not learn from it.
    names: the name of each without its fold, in the same order.
    weights: the votes of each, in the same order.
    learned: whether some of them learned from the document.
    """

    annotations: dict[str, Annotation]
    names: list[str]
    weights: list[float]
    learned: bool


@dataclass(frozen=True)
class Committee:
    """Pipelines that were trained for the same labels.

    folder: where it is.
    task: name of the task.
    labels: the labels that its members know.
    members: its pipelines, at least two.
    folds: the fold of each distilled document that members learned from, by its text's hash.
    calibration: how often a share of the votes is right, learned on dev; None without.
    gold: the gold documents that members learned from, by their texts' hashes.
    """

    folder: Path
    task: str
    labels: Sequence[str]
    members: Sequence[Member]
    folds: Mapping[str, int] = field(default_factory=dict)
    calibration: Calibration | None = None
    gold: Collection[str] = ()

    def confidence(self, result: VoteResult, agreed: VoteResult | None = None) -> dict[Item, float]:
        """How sure each chosen item is: its share of the members' votes, as a chance where dev taught how.

        agreed: what the members say together; None: they alone voted.
        """
        how, shares = self.calibration or float, (agreed or result).shares
        return {item: float(how(shares.get(item, 0.0))) for item in result.annotation.items}

    def voters(self, doc: Doc) -> list[Member]:
        """The members that vote on a document: of one name those that did not learn from it, if any."""
        fold = self.folds.get(text_hash(doc))
        by_name: dict[str, list[Member]] = {}
        for member in self.members:
            by_name.setdefault(member.name, []).append(member)
        return [
            member
            for some in by_name.values()
            for member in ([one for one in some if not one.learned(fold)] or some)
        ]

    def check_fits(self, task: str, name: str, labels: Iterable[str]) -> None:
        """Refuse documents of another task, and labels that the members could only vote against.

        task: name of the task.
        name: what has the task and the labels, for the message.
        RAISES DistillError: if the committee does not fit them.
        """
        if task != self.task:
            raise DistillError(
                f"{name} is of the task {task!r}, the committee {self.folder} of {self.task!r}."
            )
        if unknown := sorted(set(labels) - set(self.labels)):
            raise DistillError(
                f"The members know no {', '.join(unknown)}, so they would outvote every one of them. They "
                f"know {', '.join(self.labels)}. Train the committee with the labels of {name}."
            )

    def check_same(self, task: str, labels: Iterable[str], name: str) -> None:
        """Refuse a teacher of other labels: documents would get these or those, by who labels them.

        task: name of the teacher's task.
        name: what has the task and the labels, for the message.
        RAISES DistillError: if it is of another task, or there is a label that only one of them knows.
        """
        self.check_fits(task, name, labels)
        if alone := sorted(set(self.labels) - set(labels)):
            raise DistillError(
                f"The committee {self.folder} knows {', '.join(alone)}, which {name} does not ask for. Give "
                f"both the same labels; the teacher's are {', '.join(labels)}."
            )

    def set_labels(self, doc: Doc) -> None:
        """Let a document that says nothing of the labels that it may get have those that the members know."""
        record(doc)[LABELS] = record(doc).get(LABELS) or tuple(self.labels)

    def ask(self, docs: Sequence[Doc]) -> Iterator[MemberVotes]:
        """Let the members predict documents; one pipeline is in memory at a time.

        RAISES DistillError: if a member does not load, or has other tokens than the documents.
        """
        task = find_task(self.task)
        for doc in docs:
            self.set_labels(doc)
        voters = [self.voters(doc) for doc in docs]
        found: list[dict[Member, Annotation]] = [{} for _ in docs]
        for member in self.members:
            wanted = [i for i, some in enumerate(voters) if member in some]
            said = predict_documents(task, self.folder / member.path, [docs[i] for i in wanted])
            for i, annotation in zip(wanted, said, strict=True):
                found[i][member] = annotation
        for doc, answers in zip(docs, found, strict=True):
            yield self._votes(doc, answers)

    def _votes(self, doc: Doc, said: Mapping[Member, Annotation]) -> MemberVotes:
        fold = self.folds.get(text_hash(doc))
        names = [member.name for member in said]
        annotations, weights = {}, []
        for member, annotation in said.items():
            name = member.name if names.count(member.name) == 1 else f"{member.name}/fold-{member.fold}"
            annotations[name] = annotation
            weights.append(1 / names.count(member.name))
        learned = text_hash(doc) in self.gold or any(member.learned(fold) for member in said)
        return MemberVotes(annotations, names, weights, learned)


def predict_documents(task: Task, model: Path, docs: Sequence[Doc]) -> Iterator[Annotation]:
    """What a pipeline says of documents, in their own tokens.

    RAISES DistillError: if it does not load.
    """
    if not docs:
        return
    nlp = speed_up_prediction(load_pipeline(model))
    pairs = ((nlp.make_doc(doc.text), doc) for doc in docs)
    for found, doc in nlp.pipe(pairs, as_tuples=True, batch_size=BATCH):
        yield task.project(task.read(found), found, doc)


class CommitteePipeline:
    """A committee that predicts like one pipeline: each document gets what half of the votes or more say."""

    def __init__(self, committee: Committee) -> None:
        self.committee = committee
        self.task = find_task(committee.task)
        paths = (committee.folder / member.path for member in committee.members)
        self.members = [speed_up_prediction(load_pipeline(path)) for path in paths]
        names = [member.name for member in committee.members]
        self.weights = [1 / names.count(name) for name in names]

    def make_doc(self, text: str) -> Doc:
        """A document without annotation."""
        return self.members[0].make_doc(text)

    @contextmanager
    def memory_zone(self) -> Iterator[None]:
        """What the members learn of new words within is forgotten afterwards."""
        with ExitStack() as zones:
            for nlp in self.members:
                zones.enter_context(nlp.memory_zone())
            yield

    def __call__(self, text: str) -> Doc:
        """Predict one document."""
        return next(self.pipe([self.make_doc(text)]))

    def pipe(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """Predict documents, and keep the confidence in each item."""
        docs = list(docs)
        for doc in docs:
            self.committee.set_labels(doc)
        said = []
        for nlp in self.members:
            found = zip(nlp.pipe([nlp.make_doc(doc.text) for doc in docs]), docs, strict=True)
            said.append([self.task.project(self.task.read(one), one, doc) for one, doc in found])
        for doc, annotations in zip(docs, zip(*said, strict=True), strict=True):
            result = self.task.combine(annotations, HALF, self.weights)
            self.task.write(doc, result.annotation)
            self.task.keep_items(doc, CONFIDENCE, self.committee.confidence(result))
            yield doc


def text_hash(doc: Doc) -> str:
    """What a document is recognised by, whatever its tokens."""
    return hashlib.sha256(doc.text.encode("utf8", "replace")).hexdigest()[:16]


def write_committee(committee: Committee) -> None:
    """Write what makes a folder a committee."""
    facts = {name: value for name, value in asdict(committee).items() if name != "folder"}
    srsly.write_json(committee.folder / COMMITTEE, facts, indent=1)


def _check(committee: Committee) -> None:
    """Refuse values of other kinds than those that `write_committee` writes."""
    for name, value, kind in (
        ("labels", committee.labels, list), ("folds", committee.folds, dict), ("gold", committee.gold, list),
        ("task", committee.task, str),
    ):  # fmt: skip
        if not isinstance(value, kind):
            raise ValueError(f"`{name}` is {value!r}")
    if (learned := committee.calibration) is not None:
        points = [*zip(learned.shares, learned.chances, strict=True)]
        if not points or not all(isinstance(value, float | int) for point in points for value in point):
            raise ValueError(f"`calibration` is {learned}")


def read_committee(folder: Path) -> Committee:
    """The committee of a folder.

    RAISES DistillError: if the folder has none, it is damaged, or it has fewer than two members.
    """
    place = Path(folder) / COMMITTEE
    if not place.is_file():
        raise DistillError(
            f"{folder} is no committee: it has no {COMMITTEE}. `spacy-distill committee` trains one."
        )
    facts: dict[str, Any] = read_json(place)
    try:
        members = [Member(**member) for member in facts.pop("members")]
        calibration = Calibration(**found) if (found := facts.pop("calibration")) else None
        committee = Committee(folder=Path(folder), members=members, calibration=calibration, **facts)
        _check(committee)
        committee = replace(committee, gold=frozenset(committee.gold))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise DistillError(f"{place} is damaged ({error}). Train the committee anew.") from error
    if len(members) < 2:
        raise DistillError(f"{folder} has {counted(len(members), 'member')}; a committee has at least two.")
    return committee
