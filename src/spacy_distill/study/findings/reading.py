"""Read the finished runs of a study from its folder."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...blend.monitor.record import FILE_NAME, read_blend_log
from ...corpus.docbin import read_docs
from ..runs.config import Study
from ..runs.inputs import HELDOUT_FILE, doc_key, heldout_teacher
from ..runs.matrix import Run
from ..runs.scoring import PREDICTIONS
from ..runs.store import Store
from .lineage import Piece, View, trace, view_of
from .results import HELDOUT, Result, Row, article_rows

# Steps that a curve keeps: enough for a drawing.
CURVE_POINTS = 100


def read_results(store: Store, runs: Mapping[Run, str], corpora: Path, study: Study) -> list[Result]:
    """Read the finished runs among some.

    store (Store): The study's folder.
    runs (Mapping[Run, str]): The runs to look for, with their fingerprints: what was made of other inputs is
        not read.
    corpora (Path): The folder of the study's corpora: the lineage of errors is traced there.
    study (Study): The study; runs without a teacher are compared with its first.
    RETURNS (list[Result]): Those that are finished, in the same order.
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

    RETURNS (dict[str, Any]): "exposures" by source, "documents" by source, "curve" of steps with
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

    corpora (Path): The folder of the study's corpora.
    """

    def __init__(self, corpora: Path) -> None:
        self._corpora = corpora
        self._views: dict[Path, Mapping[str, View]] = {}

    def add_lineage(self, rows: list[Row], predictions: Path, labels: str) -> None:
        """Add the lineage of errors to the rows of the held-out documents.

        rows (list[Row]): The rows of one run: those whose document has a teacher's labels get "lineage".
        predictions (Path): What the run's student found.
        labels (str): The name of its teacher's labels.
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
