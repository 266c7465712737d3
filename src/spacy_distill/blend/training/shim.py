"""The wrapper between thinc and a Hugging Face model, with another forward pass and another optimizer."""

from collections.abc import Callable
from typing import Any, cast

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import Optimizer
from transformers import AutoModel

from .adamw import EncoderAdam, is_plain_adam
from .dropout import replace_dropout
from .packing import first_position, pack_rows, run_packed

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
    fast.take(fast._model)


class FastShim(HFShim):
    """An HFShim that trains in bf16, without padding and with a fused AdamW; the rest is as in an HFShim.

    half_precision (bool): Whether the forward pass of training runs in bf16.
    fused_adam (bool): Whether AdamW updates the weights.
    packs (bool): Whether sentences share rows.
    adamw (Optional[EncoderAdam]): The optimizer, unless thinc's updates the weights.
    """

    half_precision: bool
    fused_adam: bool
    packs: bool
    adamw: EncoderAdam | None

    def take(self, model: Any) -> None:
        """Train a copy of a torch model from now on."""
        self._model = self._hfmodel.transformer = model = rebuild(model)
        self.packs = first_position(model.config) is not None
        embedding = model.get_input_embeddings() if self.packs else None
        self.adamw = EncoderAdam(model, embedding) if self.fused_adam else None

    def begin_update(self, inputs: Any) -> tuple[Any, Backprop]:
        """Run the forward pass for training.

        inputs (ArgsKwargs): The model's arguments.
        RETURNS (Tuple): The output in fp32, since numpy has no bf16, and the callback for the backward pass.
        """
        self._model.train()
        if self.adamw is not None:
            self.adamw.look_up(inputs.kwargs["input_ids"])
        packing = pack_rows(inputs.kwargs["attention_mask"]) if self.packs else None
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half_precision):
            if packing is None:
                output = self._model(*inputs.args, **inputs.kwargs)
            else:
                output = run_packed(self._model, inputs.kwargs, packing)
        for name, value in output.items():
            output[name] = in_full_precision(value)

        def backprop(grads: Any) -> Any:
            # Outside autocast: the graph knows the precision of each of its parts.
            torch.autograd.backward(*grads.args, **grads.kwargs)
            return inputs

        return output, backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights.

        optimizer (Optimizer): The thinc optimizer; its settings at this step are used.
        """
        if self.adamw is not None and not is_plain_adam(optimizer):
            self.adamw.give_up()
            self.adamw = None
        if self.adamw is None:
            super().finish_update(optimizer)
        else:
            self.adamw.step(optimizer)

    def predict(self, inputs: Any) -> Any:
        """Run the forward pass for evaluation, as an HFShim does."""
        if self.adamw is not None:
            self.adamw.settle()
        return super().predict(inputs)

    def to_bytes(self) -> Any:
        """The model as an HFShim saves it."""
        if self.adamw is not None:
            self.adamw.settle()
        return super().to_bytes()  # type: ignore[no-untyped-call]

    def from_bytes(self, bytes_data: bytes) -> "FastShim":
        """Load the model, and forget what AdamW knew of the one before."""
        super().from_bytes(bytes_data)  # type: ignore[no-untyped-call]
        self.take(self._model)
        return self


def in_full_precision(output: Any) -> Any:
    """An output of a model in fp32: a tensor, or a tuple with one for each layer; anything else as it is."""
    if isinstance(output, tuple):
        return tuple(in_full_precision(part) for part in output)
    return output.float() if torch.is_tensor(output) else output


def rebuild(model: Any) -> Any:
    """The same transformer with what is faster on a CPU: attention in plain torch, and another dropout.

    model (PreTrainedModel): The transformer.
    RETURNS (PreTrainedModel): Another one with its weights.
    """
    # What is drawn to initialize weights that are then overwritten must not change what is drawn after it.
    with torch.random.fork_rng(devices=[]):
        faster = AutoModel.from_config(model.config, attn_implementation="eager")  # type: ignore[no-untyped-call]
    faster.load_state_dict(model.state_dict())
    replace_dropout(faster)
    return faster
