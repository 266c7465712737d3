"""Annotating a corpus in two passes: get every answer into the ledger, then make documents of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..corpus.docbin import count_docs, write_docs
from ..corpus.files import check_outputs, check_writable
from ..corpus.provenance import views
from ..errors import DistillError, shorten
from ..tasks.base import Task, find_task, set_task
from ..tasks.votes import SAMPLE
from .batch import PendingBatches
from .ledger.entry import Entry
from .model import Asking, KeptAnswers
from .run_statistics import RunStatistics
from .teacher import Teacher, load_teacher

# Characters of an answer that is quoted.
QUOTED = 60


@dataclass(frozen=True)
class Reason:
    """Why answers, or parts of them, came to nothing.

    what: the reason; the first one, where only numbers differ.
    count: how often.
    key: the ledger's key of an answer that it is true of; empty if it has none.
    """

    what: str
    count: int
    key: str


@dataclass
class AnnotationReport:
    """What became of a corpus.

    documents: how many there are.
    states: how many documents are in each state.
    empty: how many of those that are "ok" have no label at all.
    reasons: why answers and candidates could not be used, or texts were cut, the commonest first.
    ledger: the file that has the answers.
    missing: how many of them could have been asked about and have no answer yet.
    statistics: what was asked for it.
    pending: batches whose answers are still to come.
    written: whether there is a file now. There is none if answers are still to come from batches, or
        if the run was stopped before there was a single answer.
    """

    documents: int = 0
    states: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    reasons: list[Reason] = field(default_factory=list)
    ledger: Path | None = None
    missing: int = 0
    statistics: RunStatistics = field(default_factory=RunStatistics)
    pending: PendingBatches | None = None
    written: bool = True

    @property
    def unusable(self) -> int:
        """Documents whose answers cannot be used, or that got none."""
        return sum(self.states[state] for state in ("truncated", "refused", "unparsable", "failed"))

    @property
    def warnings(self) -> list[str]:
        """What makes the corpus one that nothing good is learned from, most likely."""
        found, good = [], self.states["ok"]
        if self.unusable > good:
            found.append(
                f"{self.unusable:,} of {self.unusable + good:,} documents have no usable answer. They "
                "carry no labels, and a student would learn from the rest alone."
            )
        if self.empty > good / 2:
            found.append(
                f"{self.empty:,} of {good:,} usable answers left no label. If the texts hold what is asked "
                'for, a student would learn "nothing there": look at some answers, the labels and the prompt.'
            )
        return found


def annotate(
    config: Path,
    source: Path,
    out: Path,
    *,
    overrides: Mapping[str, Any] = {},
    max_cost: float | None = None,
    max_tokens: int | None = None,
    batch: bool = False,
    allow_missing: bool = False,
    watch: Callable[[RunStatistics], AbstractContextManager[object]] = nullcontext,
) -> AnnotationReport:
    """Annotate a corpus with the teacher of a config.

    config: the teacher's config.
    source: the corpus to annotate, a `.spacy` file or a folder of them. Its labels are not looked at.
    out: the `.spacy` file to write; it appears whole or not at all.
    overrides: values to set in the config, by dotted names.
    max_cost: US dollars that may be spent; None for no limit.
    max_tokens: tokens of prompts and answers that may be used; None for no limit.
    batch: whether to ask by the provider's batch interface. As long as answers are to come, nothing is
        written; the same call collects them later.
    allow_missing: whether a replay may leave documents unanswered.
    watch: shows how the asking goes while it goes on.
    RETURNS: what became of the documents.
    RAISES DistillError: if anything is wrong with the config or the files, there is no API key, or a replay
        lacks answers. Nothing is written then.
    """
    source, out = Path(source), Path(out)
    check_outputs([out], [config, source])
    check_source(source)
    teacher = load_teacher(config, overrides)
    check_outputs([out], teacher.files)
    check_writable(out)
    model, documents = teacher.model, count_docs(source)
    statistics = RunStatistics(documents * model.samples, destination=model.destination)
    how = Asking(
        teacher.task.complaint, statistics, max_cost, max_tokens, batch, allow_missing, interruptible=True
    )
    with watch(statistics), closing(teacher.jobs(source)) as jobs:
        pending = model.get_answers(jobs, how)
    if pending or statistics.got_nothing:
        return AnnotationReport(documents, statistics=statistics, pending=pending, written=False)
    return write(teacher, source, out, statistics)


def write(teacher: Teacher, source: Path, out: Path, statistics: RunStatistics) -> AnnotationReport:
    """Run the pipeline over the kept answers and write what it makes.

    RETURNS: what became of the documents.
    """
    model, view = teacher.model, teacher.task.view
    report = AnnotationReport(statistics=statistics, ledger=model.path)
    kept = KeptAnswers(model.look_up)
    teacher.set_model(kept)
    task = find_task(teacher.task.task)
    reasons = Reasons(model.entry, task)

    def documents() -> Iterator[Doc]:
        for doc in teacher.nlp.pipe(teacher.read(source)):
            state = views(doc)[view]["state"]
            report.states[state] += 1
            report.empty += state == "ok" and not task.read(doc).items
            samples = [facts for name, facts in views(doc).items() if name.startswith(view + SAMPLE)]
            for facts in samples or [views(doc)[view]]:
                reasons.add(facts)
            yield set_task(doc, teacher.task.task)

    report.documents = write_docs(documents(), out)
    report.reasons, report.missing = reasons.commonest(), kept.missing
    return report


class Reasons:
    """Counts why answers and parts of them came to nothing.

    find: gives what the ledger knows of an answer, by its key.
    task: what the answers are about.
    """

    def __init__(self, find: Callable[[str], Entry | None], task: Task) -> None:
        self._find = find
        self._task = task
        self._counts: Counter[str] = Counter()
        self._first: dict[str, tuple[str, str]] = {}

    def add(self, facts: Mapping[str, Any]) -> None:
        """Count what is the matter with one answer.

        facts: what a view keeps of it.
        """
        state, key = facts["state"], facts.get("key") or ""
        if state not in ("ok", "unanswered"):
            self._count(self._explain(state, key, facts.get("answer", "")), key)
        if facts.get("cut"):
            self._count("shown in part: the text is longer than max_words", key)
        for label, number in facts.get("unknown_labels", {}).items():
            self._count(f"dropped: the label {label!r} is none of those asked for", key, number)
        for reason, number in facts.get("dropped", {}).items():
            if number and reason != "unknown_label":
                self._count(
                    f"dropped: what is named is {self._task.dropped.get(reason, reason)}", key, number
                )

    def commonest(self) -> list[Reason]:
        """The reasons, the commonest first."""
        return [
            Reason(self._first[name][0], n, self._first[name][1]) for name, n in self._counts.most_common()
        ]

    def _explain(self, state: str, key: str, answer: str) -> str:
        entry = self._find(key) if key else None
        said = (entry.error or entry.finish_reason) if entry else None
        if state == "unparsable" and answer.strip():
            said = f"such as {shorten(answer, length=QUOTED)!r}"
        elif state == "truncated":
            said = "the answer breaks off" if said in (None, "stop") else f"the answer was cut off ({said})"
        return f"{state}: {said}" if said else state

    def _count(self, what: str, key: str, number: int = 1) -> None:
        # Servers number their requests, and each unparsable answer is another one: neither is another reason.
        name = "unparsable" if what.startswith("unparsable") else re.sub(r"\S*\d\S*", "", what)
        name = what if what.startswith("dropped") else name
        self._counts[name] += number
        self._first.setdefault(name, (what, key))


def check_source(source: Path) -> None:
    """Refuse a corpus without documents: nothing could come of it."""
    if not count_docs(source):
        raise DistillError(f"{source} holds no document. Make a corpus with `spacy-distill import`.")
