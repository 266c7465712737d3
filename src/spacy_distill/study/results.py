"""The finished runs of a study, read from its folder."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..blend.log import FILE_NAME, read_blend_log
from ..corpus.docbin import read_docs
from ..corpus.scores import Counts, add_counts, macro_f, micro, prf
from .config import Run, Study
from .corpora import HELDOUT_FILE, doc_key, heldout_teacher
from .lineage import Piece, View, trace, view_of
from .run import PREDICTIONS
from .store import Store

TRACEBACK = "Traceback (most recent call last):"
# Characters of a message that are shown; the log has the rest.
LONGEST = 300
# spaCy's number of an error, which tells what happened without the words that may quote a document.
CODE = re.compile(r"\[[EW]\d+\]")


def gist(error: str) -> str:
    """What went wrong: the exception that ended the run, and the beginning of its message."""
    said = " ".join(_last_words(error).split())
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def without_text(error: str) -> str:
    """What went wrong, without the message of an exception: it may quote the text of a document."""
    if TRACEBACK not in error:
        return gist(error)
    name, _, message = _last_words(error).partition(":")
    return " ".join([name.strip(), *CODE.findall(message)[:1]])


def _last_words(error: str) -> str:
    """The last exception of a traceback with its message; of other errors all."""
    if TRACEBACK not in error:
        return error
    lines = error.rpartition(TRACEBACK)[2].splitlines()
    # Its frames are indented.
    frames = itertools.takewhile(lambda line: not line or line[0].isspace(), lines)
    return "\n".join(lines[len(list(frames)) :])


LAST, BEST = "last", "best"
TEST, HELDOUT = "test", "heldout"
Row = dict[str, Any]
ByArticle = dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class Result:
    """A finished run.

    run: The run.
    record: Its `run.json`: steps, inputs, versions, seconds.
    sets: Its counts by corpus, a row an article: see `score_models`, `article_rows`.
    blend: What training saw: see `read_blend`.
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


# Steps that a curve keeps: enough for a drawing.
CURVE_POINTS = 100


def read_results(store: Store, runs: Mapping[Run, str], corpora: Path, study: Study) -> list[Result]:
    """Read the finished runs among some.

    store: The study's folder.
    runs: The runs to look for, with their fingerprints: what was made of other inputs is
        not read.
    corpora: The folder of the study's corpora: the lineage of errors is traced there.
    study: The study; runs without a teacher are compared with its first.
    RETURNS: Those that are finished, in the same order.
    """
    tracer = Tracer(corpora)
    found = []
    for run, fingerprint in runs.items():
        record = store.record(run.folder)
        if record is not None and record["fingerprint"] == fingerprint:
            sets = store.scores(run.folder)["sets"]
            place = store.root / run.folder
            labels = study.labels_of(run.arm.variant or study.variants[0], run.seed)
            tracer.add_lineage(sets.get(HELDOUT, []), place / PREDICTIONS, labels)
            # Statistics need no more than articles, and hundreds of runs have to fit into memory.
            articles = {name: article_rows(rows) for name, rows in sets.items()}
            found.append(Result(run, record, articles, read_blend(place / FILE_NAME)))
    return found


def read_blend(path: Path) -> dict[str, Any]:
    """What training saw, from its `blend.jsonl`.

    RETURNS: "exposures" by source, "documents" by source, "curve" of steps with
        "planned" and "share_total", "scores" of the evaluations; empty if the student's logger wrote none.
    """
    if not path.is_file():
        return {}
    record = read_blend_log(path)
    every = max(1, len(record.steps) // CURVE_POINTS)
    thinned = [line for i, line in enumerate(record.steps) if not i % every or i == len(record.steps) - 1]
    return {
        "exposures": record.end["exposures"] if record.end else record.exposures(),
        "documents": record.plan["documents"],
        "curve": [{key: line[key] for key in ("step", "planned", "share_total")} for line in thinned],
        "scores": [
            {"step": line["step"], "score": line["score"]} for line in record.steps if "score" in line
        ],
    }


class Tracer:
    """Traces students' errors on the held-out part of the pool.

    corpora: The folder of the study's corpora.
    """

    def __init__(self, corpora: Path) -> None:
        self._corpora = corpora
        self._views: dict[Path, Mapping[str, View]] = {}

    def add_lineage(self, rows: list[Row], predictions: Path, labels: str) -> None:
        """Add the lineage of errors to the rows of the held-out documents.

        rows: The rows of one run: those whose document has a teacher's labels get "lineage".
        predictions: What the run's student found.
        labels: The name of its teacher's labels.
        """
        gold = self._read(self._corpora / HELDOUT_FILE)
        teacher = self._read(self._corpora / heldout_teacher(labels))
        if not (rows and gold and teacher and predictions.is_file()):
            return
        found = read_predictions(predictions, HELDOUT)
        documents = Counter(row["id"] for row in rows)
        for row in rows:
            key = row["id"]
            # Of documents that share an id nobody knows whose predictions are whose.
            if documents[key] == 1 and key in gold and key in teacher:
                traced = trace(gold[key], teacher[key], found.get(key, []))
                row["lineage"] = {label: list(lineage) for label, lineage in traced.items()}

    def _read(self, path: Path) -> Mapping[str, View]:
        if path not in self._views:
            docs = read_docs(path, Vocab()) if path.is_file() else iter(())
            self._views[path] = dict(_views(docs))
        return self._views[path]


def read_predictions(path: Path, name: str) -> dict[str, list[Piece]]:
    """What a student found in a corpus, by document; documents without an entity are not there."""
    found = {}
    with path.open(encoding="utf8") as stream:
        for line in map(json.loads, stream):
            if line["set"] == name:
                found[line["id"]] = [(start, end, label) for start, end, label in line["spans"]]
    return found


def _views(docs: Iterable[Doc]) -> Iterator[tuple[str, View]]:
    for i, doc in enumerate(docs):
        view = view_of(doc)
        if view is not None:
            yield doc_key(doc, i), view
