"""A transformer predicts faster on a CPU, and predicts the same."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import torch
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from torch.utils.mkldnn import MkldnnLinear

from helpers.blending import make_docs
from helpers.support import ROOT
from helpers.tiny_bert import write_tiny_bert
from spacy_distill.configs import load_pipeline
from spacy_distill.training import fast_prediction


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved student with a tiny encoder."""
    from spacy.tokens import DocBin

    place = tmp_path_factory.mktemp("model")
    write_tiny_bert(place / "encoder")
    DocBin(docs=make_docs("gold", 24)).to_disk(place / "gold.spacy")
    paths = {f"paths.{name}": str(place / "gold.spacy") for name in ("gold", "dev")}
    paths["paths.encoder"] = str(place / "encoder")
    overrides: dict[str, Any] = {**paths, "corpora.train.share": 0.0, "initialize.after_init": None}
    nlp = init_nlp(load_config(ROOT / "configs" / "student_minilm.cfg", overrides=overrides))
    nlp.to_disk(place / "student")
    return place / "student"


def encoder(nlp: Any) -> Any:
    """The torch model."""
    return nlp.get_pipe("transformer").model.transformer


def linears(nlp: Any) -> list[bool]:
    """For each of the encoder's linear layers whether oneDNN computes it."""
    kinds = (MkldnnLinear, torch.nn.Linear)
    return [isinstance(part, MkldnnLinear) for part in encoder(nlp).modules() if isinstance(part, kinds)]


@pytest.mark.parametrize(("gain", "taken"), [(0.0, False), (1.1, False), (2.0, True)])
def test_onednn_is_taken_where_it_pays_and_predicts_the_same(
    monkeypatch: pytest.MonkeyPatch, model: Path, gain: float, taken: bool
):
    monkeypatch.setattr(fast_prediction, "onednn_gain", lambda: gain)
    stock, ours = spacy.load(model), load_pipeline(model)
    found = linears(ours)
    assert found and all(one is taken for one in found)
    texts = [doc.text for doc in make_docs("gold", 24)]
    for expected, doc in zip(stock.pipe(texts), ours.pipe(texts), strict=True):
        assert [(e.start, e.end, e.label_) for e in doc.ents] == [
            (e.start, e.end, e.label_) for e in expected.ents
        ]
        one, other = (d._.trf_data.model_output.last_hidden_state for d in (doc, expected))
        numpy.testing.assert_allclose(one, other, atol=1e-5)


def test_a_pipeline_without_a_transformer_measures_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(fast_prediction, "onednn_gain", lambda: pytest.fail("measured"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    assert load_pipeline(tmp_path / "blank").pipe_names == []


def test_without_onednn_nothing_is_gained(monkeypatch: pytest.MonkeyPatch):
    fast_prediction.onednn_gain.cache_clear()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert fast_prediction.onednn_gain() == 0
    fast_prediction.onednn_gain.cache_clear()
    monkeypatch.undo()
    assert not torch.backends.mkldnn.is_available() or fast_prediction.onednn_gain() > 0  # type: ignore[no-untyped-call]
