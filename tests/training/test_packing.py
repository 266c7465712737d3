"""Sentences that share rows have the vectors and the gradients that they have in a padded batch."""

from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel, BertConfig, DistilBertConfig, ElectraConfig, RobertaConfig

from spacy_distill.training.packing import fill_rows, first_position, pack_rows, run_packed

LENGTHS = [9, 3, 4, 2, 7, 5]
SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
}
# Weights large enough that every piece matters to its neighbours.
SPREAD = {"initializer_range": 0.5, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def make_model(config_class: Any, **settings: Any) -> Any:
    """A small model with random weights."""
    torch.manual_seed(0)
    config = config_class(**SIZES, **SPREAD, **settings)
    return AutoModel.from_config(config, attn_implementation="eager").train()


def make_batch(first_id: int) -> dict[str, torch.Tensor]:
    """Sentences of different lengths, padded."""
    mask = (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]).float()
    pieces = torch.randint(first_id, 50, mask.shape, generator=torch.Generator().manual_seed(1))
    return {"input_ids": pieces * mask.long() + (1 - mask.long()), "attention_mask": mask}


def train(model: Any, inputs: dict[str, torch.Tensor], *, packed: bool) -> tuple[torch.Tensor, list[Any]]:
    """The vectors of the pieces, and the gradient of each weight under some loss."""
    mask = inputs["attention_mask"]
    packing = pack_rows(mask)
    assert packing is not None
    output = run_packed(model, inputs, packing) if packed else model(**inputs)
    vectors = output.last_hidden_state * mask[:, :, None]
    weights = torch.linspace(-1.0, 1.0, vectors.numel()).view(vectors.shape)
    model.zero_grad()
    (vectors**2 * weights).sum().backward()
    return vectors.detach(), [p.grad for p in model.parameters() if p.grad is not None]


@pytest.mark.parametrize("config_class", [BertConfig, RobertaConfig, ElectraConfig])
def test_vectors_and_gradients_are_those_of_the_padded_batch(config_class: Any):
    model = make_model(config_class, pad_token_id=1)
    inputs = make_batch(first_id=5)
    expected, gradients = train(model, inputs, packed=False)
    found, packed_gradients = train(model, inputs, packed=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert len(packed_gradients) == len(gradients) > 10
    for one, other in zip(packed_gradients, gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_a_row_holds_what_fits():
    mask = make_batch(5)["attention_mask"]
    packing = pack_rows(mask)
    assert packing is not None
    assert packing.shape == (4, 9)
    assert sorted(packing.places[packing.places >= 0].tolist()) == mask.flatten().nonzero()[:, 0].tolist()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
@settings(max_examples=100)
def test_every_sentence_has_one_place_and_no_row_is_too_long(lengths: list[int]):
    rows = fill_rows(numpy.array(lengths), max(lengths))
    assert sorted(sentence for row in rows for sentence in row) == list(range(len(lengths)))
    assert all(sum(lengths[sentence] for sentence in row) <= max(lengths) for row in rows)


@pytest.mark.parametrize(
    "mask",
    [torch.ones(3, 5), torch.tensor([[1.0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]])],
    ids=["nothing to save", "padded on the left"],
)
def test_other_batches_stay_as_they_are(mask: torch.Tensor):
    assert pack_rows(mask) is None


def test_models_that_take_no_positions_are_not_packed():
    assert first_position(DistilBertConfig()) is None
    assert first_position(BertConfig(position_embedding_type="relative_key")) is None
    assert first_position(BertConfig(output_hidden_states=True)) is None
    assert first_position(BertConfig()) == 0
    assert first_position(RobertaConfig(pad_token_id=1)) == 2
