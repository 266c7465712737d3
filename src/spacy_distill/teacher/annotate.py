"""Annotating a corpus in two passes: get every answer into the ledger, then make documents of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..corpus.docbin import count_docs, write_docs
from ..corpus.provenance import views
from ..errors import DistillError
from .batch import Waiting
from .budget import Budget, Tally
from .ledger.replay import KeptAnswers, Replay
from .models import ChatModel
from .pipeline import Teacher, load_teacher


@dataclass
class Report:
    """What became of a corpus.

    documents: How many there are.
    states: How many documents are in each state.
    missing: How many of them could have been asked about and have no answer yet.
    tally: What was asked for it.
    waiting: Batches whose answers are still to come.
    written: Whether there is a file now. There is none if answers are still to come from batches, or
        if the run was stopped before there was a single answer.
    """

    documents: int = 0
    states: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    tally: Tally = field(default_factory=Tally)
    waiting: Waiting | None = None
    written: bool = True


@dataclass(frozen=True)
class Spending:
    """What an annotation may use: US dollars, and tokens of prompts and answers; None for no limit."""

    max_cost: float | None = None
    max_tokens: int | None = None


def annotate(
    config: Path,
    source: Path,
    out: Path,
    *,
    overrides: Mapping[str, Any],
    spending: Spending = Spending(),
    batch: bool = False,
    allow_missing: bool = False,
    watch: Callable[[Tally], AbstractContextManager[object]] = nullcontext,
) -> Report:
    """Annotate a corpus with the teacher of a config.

    config: The teacher's config.
    source: The corpus to annotate, a `.spacy` file or a folder of them. Its labels are not looked at.
    out: The `.spacy` file to write; it appears whole or not at all.
    overrides: Values to set in the config, by dotted names.
    spending: What may be spent on it.
    batch: Whether to ask by the provider's batch interface. As long as answers are to come, nothing is
        written; the same call collects them later.
    allow_missing: Whether a replay may leave documents unanswered.
    watch: Shows how the asking goes while it goes on.
    RETURNS: What became of the documents.
    RAISES DistillError: If anything is wrong with the config or the files, there is no API key, or a replay
        lacks answers. Nothing is written then.
    """
    check_source(source)
    check_out(source, out)
    teacher = load_teacher(config, overrides)
    tally = Tally()
    if isinstance(teacher.model, Replay):
        if batch:
            raise DistillError("--batch asks a model, but the config's model is a Replay. Leave --batch out.")
        tally.kept = check_replay(teacher, teacher.model, source, allow_missing=allow_missing)
    elif isinstance(teacher.model, ChatModel):
        waiting = ask(
            teacher, teacher.model, source, spending=spending, batch=batch, tally=tally, watch=watch
        )
        if waiting or tally.fruitless:
            return Report(count_docs(source), tally=tally, waiting=waiting, written=False)
    else:
        raise DistillError(
            f"{config}: annotating needs @llm_models spacy_distill.ChatModel.v1 or spacy_distill.Replay.v1; "
            f"components.{teacher.name}.model is a {type(teacher.model).__name__}."
        )
    report = write(teacher, source, out)
    report.tally = tally
    return report


def ask(
    teacher: Teacher,
    model: ChatModel,
    source: Path,
    *,
    spending: Spending,
    batch: bool,
    tally: Tally,
    watch: Callable[[Tally], AbstractContextManager[object]],
) -> Waiting | None:
    """The first pass: get what the ledger lacks.

    RETURNS: Batches whose answers are still to come.
    """
    settings = model.settings
    prices = settings.prices.of_batches() if settings.prices and batch else settings.prices
    budget = Budget(
        prices, max_cost=spending.max_cost, max_tokens=spending.max_tokens, longest=settings.longest
    )
    complaint = teacher.task.complaint
    tally.total = count_docs(source) * settings.samples
    with watch(tally), closing(teacher.jobs(source)) as jobs:
        if batch:
            return model.batch(jobs, budget=budget, complaint=complaint, tally=tally)
        model.ask(jobs, budget=budget, complaint=complaint, tally=tally, interruptible=True)
    return None


def write(teacher: Teacher, source: Path, out: Path) -> Report:
    """The second pass: run the pipeline over the kept answers and write what it makes.

    RETURNS: What became of the documents.
    """
    report = Report()
    kept = KeptAnswers(teacher.model.look_up)
    teacher.set_model(kept)

    def counted() -> Iterator[Doc]:
        for doc in teacher.nlp.pipe(teacher.read(source)):
            report.states[views(doc)[teacher.task.view]["state"]] += 1
            yield doc

    report.documents = write_docs(counted(), out)
    report.missing = kept.missing
    return report


def check_replay(teacher: Teacher, model: Replay, source: Path, *, allow_missing: bool) -> int:
    """Refuse a replay that lacks answers, before anything is written.

    RETURNS: How many answers there are.
    """
    kept = KeptAnswers(model.look_up)
    for doc in teacher.prepared(teacher.read(source)):
        kept.answer(teacher.task.render(doc))
    if kept.missing and not allow_missing:
        raise DistillError(model.explain_missing(kept.missing, kept.asked))
    return kept.asked - kept.missing


def check_source(source: Path) -> None:
    """Refuse a corpus without documents: nothing could come of it."""
    if not count_docs(source):
        raise DistillError(f"{source} holds no document. Make a corpus with `spacy distill import`.")


def check_out(source: Path, out: Path) -> None:
    """Refuse a place that cannot be written to before a cent is spent."""
    out = Path(out)
    if out.exists() and Path(source).exists() and out.samefile(source):
        raise DistillError(f"{out} is the corpus that is read. Choose another file to write to.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe = out.with_name(f".{out.name}.probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DistillError(
            f"Cannot write {out}: {error.strerror}. Choose a place you may write to."
        ) from error
