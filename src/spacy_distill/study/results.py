"""The finished runs of a study, read back from disk, and their scores as flat rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..corpus.scores import Counts, add_counts, macro_f, micro, prf
from .matrix import Run
from .store import Store

LAST, BEST = "last", "best"
PerDoc = list[dict[str, Counts]]


@dataclass(frozen=True)
class Result:
    """A finished run.

    run (Run): The run.
    record (dict[str, Any]): Its `run.json`: steps, inputs, versions, seconds.
    scores (dict[str, Any]): Its `scores.json`: counts per document.
    """

    run: Run
    record: dict[str, Any]
    scores: dict[str, Any]

    def per_doc(self, name: str = "test", model: str = LAST) -> PerDoc:
        """Counts per label of each document of a corpus."""
        return [as_counts(row.get(model, {})) for row in self.scores["sets"][name]]

    def articles(self, name: str = "test") -> list[str | None]:
        """The article of each document of a corpus."""
        return [row["document"] for row in self.scores["sets"][name]]

    def total(self, name: str = "test", model: str = LAST) -> dict[str, Counts]:
        """Counts per label of a whole corpus."""
        return add_counts(self.per_doc(name, model))

    @cached_property
    def has_best(self) -> bool:
        """Whether model-best was scored."""
        return any(BEST in row for rows in self.scores["sets"].values() for row in rows)


def as_counts(row: Mapping[str, Sequence[int]]) -> dict[str, Counts]:
    """Counts as they stand in `scores.json`, as `Counts`."""
    return {label: Counts(*numbers) for label, numbers in row.items()}


def read_results(store: Store, runs: Iterable[Run]) -> list[Result]:
    """Read the finished runs among some.

    store (Store): The study's folder.
    runs (Iterable[Run]): The runs to look for.
    RETURNS (list[Result]): Those that are finished, in the same order.
    """
    found = []
    for run in runs:
        record = store.record(run.folder)
        if record is not None:
            found.append(Result(run, record, store.scores(run.folder)))
    return found


def score_row(counts: Mapping[str, Counts]) -> dict[str, Any]:
    """Precision, recall and F1 per label, micro and macro."""
    labels = {label: prf(count)._asdict() for label, count in sorted(counts.items())}
    return {"micro": prf(micro(counts))._asdict(), "macro_f": macro_f(counts), "labels": labels}


def result_rows(results: Iterable[Result]) -> list[dict[str, Any]]:
    """One flat row a run and corpus: what `scores.jsonl` holds."""
    rows = []
    for result in results:
        for name in result.scores["sets"]:
            row = {"run": str(result.run), **result.run.arm.record(), "seed": result.run.seed, "set": name}
            row["steps"] = result.record["steps"]
            row[LAST] = score_row(result.total(name))
            if result.has_best:
                row[BEST] = score_row(result.total(name, BEST))
            rows.append(row)
    return rows
