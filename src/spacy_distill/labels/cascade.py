"""A cascade: the teacher labels what a committee disputes most, the committee the rest."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, write_docs
from ..corpus.files import check_outputs, check_writable
from ..corpus.provenance import CONFIDENCE, VOTES, record
from ..errors import DistillError
from ..tasks.base import find_task, set_task
from ..teacher.annotate import AnnotationReport, annotate, check_source
from ..teacher.run_statistics import RunStatistics
from ..teacher.teacher import bare, load_teacher
from .committee import HALF, Committee, MemberVotes, read_committee
from .select import SpendingLimit, by_value, choose, word_count
from .voters import disagreement

# The view of a document that a committee labelled; who labelled it stands in its record.
COMMITTEE_VIEW, LABELLED_BY = "committee", "labelled_by"


@dataclass
class CascadeReport:
    """What became of a corpus.

    asked: what became of the documents that the teacher was asked about; its number is that of all written.
    documents, words: what it was asked about; of_documents, of_words: of the corpus.
    disagreement: the share of all disagreement in them, in [0, 1].
    learned: documents that members labelled that had learned from them.
    """

    asked: AnnotationReport
    documents: int
    words: int
    of_documents: int
    of_words: int
    disagreement: float
    learned: int


def annotate_disputed(
    config: Path,
    source: Path,
    out: Path,
    committee: Path,
    share: float,
    *,
    watch: Callable[[RunStatistics], AbstractContextManager[object]] = nullcontext,
    overrides: Mapping[str, Any] = {},
    **asking: Any,
) -> CascadeReport:
    """Let a teacher label the documents that a committee's members dispute most, and the committee the rest.

    What no two members differ in is never asked of the teacher.

    Each document's record says under "labelled_by" whose label it has: the teacher's view, or "committee".
    Nothing is written as long as answers of batches are to come, or if the run was stopped before the first
    answer.

    config, source, out, overrides, watch: as of `annotate`; so are the further arguments.
    committee: a committee's folder; it has the teacher's labels.
    share: of the words of the corpus, above 0 and at most 1, that the teacher is asked about.
    RAISES DistillError: as `annotate` does; if nothing is disputed, the share allows no disputed document, or
        committee and teacher know different labels.
    """
    check_outputs([out], [config, source, committee])
    if not 0 < share <= 1:
        raise DistillError(f"The share is {share}. Give more than 0 and at most 1, such as 0.2 of the words.")
    check_source(source)
    check_writable(out)
    trained = read_committee(committee)
    teacher = load_teacher(config, overrides)
    check_outputs([out], teacher.files)
    trained.check_same(teacher.task.task, teacher.task.labels, str(config))
    docs = [bare(doc) for doc in read_docs(source, Vocab())]
    votes = list(trained.ask(docs))
    values = [disagreement(list(one.annotations.values()), one.weights) for one in votes]
    words = [max(1, word_count(doc)) for doc in docs]
    chosen = _most_disputed(docs, values, words, share)
    with TemporaryDirectory(prefix=".disputed-", dir=out.parent) as scratch:
        disputed, answered = Path(scratch) / "disputed.spacy", Path(scratch) / "answered.spacy"
        write_docs((docs[i] for i in chosen), disputed)
        asked = annotate(config, disputed, answered, overrides=overrides, watch=watch, **asking)
        if asked.written:
            said = dict(zip(chosen, read_docs(answered, docs[0].vocab), strict=True))
            asked.documents = write_docs(_labelled(trained, docs, votes, said, teacher.task.view), out)
    return CascadeReport(
        asked,
        len(chosen),
        sum(words[i] for i in chosen),
        len(docs),
        sum(words),
        sum(values[i] for i in chosen) / (sum(values) or 1.0),
        sum(one.learned for i, one in enumerate(votes) if i not in set(chosen)),
    )


def _most_disputed(
    docs: Sequence[Doc], values: Sequence[float], words: Sequence[int], share: float
) -> list[int]:
    """The positions of the documents that the teacher is asked about, in their order."""
    disputed = [i for i in by_value(values, words) if values[i] > 0]
    if not disputed:
        raise DistillError(
            f"The members agree on all of the {len(docs):,} documents: there is nothing to ask the teacher. "
            "`spacy-distill relabel` labels them with the committee alone."
        )
    # The advice below, taken, must do: 0.57 of 100 words are 56.99999999999999 otherwise.
    limit, shortest = round(share * sum(words), 6), min(words[i] for i in disputed)
    if shortest > limit:
        enough = math.ceil(1e4 * shortest / sum(words)) / 1e4
        raise DistillError(
            f"A share of {share:g} is {limit:,.1f} of {sum(words):,} words, and the shortest disputed "
            f"document has {shortest:,}. Give --share {enough:g}, or more."
        )
    return sorted(choose(docs, disputed, words, SpendingLimit(limit, "words"), repeats=True).chosen)


def _labelled(
    trained: Committee, docs: list[Doc], votes: list[MemberVotes], answered: Mapping[int, Doc], view: str
) -> Iterator[Doc]:
    """All documents in their order: what the teacher labelled, and the others as the committee votes."""
    task = find_task(trained.task)
    for i, (doc, said) in enumerate(zip(docs, votes, strict=True)):
        if i in answered:
            record(answered[i])[LABELLED_BY] = view
            yield answered[i]
            continue
        result = task.combine(list(said.annotations.values()), HALF, said.weights)
        task.write_view(doc, COMMITTEE_VIEW, result.annotation, {"model": str(trained.folder), "state": "ok"})
        task.write(set_task(doc, task.name), result.annotation)
        task.keep_items(doc, VOTES, result.shares)
        task.keep_items(doc, CONFIDENCE, trained.confidence(result))
        record(doc)[LABELLED_BY] = COMMITTEE_VIEW
        yield doc
