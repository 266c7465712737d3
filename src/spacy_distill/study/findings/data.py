"""What the corpora of a study hold, and whether the test corpora leak into what students are trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.audit.labels import corpus_facts
from ...corpus.audit.leaks import find_leaks
from ...corpus.docbin import read_docs
from ...engines.digests import digest
from ..runs.config import ORACLE, Study
from ..runs.inputs import Inputs
from ..runs.matrix import Run
from .results import TEST

DATA = "data.json"


def write_data(study: Study, inputs: Inputs, folder: Path) -> None:
    """Describe a study's corpora in its folder."""
    srsly.write_json(folder / DATA, describe(study, inputs), indent=1)


def read_data(folder: Path) -> dict[str, Any]:
    """What `write_data` wrote, empty if it did not yet."""
    place = folder / DATA
    found: dict[str, Any] = srsly.read_json(place) if place.is_file() else {}
    return found


def describe(study: Study, inputs: Inputs) -> dict[str, Any]:
    """Describe the corpora of a study.

    study (Study): The study.
    inputs (Inputs): Its prepared corpora.
    RETURNS (dict[str, Any]): By corpus: "path", "sha256", "documents", "articles", "tokens", "entities" by
        label; for those that students are trained on also "leaks": how many documents stand in each test
        corpus, exactly, nearly, and short ones that recur by nature.
    """
    tests = {TEST: inputs.test, **inputs.tests}
    trained = {"gold": inputs.gold_all}
    for labels, parts in inputs.distilled.items():
        trained |= {entry_name(labels, part): path for part, path in parts.items()}
    if inputs.oracle and any(ORACLE in (grid.regimens or []) for grid in study.all_grids().values()):
        trained[ORACLE] = inputs.oracle
    others = {"dev": inputs.dev, **({"held out": inputs.heldout} if inputs.heldout else {})}
    judges = {name: list(read_docs(path, Vocab())) for name, path in tests.items()}
    found = {name: _facts(tests[name], docs) for name, docs in judges.items()}
    for name, path in others.items():
        found[name] = _facts(path, list(read_docs(path, Vocab())))
    for name, path in trained.items():
        docs = list(read_docs(path, Vocab()))
        leaks = [find_leaks(docs, judge, test) for test, judge in judges.items()]
        told = {leak.name: {"exact": leak.exact, "near": leak.near, "short": leak.short} for leak in leaks}
        found[name] = {**_facts(path, docs), "leaks": told}
    return found


def entry_name(labels: str, part: str) -> str:
    """What a part of a teacher's labels is called in the description."""
    return " ".join(filter(None, (labels, part)))


def trained_on(study: Study, run: Run) -> list[str]:
    """What the corpora that a run was trained on are called in the description."""
    if run.arm.regimen == ORACLE:
        return ["gold", ORACLE]
    if not run.arm.variant:
        return ["gold"]
    parts = study.sources_of(run.arm.variant, run.seed)
    labels = study.labels_of(run.arm.variant, run.seed)
    return ["gold", *(entry_name(labels, part) for part in parts)]


def _facts(path: Path, docs: Sequence[Doc]) -> dict[str, Any]:
    facts = corpus_facts(docs)
    return {
        "path": str(path),
        "sha256": digest(path),
        "documents": facts.documents,
        "articles": facts.articles,
        "tokens": facts.tokens,
        "entities": {label: told.entities for label, told in facts.labels.items()},
    }
