"""The finished runs of a study, read back from disk, and their scores as flat rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...corpus.scores import Counts, add_counts, macro_f, micro, prf
from ..runs.matrix import Run

LAST, BEST = "last", "best"
TEST, HELDOUT = "test", "heldout"
Row = dict[str, Any]
ByArticle = dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class Result:
    """A finished run.

    run (Run): The run.
    record (dict[str, Any]): Its `run.json`: steps, inputs, versions, seconds.
    sets (dict[str, list[Row]]): Its counts by corpus, a row an article: see `score_models`, `article_rows`.
    blend (dict[str, Any]): What training saw: see `read_blend`.
    """

    run: Run
    record: dict[str, Any]
    sets: dict[str, list[Row]]
    blend: dict[str, Any] = field(default_factory=dict)

    def by_article(self, name: str = TEST, kind: str = LAST) -> ByArticle:
        """Numbers per label of each article of a corpus, articles in the corpus's order.

        A document without an article stands for itself.
        """
        return sum_rows(self.sets[name], kind)

    def total(self, name: str = TEST, kind: str = LAST) -> dict[str, Counts]:
        """Counts per label of a whole corpus."""
        return total_of(self.sets[name], kind)

    def has(self, kind: str, name: str = TEST) -> bool:
        """Whether a corpus was counted in this way."""
        return any(kind in row for row in self.sets.get(name, []))


def article_of(row: Row) -> str:
    """The article of a row: what is resampled as one."""
    return str(row["document"] if row.get("document") is not None else row["id"])


def sum_rows(rows: Iterable[Row], kind: str) -> ByArticle:
    """Sum the numbers of the documents of each article."""
    articles: ByArticle = {}
    for row in rows:
        total = articles.setdefault(article_of(row), {})
        for label, numbers in row.get(kind, {}).items():
            before = total.get(label)
            total[label] = [a + b for a, b in zip(before, numbers, strict=True)] if before else list(numbers)
    return articles


def total_of(rows: Iterable[Row], kind: str = LAST) -> dict[str, Counts]:
    """Counts per label of all rows."""
    return add_counts(
        {label: Counts(*numbers) for label, numbers in row.get(kind, {}).items()} for row in rows
    )


def article_rows(rows: list[Row]) -> list[Row]:
    """Rows a document as rows an article: all that statistics need, and a fraction of the size."""
    kinds = sorted({key for row in rows for key in row} - {"id", "document"})
    sums = {kind: sum_rows(rows, kind) for kind in kinds}
    return [
        {"document": article, **{kind: sums[kind][article] for kind in kinds}}
        for article in sum_rows(rows, LAST)
    ]


def score_row(counts: Mapping[str, Counts]) -> dict[str, Any]:
    """Precision, recall and F1 per label, micro and macro."""
    labels = {label: prf(count)._asdict() for label, count in sorted(counts.items())}
    return {"micro": prf(micro(counts))._asdict(), "macro_f": macro_f(counts), "labels": labels}


def result_rows(results: Iterable[Result]) -> list[Row]:
    """One flat row a run and corpus: what `scores.jsonl` holds."""
    rows = []
    for result in results:
        for name in result.sets:
            row = {"run": str(result.run), **result.run.arm.record(), "seed": result.run.seed, "set": name}
            row["steps"] = result.record["steps"]
            row[LAST] = score_row(result.total(name))
            if result.has(BEST, name):
                row[BEST] = score_row(result.total(name, BEST))
            rows.append(row)
    return rows
