"""A transformer predicts faster on a CPU, and predicts the same."""

import copy
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import spacy
import torch
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Adam

from helpers.blending import make_docs
from helpers.support import ROOT
from helpers.tiny_bert import write_tiny_bert
from spacy_distill import speed_up_prediction
from spacy_distill.training import encoders, fast_prediction
from spacy_distill.training.onednn import OneDnnLinear, take_onednn

ONEDNN = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
    reason="this torch has no oneDNN",
)


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
    parts = encoder(nlp).modules()
    return [isinstance(part, OneDnnLinear) for part in parts if isinstance(part, torch.nn.Linear)]


@ONEDNN
@pytest.mark.parametrize(("gain", "taken"), [(0.0, False), (1.1, False), (2.0, True)])
def test_onednn_is_taken_where_it_pays_and_predicts_the_same(
    monkeypatch: pytest.MonkeyPatch, model: Path, gain: float, taken: bool
):
    monkeypatch.setattr(fast_prediction, "onednn_gain", lambda: gain)
    stock, ours = spacy.load(model), speed_up_prediction(spacy.load(model))
    found = linears(ours)
    assert found and all(one is taken for one in found)
    texts = [doc.text for doc in make_docs("gold", 24)]
    for expected, doc in zip(stock.pipe(texts), ours.pipe(texts), strict=True):
        assert [(e.start, e.end, e.label_) for e in doc.ents] == [
            (e.start, e.end, e.label_) for e in expected.ents
        ]
        one, other = (d._.trf_data.model_output.last_hidden_state for d in (doc, expected))
        numpy.testing.assert_allclose(one, other, atol=1e-5)


@ONEDNN
def test_a_pipeline_can_be_trained_and_saved_afterwards(
    monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path
):
    """As the stock one: what was laid out to predict with is not saved, nor used after an update."""
    from spacy.training import Example

    monkeypatch.setattr(fast_prediction, "onednn_gain", lambda: 2.0)
    docs = make_docs("gold", 24)
    vectors = {}
    for name, nlp in (("stock", spacy.load(model)), ("ours", speed_up_prediction(spacy.load(model)))):
        before = nlp(docs[0].text)._.trf_data.model_output.last_hidden_state
        for module in encoder(nlp).modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            if hasattr(module, "dropout_prob"):
                module.dropout_prob = 0.0
        spacy.util.fix_random_seed(0)
        examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
        nlp.update(examples, sgd=False, drop=0.0)  # type: ignore[arg-type]
        optimizer = Adam(0.01)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)  # type: ignore[attr-defined]
        nlp.to_disk(tmp_path / name)
        for kind, one in (("now", nlp), ("loaded", spacy.load(tmp_path / name))):
            vectors[name, kind] = one(docs[0].text)._.trf_data.model_output.last_hidden_state
            assert not numpy.allclose(vectors[name, kind], before, atol=1e-5)
    for kind in ("now", "loaded"):
        numpy.testing.assert_allclose(vectors["ours", kind], vectors["stock", kind], atol=1e-4)


@ONEDNN
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_layer_says_the_same_before_and_after_training_copied_and_pickled(dtype: torch.dtype, bias: bool):
    torch.manual_seed(0)
    stock = torch.nn.Linear(6, 4, bias=bias, dtype=dtype)
    layer = copy.deepcopy(stock)
    model = torch.nn.Sequential(layer)
    take_onednn(model)
    inputs = torch.randn(3, 2, 6, dtype=dtype)
    for _ in range(2):
        with torch.no_grad():
            expected = stock(inputs)
            for one in (model, model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
                torch.testing.assert_close(one(inputs), expected)
        for some in (stock, model):
            some(inputs).sum().backward()
            with torch.no_grad():
                for parameter in some.parameters():
                    parameter -= parameter.grad
    assert isinstance(layer, OneDnnLinear) and list(layer.state_dict()) == list(stock.state_dict())


def test_what_is_no_plain_linear_layer_stays_what_it_is():
    class Own(torch.nn.Linear):
        """A layer of another package."""

    model = torch.nn.Sequential(Own(2, 2), torch.nn.LayerNorm(2))
    take_onednn(model)
    assert [type(part) for part in model] == [Own, torch.nn.LayerNorm]


def test_a_pipeline_without_a_transformer_measures_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fast_prediction, "onednn_gain", lambda: pytest.fail("measured"))
    nlp = spacy.blank("en")
    assert speed_up_prediction(nlp) is nlp


def test_the_gain_is_measured_once_and_only_with_onednn(monkeypatch: pytest.MonkeyPatch):
    measured = []
    monkeypatch.setattr(fast_prediction, "times_as_fast", lambda *_: measured.append(1) or 1.5)
    for available, gain, times in ((False, 0.0, 0), (True, 1.5, 1)):
        fast_prediction.onednn_gain.cache_clear()
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda there=available: there)
        assert [fast_prediction.onednn_gain() for _ in range(2)] == [gain, gain]
        assert len(measured) == times
    fast_prediction.onednn_gain.cache_clear()


def test_measuring_leaves_the_threads_and_the_random_numbers_alone():
    fast_prediction.onednn_gain.cache_clear()
    threads = torch.get_num_threads()
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fast_prediction.onednn_gain()
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads
    with pytest.raises(ZeroDivisionError):
        encoders.times_as_fast(lambda: 1 / 0, lambda: None)
    assert torch.get_num_threads() == threads


def test_a_way_that_takes_a_third_of_the_time_is_three_times_as_fast(monkeypatch: pytest.MonkeyPatch):
    clock = SimpleNamespace(now=0.0)
    for name in ("process_time", "perf_counter"):
        monkeypatch.setattr(encoders.time, name, lambda: clock.now)

    def work(seconds: float) -> None:
        clock.now += seconds

    assert encoders.times_as_fast(lambda: work(0.5), lambda: work(1.5)) == pytest.approx(3)
