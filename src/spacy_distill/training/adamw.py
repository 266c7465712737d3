"""Torch's fused AdamW for a transformer, with the settings of a thinc optimizer.

A batch touches a few hundred of the 30,000 rows of the word embeddings, which are half the weights of a small
transformer. A word that has not occurred yet has no momentum: all that Adam does to its row is weight decay.
So only the rows of words that have occurred are updated, and the decay of the others is made up for when they
are looked at. The weights are those of the dense update, up to rounding."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from thinc.api import Optimizer
from torch.optim.adamw import adamw


class EncoderAdam:
    """AdamW for the weights of a transformer.

    embedding: its word embeddings, if they are to be updated by rows.
    rows: what updates them.
    """

    def __init__(self, model: torch.nn.Module, embedding: torch.nn.Embedding | None) -> None:
        self.rows = None if embedding is None else RowAdam(embedding)
        self._dense = [p for p in model.parameters() if embedding is None or p is not embedding.weight]
        self._adamw = torch.optim.AdamW(self._dense, fused=True)
        self._updates = 0

    def step(self, optimizer: Optimizer) -> None:
        """Update the weights by their gradients with the settings of a thinc optimizer, and clear those."""
        self._updates += 1
        # thinc adds eps before the bias of the second moment is taken out, torch after it.
        bias = 1.0 - optimizer.b2**self._updates
        settings: dict[str, Any] = {"lr": optimizer.learn_rate, "weight_decay": optimizer.L2}
        settings["eps"] = optimizer.eps / math.sqrt(bias)
        betas = (optimizer.b1, optimizer.b2)
        clip_each((p.grad for p in self._dense), optimizer.grad_clip)
        self._adamw.param_groups[0].update(settings, betas=betas)
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)
        if self.rows is not None:
            self.rows.step(optimizer.grad_clip, beta1=betas[0], beta2=betas[1], **settings)


class RowAdam:
    """Adam for the rows of an embedding, which gives sparse gradients from now on."""

    def __init__(self, embedding: torch.nn.Embedding) -> None:
        embedding.sparse = True
        self._embedding = embedding
        self._weight = embedding.weight
        rows, width = self._weight.shape
        # Where the moments of a row are; they are in the order in which the words have occurred.
        self._place = torch.full((rows,), -1)
        self._known = torch.empty(0, dtype=torch.int64)
        self._moments = (self._weight.new_zeros(0, width), self._weight.new_zeros(0, width))
        self._steps = torch.zeros(())
        self._decay = 1.0

    def look_up(self, words: torch.Tensor) -> None:
        """Bring the rows of some words, given by number, up to date before they are looked up."""
        new = torch.unique(words)
        new = new[self._place[new] < 0]
        if not len(new):
            return
        with torch.no_grad():
            self._weight[new] *= self._decay
        self._place[new] = torch.arange(len(self._known), len(self._known) + len(new))
        self._known = torch.cat((self._known, new))
        if len(self._known) > len(self._moments[0]):
            self._grow()

    def settle(self) -> None:
        """Bring all rows up to date."""
        if self._decay != 1.0:
            with torch.no_grad():
                self._weight[self._place < 0] *= self._decay
            self._decay = 1.0

    def give_up(self) -> None:
        """Let the embedding have dense gradients again."""
        self.settle()
        self._embedding.sparse = False
        if self._weight.grad is not None:
            self._weight.grad = self._weight.grad.to_dense()

    def step(self, clip: float, *, lr: float, weight_decay: float, **settings: Any) -> None:
        """Update the rows by the gradient that has been accumulated, and clear it.

        clip: scale the gradient down to this norm; 0 for no limit.
        lr, weight_decay, beta1, beta2, eps: as in AdamW.
        """
        if self._weight.grad is None:
            return
        gradient = self._gradient(self._weight.grad.coalesce(), clip)
        weight = self._weight.detach()[self._known]
        moments = [moment[: len(self._known)] for moment in self._moments]
        adamw(
            params=[weight],
            grads=[gradient],
            exp_avgs=[moments[0]],
            exp_avg_sqs=[moments[1]],
            max_exp_avg_sqs=[],
            state_steps=[self._steps],
            fused=True,
            amsgrad=False,
            maximize=False,
            lr=lr,
            weight_decay=weight_decay,
            **settings,
        )
        self._weight.detach().index_copy_(0, self._known, weight)
        self._decay *= 1.0 - lr * weight_decay
        self._weight.grad = None

    def _gradient(self, sparse: torch.Tensor, clip: float) -> torch.Tensor:
        """The gradient of the rows that are known."""
        values = sparse.values()
        clip_each([values], clip)
        gradient = values.new_zeros(len(self._known), values.shape[1])
        return gradient.index_copy_(0, self._place[sparse.indices()[0]], values)

    def _grow(self) -> None:
        room = max(1024, 2 * len(self._moments[0]), len(self._known))
        self._moments = tuple(  # type: ignore[assignment]
            torch.cat((moment, moment.new_zeros(room - len(moment), moment.shape[1])))
            for moment in self._moments
        )


def is_plain_adam(optimizer: Optimizer) -> bool:
    """Whether AdamW does what this optimizer does: no averages, no RAdam, no SGD, L2 as weight decay."""
    adam = optimizer.b1 > 0.0 and optimizer.b2 > 0.0 and not optimizer.use_radam
    decay = optimizer.L2_is_weight_decay or not optimizer.L2
    return adam and decay and optimizer.averages is None


def clip_each(gradients: Iterable[torch.Tensor | None], threshold: float) -> None:
    """Scale down every gradient whose norm is above a threshold, each by itself, as thinc does."""
    for gradient in gradients if threshold else ():
        if gradient is not None:
            norm = float(torch.linalg.vector_norm(gradient))
            if norm > threshold:
                gradient.mul_(threshold / norm)
