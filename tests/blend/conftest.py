"""Corpora on disk."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin

from helpers.blending import Corpus, make_docs


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Writes a corpus and gives its path: corpus("gold", 7)."""

    def write(
        name: str, count: int, label: str = "LOC", *, shards: int = 0, extra: Sequence[Doc] = ()
    ) -> Path:
        docs = [*make_docs(name, count, label), *extra]
        place = tmp_path / name if shards else tmp_path / f"{name}.spacy"
        if not shards:
            DocBin(docs=docs, store_user_data=True).to_disk(place)
            return place
        place.mkdir()
        for i in range(shards):
            DocBin(docs=docs[i::shards], store_user_data=True).to_disk(place / f"{i}.spacy")
        return place

    return write
