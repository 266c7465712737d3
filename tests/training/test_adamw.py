"""Embeddings that are updated row by row end up as dense AdamW would have left them."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.training.adamw import RowAdam, clip_each

WORDS, WIDTH = 12, 4
# The words of each batch; what is not looked up in any keeps its row.
Batches = st.lists(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=6), min_size=1, max_size=8)


def make_embedding() -> torch.nn.Embedding:
    torch.manual_seed(0)
    return torch.nn.Embedding(WORDS, WIDTH)


def loss(embedding: torch.nn.Embedding, words: list[int]) -> torch.Tensor:
    vectors = embedding(torch.tensor(words))
    return (vectors**3 * torch.arange(1.0, len(words) + 1)[:, None]).sum()


@given(Batches, st.booleans())
@settings(max_examples=50, deadline=None)
def test_the_rows_are_those_of_dense_adamw(batches: list[list[int]], look: bool):
    dense, sparse = make_embedding(), make_embedding()
    options = {"weight_decay": 0.3, "eps": 1e-6}
    adamw = torch.optim.AdamW(dense.parameters(), betas=(0.8, 0.9), fused=True, **options)
    rows = RowAdam(sparse)
    for step, words in enumerate(batches):
        lr = 0.1 / (step + 1)
        loss(dense, words).backward()
        clip_each([dense.weight.grad], 0.5)
        adamw.param_groups[0]["lr"] = lr
        adamw.step()
        adamw.zero_grad()
        rows.look_up(torch.tensor(words))
        loss(sparse, words).backward()
        rows.step(0.5, lr=lr, beta1=0.8, beta2=0.9, **options)
        if look:
            rows.settle()
            torch.testing.assert_close(sparse.weight, dense.weight, rtol=1e-4, atol=1e-5)
    rows.settle()
    torch.testing.assert_close(sparse.weight, dense.weight, rtol=1e-4, atol=1e-5)


def test_a_step_without_a_gradient_changes_nothing():
    embedding = make_embedding()
    before = embedding.weight.clone()
    rows = RowAdam(embedding)
    rows.step(1.0, lr=0.1, weight_decay=0.5, beta1=0.9, beta2=0.99, eps=1e-8)
    rows.settle()
    assert torch.equal(embedding.weight, before)


def test_given_up_rows_have_dense_gradients():
    embedding = make_embedding()
    rows = RowAdam(embedding)
    rows.look_up(torch.tensor([1, 2]))
    loss(embedding, [1, 2]).backward()
    rows.give_up()
    assert not embedding.weight.grad.is_sparse
    embedding.weight.grad = None
    loss(embedding, [3]).backward()
    assert not embedding.weight.grad.is_sparse
