"""The wrapper between thinc and a Hugging Face model, with another forward pass and another optimizer."""

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import Optimizer

Backprop = Callable[[Any], Any]


def speed_up_shim(shim: HFShim, *, half_precision: bool, fused_adam: bool) -> None:
    """Give a shim the class below. It stays the same object: thinc and the pipeline hold on to it.

    shim (HFShim): The shim of a transformer that runs on the CPU.
    half_precision (bool): Whether to train in bf16.
    fused_adam (bool): Whether to train with torch's fused AdamW.
    """
    shim.__class__ = FastShim
    fast = cast(FastShim, shim)
    fast.half_precision = half_precision
    fast.fused_adam = fused_adam
    fast.adamw = None


class FastShim(HFShim):
    """An HFShim that trains in bf16 and with a fused AdamW; predictions and saving are those of an HFShim."""

    half_precision: bool
    fused_adam: bool
    adamw: torch.optim.AdamW | None
    updates: int

    def begin_update(self, inputs: Any) -> tuple[Any, Backprop]:
        """Run the forward pass for training.

        inputs (ArgsKwargs): The model's arguments.
        RETURNS (Tuple): The output in fp32, since numpy has no bf16, and the callback for the backward pass.
        """
        self._model.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half_precision):
            output = self._model(*inputs.args, **inputs.kwargs)
        for name, value in output.items():
            if torch.is_tensor(value):
                output[name] = value.float()

        def backprop(grads: Any) -> Any:
            # Outside autocast: the graph knows the precision of each of its parts.
            torch.autograd.backward(*grads.args, **grads.kwargs)
            return inputs

        return output, backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights.

        optimizer (Optimizer): The thinc optimizer; its settings at this step are used.
        """
        if not self.fused_adam or not is_plain_adam(optimizer):
            super().finish_update(optimizer)
            return
        if self.adamw is None:
            self.adamw, self.updates = torch.optim.AdamW(self._model.parameters(), fused=True), 0
        clip_each(self._model.parameters(), optimizer.grad_clip)
        self.updates += 1
        # thinc adds eps before the bias of the second moment is taken out, torch after it.
        bias = 1.0 - optimizer.b2**self.updates
        self.adamw.param_groups[0].update(
            lr=optimizer.learn_rate,
            betas=(optimizer.b1, optimizer.b2),
            eps=optimizer.eps / math.sqrt(bias),
            weight_decay=optimizer.L2,
        )
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)

    def from_bytes(self, bytes_data: bytes) -> "FastShim":
        """Load the model, and forget what AdamW knew of the one before."""
        self.adamw = None
        super().from_bytes(bytes_data)  # type: ignore[no-untyped-call]
        return self


def is_plain_adam(optimizer: Optimizer) -> bool:
    """Whether AdamW does what this optimizer does: no averages, no RAdam, no SGD, L2 as weight decay."""
    adam = optimizer.b1 > 0.0 and optimizer.b2 > 0.0 and not optimizer.use_radam
    decay = optimizer.L2_is_weight_decay or not optimizer.L2
    return adam and decay and optimizer.averages is None


def clip_each(parameters: Any, threshold: float) -> None:
    """Scale down every gradient whose norm is above a threshold, each by itself, as thinc does."""
    for parameter in parameters if threshold else ():
        if parameter.grad is not None:
            norm = float(torch.linalg.vector_norm(parameter.grad))
            if norm > threshold:
                parameter.grad.mul_(threshold / norm)
