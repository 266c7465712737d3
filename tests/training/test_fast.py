"""A transformer trains faster on a CPU, to the same weights, and the trained pipeline does not know how."""

import logging
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import srsly
import torch
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config, registry

from helpers.blending import make_docs, registered
from helpers.support import ROOT
from helpers.tiny_bert import write_tiny_bert
from spacy_distill.tasks.base import find_task
from spacy_distill.training import fast_encoder as fast

EMBEDDINGS = "embeddings.word_embeddings.weight"
# Letters that are in no document of the corpus.
UNSEEN = "{ } { ~"
CONFIG = ROOT / "configs" / "student_minilm.cfg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny encoder and a gold corpus."""
    from spacy.tokens import DocBin

    place = tmp_path_factory.mktemp("fast")
    write_tiny_bert(place / "encoder")
    DocBin(docs=make_docs("gold", 24)).to_disk(place / "gold.spacy")
    return place


def start(
    folder: Path, *, encoder: Path | None = None, overrides: dict[str, Any] | None = None, **after_init: Any
) -> Language:
    """An initialized pipeline; without arguments as stock spaCy would make it."""
    paths = {"paths.gold": str(folder / "gold.spacy"), "paths.dev": str(folder / "gold.spacy")}
    paths |= {"paths.encoder": str(encoder or folder / "encoder"), "corpora.train.share": 0.0}
    paths |= overrides or {}
    callback = {"@callbacks": "spacy_distill.fast_encoder.v1", **after_init} if after_init else None
    return init_nlp(load_config(CONFIG, overrides={**paths, "initialize.after_init": callback}))


def update(nlp: Language, steps: int = 4, **optimizer: Any) -> Any:
    """Train a few steps without dropout, and give the optimizer."""
    settings = {"learn_rate": 0.01, "L2": 0.01, "grad_clip": 0.01, "use_averages": False, **optimizer}
    sgd = registry.resolve({"sgd": {"@optimizers": "Adam.v1", **settings}})["sgd"]
    transformer = encoder(nlp)
    for module in transformer.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for layer in transformer.encoder.layer:
        layer.attention.self.dropout_prob = 0.0
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in make_docs("gold", 24)]
    for step in range(steps):
        nlp.update(examples[step * 6 : step * 6 + 6], sgd=False, drop=0.0, losses={})  # type: ignore[arg-type]
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)  # type: ignore[attr-defined]
    return sgd


def encoder(nlp: Language) -> Any:
    """The torch model."""
    return nlp.get_pipe("transformer").model.transformer  # type: ignore[attr-defined]


def weights(nlp: Language) -> dict[str, numpy.ndarray]:
    """The encoder's weights."""
    return {name: value.numpy().copy() for name, value in encoder(nlp).state_dict().items()}


def test_the_fused_optimizer_trains_to_the_weights_of_thincs(folder: Path):
    stock, fused = start(folder), start(folder, precision="fp32")
    before = weights(stock)
    update(stock)
    update(fused)
    assert any(abs(value - before[name]).max() > 0.005 for name, value in weights(stock).items())
    assert_same_weights(fused, stock)


def test_scores_of_entities_come_from_what_the_encoder_says_of_their_own_documents(folder: Path):
    nlp, task = start(folder, precision="fp32"), find_task("ner")
    update(nlp)
    texts = [doc.text for doc in make_docs("gold", 6)] + ["the word and gold of word"]
    together = list(nlp.pipe(texts))
    scores = task.predicted_scores(nlp, together)
    assert sum(map(len, scores)) > 5
    changes = []
    for text, found in zip(texts, scores, strict=True):
        doc = nlp(text)
        assert task.predicted_scores(nlp, [doc])[0] == pytest.approx(found, abs=1e-5)
        # Without what the encoder wrote, a score would be that of no text at all.
        doc._.trf_data.tensors[0][:] = 0.0
        empty = task.predicted_scores(nlp, [doc])[0]
        changes += [abs(empty[item] - score) for item, score in found.items()]
    assert max(changes) > 1e-4


def test_words_that_did_not_occur_have_decayed_wherever_they_are_looked_at(folder: Path):
    nlp = start(folder, precision="fp32")
    before = load_weights(nlp)[EMBEDDINGS]
    update(nlp, L2=5.0)
    predicted = nlp(UNSEEN)._.trf_data.tensors[0]
    pieces = nlp(UNSEEN)._.trf_data.wordpieces.input_ids[0, 1:-1]
    update(nlp, L2=5.0)
    update(nlp, L2=0.0)
    # Twice four steps of a decay by 5 times the rate.
    decayed = before[pieces] * (1.0 - 0.01 * 5.0) ** 8
    numpy.testing.assert_allclose(load_weights(nlp)[EMBEDDINGS][pieces], decayed, rtol=1e-4)
    again = start(folder, precision="fp32")
    update(again, L2=5.0)
    loaded = start(folder).from_bytes(again.to_bytes())
    numpy.testing.assert_allclose(loaded(UNSEEN)._.trf_data.tensors[0], predicted, atol=1e-5)


def assert_same_weights(one: Language, other: Language):
    """What two pipelines save is the same up to rounding."""
    found, expected = (load_weights(nlp) for nlp in (one, other))
    for name in expected:
        # Attention is blind to the bias of its keys: their gradient is nothing but rounding.
        if not name.endswith("attention.self.key.bias"):
            numpy.testing.assert_allclose(found[name], expected[name], atol=1e-4, err_msg=name)


def load_weights(nlp: Language) -> dict[str, numpy.ndarray]:
    """The encoder's weights as they are saved."""
    saved = srsly.msgpack_loads(nlp.get_pipe("transformer").model.to_bytes())  # type: ignore[attr-defined]
    state = srsly.msgpack_loads(saved["shims"][1][0])["state"]
    return {name: value.numpy() for name, value in torch.load(BytesIO(state)).items()}


def test_half_precision_trains_to_nearly_the_same_weights_in_fp32(folder: Path):
    full, half = start(folder, precision="fp32"), start(folder, precision="bf16")
    before = weights(full)
    update(full)
    update(half)
    moved = {name: value - before[name] for name, value in weights(full).items() if value.dtype.kind == "f"}
    moved_half = {name: weights(half)[name] - before[name] for name in moved}
    one, other = (numpy.concatenate([m[name].ravel() for name in moved]) for m in (moved, moved_half))
    assert (one != other).any()
    assert one @ other / (numpy.linalg.norm(one) * numpy.linalg.norm(other)) > 0.9
    assert {parameter.dtype for parameter in encoder(half).parameters()} == {torch.float32}
    assert (fast.precision_of(full), fast.precision_of(half), fast.precision_of(start(folder))) == (
        "fp32",
        "bf16",
        None,
    )


def test_what_each_layer_gives_is_in_fp32_too(folder: Path):
    write_tiny_electra(folder / "electra")
    more = {"components.transformer.model.transformer_config": {"output_hidden_states": True}}
    nlp = start(folder, precision="bf16", encoder=folder / "electra", overrides=more)
    # Otherwise spacy-transformers cannot make numpy arrays of them.
    update(nlp, steps=1)


def write_tiny_electra(folder: Path):
    """An encoder that begins with a projection, which autocast lets give bf16."""
    from transformers import AutoTokenizer, ElectraConfig, ElectraModel

    tokenizer = AutoTokenizer.from_pretrained(write_tiny_bert(folder))
    narrow = {"embedding_size": 8, "hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = ElectraConfig(vocab_size=len(tokenizer), num_hidden_layers=2, **narrow)
    ElectraModel(config).save_pretrained(folder)


def test_the_settings_of_the_thinc_optimizer_hold_at_every_step(folder: Path):
    nlp = start(folder, precision="fp32")
    before = weights(nlp)
    update(nlp, learn_rate=0.0)
    assert all((weights(nlp)[name] == before[name]).all() for name in before)


@pytest.mark.parametrize("after_init", [{}, {"precision": "fp32"}])
def test_the_head_can_have_a_rate_of_its_own(folder: Path, after_init: dict[str, Any]):
    def moved(**optimizer: Any) -> tuple[float, float]:
        nlp = start(folder, **after_init)
        head = nlp.get_pipe("ner").model.get_ref("tok2vec").layers[-1]  # type: ignore[attr-defined]
        weights_before, head_before = weights(nlp), head.get_param("W").copy()
        update(nlp, steps=1, L2=0.0, grad_clip=0.0, **optimizer)
        change = [abs(value - weights_before[name]).max() for name, value in weights(nlp).items()]
        return float(max(change)), float(abs(head.get_param("W") - head_before).max())

    one = moved(**{"@optimizers": "Adam.v1"})
    two = moved(**{"@optimizers": "spacy_distill.Adam.v1", "head_factor": 3.0})
    # The first update of Adam moves each weight by its learning rate.
    assert one == pytest.approx((0.01, 0.01), rel=1e-3)
    assert two == pytest.approx((0.01, 0.03), rel=1e-3)


def test_a_factor_that_stops_the_head_is_refused():
    with pytest.raises(ValueError, match="head_factor is 0, but must be a number above 0"):
        registered("optimizers", "Adam")(head_factor=0)


@pytest.mark.parametrize("optimizer", [{"use_averages": True}, {"L2_is_weight_decay": False, "L2": 0.1}])
def test_what_adamw_cannot_do_is_left_to_thinc(folder: Path, optimizer: dict[str, Any]):
    stock, fused = start(folder), start(folder, precision="fp32")
    update(stock, **optimizer)
    sgd = update(fused, **optimizer)
    assert_same_weights(fused, stock)
    assert bool(sgd.averages) is bool(optimizer.get("use_averages"))


def test_the_saved_pipeline_has_no_trace_of_it(folder: Path, tmp_path: Path):
    nlp = start(folder, precision="bf16")
    update(nlp)
    nlp.to_disk(tmp_path / "model")
    config = load_config(tmp_path / "model" / "config.cfg")
    assert config["initialize"]["after_init"] is None
    assert "fast_encoder" not in (tmp_path / "model" / "config.cfg").read_text()
    code = (
        "import sys; sys.modules['spacy_distill'] = None; import spacy; "
        f"nlp = spacy.load({str(tmp_path / 'model')!r}); "
        "print(nlp('gold1 word word')._.trf_data.tensors[0].sum())"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = nlp("gold1 word word")._.trf_data.tensors[0].sum()
    assert float(loaded.stdout) == pytest.approx(float(own), rel=1e-4)


def test_a_pipeline_read_into_it_trains_on(folder: Path):
    nlp = start(folder, precision="fp32")
    update(nlp)
    nlp.from_bytes(nlp.to_bytes())
    before = weights(nlp)
    update(nlp)
    assert any((weights(nlp)[name] != before[name]).any() for name in before)


def test_a_pipeline_without_a_transformer_is_left_alone():
    nlp = spacy.blank("en")
    nlp.config["initialize"]["after_init"] = {"@callbacks": "spacy_distill.fast_encoder.v1"}
    assert registered("callbacks", "fast_encoder")()(nlp) is nlp
    assert nlp.config["initialize"]["after_init"] is None


@pytest.mark.parametrize(("gain", "half"), [(0.4, False), (1.0, False), (1.9, True)])
def test_auto_takes_bf16_only_where_it_pays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, gain: float, half: bool
):
    monkeypatch.setattr(fast, "bf16_gain", lambda: gain)
    with caplog.at_level(logging.WARNING, logger="spacy"):
        logging.getLogger("spacy").propagate = True
        assert fast.choose_half("auto") is half
    assert ("training in fp32" in caplog.text) is not half
    assert fast.choose_half("bf16") is True
    assert fast.choose_half("fp32") is False


def test_the_gain_is_a_ratio_and_measuring_it_leaves_the_threads_alone():
    threads = torch.get_num_threads()
    assert fast.bf16_gain(rounds=1) > 0
    assert torch.get_num_threads() == threads


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision is 'fp16', but must be auto, bf16 or fp32"):
        registered("callbacks", "fast_encoder")("fp16")  # type: ignore[arg-type]
