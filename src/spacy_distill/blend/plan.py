"""The plan of a run: what its corpora have, the share at every step, and what training is going to see."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from spacy.tokens import DocBin
from spacy.util import registry
from spacy.vocab import Vocab

from ..corpus.docbin import named_damage, read_docs, read_shard, shard_paths
from ..errors import DistillError, Share, refusal
from ..tasks.base import Task, task_of
from .schedules import draw_shares, fill_shares

GOLD = "gold"
EMPTY, UNANNOTATED, TOO_LONG = "empty", "unannotated", "too_long"
READER = ("corpora", "train")
BY_SEQUENCE, BY_WORDS = "spacy.batch_by_sequence.v1", "spacy.batch_by_words.v1"


@dataclass
class SourceCounts:
    """What a corpus has for training.

    task: what its annotation is.
    documents: usable documents: they have tokens and annotation, and are not too long.
    words: tokens of the usable documents.
    skipped: the other documents, by reason: "empty", "unannotated" or "too_long".
    labels: how many places of the usable documents each label has.
    """

    task: Task
    documents: int = 0
    words: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def skipped_text(self) -> str:
        """The documents that are not usable in words, "3 empty, 12 unannotated"; empty if there are none."""
        return ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())

    def add(self, docbin: DocBin, max_length: int) -> None:
        """Count the documents of a shard."""
        for words, labels in self.task.doc_counts(docbin):
            if not words:
                self.skipped[EMPTY] += 1
            elif max_length and words > max_length:
                self.skipped[TOO_LONG] += 1
            elif labels is None:
                self.skipped[UNANNOTATED] += 1
            else:
                self.documents += 1
                self.words += words
                self.labels.update(labels)


def scan(path: Path, line: Sequence[str], max_length: int = 0) -> SourceCounts:
    """Count the documents of a `.spacy` file or folder, one shard in memory at a time.

    line: the line of the config that names the corpus.
    max_length: documents of more tokens are not usable; 0 for no limit.
    RAISES ConfigValidationError: if there is nothing to read, or a file is not a DocBin.
    """
    try:
        shards = shard_paths(path)
        first_docs = (doc for shard in shards for doc in islice(read_docs(shard, Vocab()), 1))
        counts = SourceCounts(task_of(islice(first_docs, 1)))
        for shard in shards:
            with named_damage(shard):
                counts.add(read_shard(shard), max_length)
    except DistillError as error:
        raise refusal(str(error), line, "A corpus cannot be read") from error
    return counts


@dataclass
class Exposure:
    """Examples and words that are drawn from one source."""

    examples: int = 0
    words: int = 0


@dataclass
class BlendPlan:
    """What a run is going to draw.

    shares: the share of distilled examples at each step; training makes `max_steps + 1`.
    sources: the corpora that some share asks for, by name; gold has the name "gold".
    counts: what each of them has.
    weights: how the distilled sources split the share; they add up to 1.
    """

    shares: list[float]
    sources: dict[str, Path]
    counts: dict[str, SourceCounts]
    weights: dict[str, float]

    def source_shares(self, step: int) -> dict[str, float]:
        """Each source's share at a step."""
        share = self.shares[min(step, len(self.shares) - 1)]
        parts = {name: share * weight for name, weight in self.weights.items()}
        return {**parts, GOLD: 1.0 - share} if GOLD in self.sources else parts

    def one_pass(self) -> int:
        """How many draws at the share of the first step use up no source."""
        limits = [self.counts[name].documents / part for name, part in self.source_shares(0).items() if part]
        return max(1, round(min(limits)))

    def batch_sizes(self, batcher: Mapping[str, Any]) -> list[float]:
        """Documents of each step; empty for a batcher that does not say.

        batcher: the section [training.batcher].
        """
        size, by = batcher.get("size"), batcher.get("@batchers")
        if by not in (BY_SEQUENCE, BY_WORDS):
            return []
        if isinstance(size, Mapping):
            size = registry.resolve({"size": dict(size)})["size"]
        sizes = repeat(size) if isinstance(size, int) else iter(size or ())
        given = [float(n) for n in islice(sizes, len(self.shares))]
        if by == BY_SEQUENCE:
            return given
        lengths = {name: self._mean_words(name) for name in self.sources}
        shares = map(self.source_shares, range(len(given)))
        return [
            words / sum(part * lengths[name] for name, part in of_step.items())
            for words, of_step in zip(given, shares, strict=True)
        ]

    def exposures(self, sizes: Sequence[float]) -> dict[str, Exposure]:
        """About how many examples and words are going to be drawn from each source; empty without sizes.

        sizes: documents of each step.
        """
        totals = dict.fromkeys(self.sources if sizes else (), 0.0)
        for step, size in enumerate(sizes):
            for name, share in self.source_shares(step).items():
                totals[name] += size * share
        return {
            name: Exposure(round(total), round(total * self._mean_words(name)))
            for name, total in totals.items()
        }

    def phase(self, name: str) -> tuple[int, int]:
        """The first and the last step that draw from a source."""
        steps = range(len(self.shares))
        first = next(step for step in steps if self.source_shares(step)[name])
        last = next(step for step in reversed(steps) if self.source_shares(step)[name])
        return first, last

    def _mean_words(self, name: str) -> float:
        return self.counts[name].words / self.counts[name].documents


def make_plan(
    share: object,
    max_steps: int,
    gold: Path | None,
    distilled: Mapping[str, Path],
    weights: Mapping[str, float] | None = None,
    max_length: int = 0,
) -> BlendPlan:
    """Draw the shares of a run, and count the corpora that they ask for.

    share: a schedule, or a number.
    max_steps: the `max_steps` of training.
    distilled: the distilled corpora by name.
    weights: how the share is split among them; None: by documents.
    max_length: longer documents are left out; 0 for no limit.
    RAISES ConfigValidationError: if a share is out of range, or asks for a corpus that is missing, empty or
        cannot be read.
    """
    drawn = draw_shares(share, max_steps)
    sources = _needed(drawn, gold, distilled, weights)
    counts = {}
    for name, path in sources.items():
        line = GOLD if name == GOLD else "distilled"
        counts[name] = scan(path, (*READER, line), max_length)
        if not counts[name].documents:
            found = counts[name].skipped_text() or "it is empty"
            raise _missing(
                line, f"asks for {name} examples, but {path} has no document to train on ({found})"
            )
    documents = {name: counts[name].documents for name in sources if name != GOLD}
    in_gold = counts[GOLD].documents if GOLD in counts else 0
    shares = fill_shares(drawn, distilled=sum(documents.values()), gold=in_gold)
    chosen = {name: float(weights[name] if weights else documents[name]) for name in documents}
    total = sum(chosen.values())
    return BlendPlan(shares, sources, counts, {name: weight / total for name, weight in chosen.items()})


def _needed(
    drawn: Iterable[Share],
    gold: Path | None,
    distilled: Mapping[str, Path],
    weights: Mapping[str, float] | None,
) -> dict[str, Path]:
    wanted = set(drawn)
    needed: dict[str, Path] = {}
    if any(share is None or share > 0.0 for share in wanted):
        if not distilled:
            raise _missing("distilled", "asks for distilled examples, but no distilled corpus is given")
        needed.update({name: path for name, path in distilled.items() if weights is None or weights[name]})
    if any(share is None or share < 1.0 for share in wanted):
        if gold is None:
            raise _missing("gold", "asks for gold examples, but no gold corpus is given")
        needed[GOLD] = gold
    return needed


def _missing(key: str, what: str) -> Exception:
    message = f"the share schedule {what}. Set {key} in [paths], or change the share."
    return refusal(message, (*READER, key), "The share asks for a source that is not there")
