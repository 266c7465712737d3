"""Annotating a corpus in two passes: get every answer into the ledger, then make documents of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..corpus.docbin import count_docs, write_docs
from ..corpus.files import check_outputs
from ..corpus.provenance import views
from ..errors import DistillError
from ..tasks.base import set_task
from .batch import PendingBatches
from .budget import RunStatistics
from .pipeline import Teacher, load_teacher
from .replay import Asking, KeptAnswers


@dataclass
class AnnotationReport:
    """What became of a corpus.

    documents: How many there are.
    states: How many documents are in each state.
    missing: How many of them could have been asked about and have no answer yet.
    statistics: What was asked for it.
    pending: Batches whose answers are still to come.
    written: Whether there is a file now. There is none if answers are still to come from batches, or
        if the run was stopped before there was a single answer.
    """

    documents: int = 0
    states: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    statistics: RunStatistics = field(default_factory=RunStatistics)
    pending: PendingBatches | None = None
    written: bool = True


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

    config: The teacher's config.
    source: The corpus to annotate, a `.spacy` file or a folder of them. Its labels are not looked at.
    out: The `.spacy` file to write; it appears whole or not at all.
    overrides: Values to set in the config, by dotted names.
    max_cost: US dollars that may be spent; None for no limit.
    max_tokens: Tokens of prompts and answers that may be used; None for no limit.
    batch: Whether to ask by the provider's batch interface. As long as answers are to come, nothing is
        written; the same call collects them later.
    allow_missing: Whether a replay may leave documents unanswered.
    watch: Shows how the asking goes while it goes on.
    RETURNS: What became of the documents.
    RAISES DistillError: If anything is wrong with the config or the files, there is no API key, or a replay
        lacks answers. Nothing is written then.
    """
    source, out = Path(source), Path(out)
    check_outputs([out], [config, source])
    check_source(source)
    teacher = load_teacher(config, overrides)
    check_outputs([out], teacher.files)
    check_writable(out)
    model, documents = teacher.model, count_docs(source)
    statistics = RunStatistics(documents * model.samples)
    how = Asking(
        teacher.task.complaint, statistics, max_cost, max_tokens, batch, allow_missing, interruptible=True
    )
    with watch(statistics), closing(teacher.jobs(source)) as jobs:
        pending = model.get_answers(jobs, how)
    if pending or statistics.fruitless:
        return AnnotationReport(documents, statistics=statistics, pending=pending, written=False)
    return write(teacher, source, out, statistics)


def write(teacher: Teacher, source: Path, out: Path, statistics: RunStatistics) -> AnnotationReport:
    """Run the pipeline over the kept answers and write what it makes.

    RETURNS: What became of the documents.
    """
    report = AnnotationReport(statistics=statistics)
    kept = KeptAnswers(teacher.model.look_up)
    teacher.set_model(kept)

    def documents() -> Iterator[Doc]:
        for doc in teacher.nlp.pipe(teacher.read(source)):
            report.states[views(doc)[teacher.task.view]["state"]] += 1
            yield set_task(doc, teacher.task.task)

    report.documents = write_docs(documents(), out)
    report.missing = kept.missing
    return report


def check_source(source: Path) -> None:
    """Refuse a corpus without documents: nothing could come of it."""
    if not count_docs(source):
        raise DistillError(f"{source} holds no document. Make a corpus with `spacy-distill import`.")


def check_writable(out: Path) -> None:
    """Refuse a place that cannot be written to before a cent is spent."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe = out.with_name(f".{out.name}.probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DistillError(
            f"Cannot write {out}: {error.strerror}. Choose a place you may write to."
        ) from error
