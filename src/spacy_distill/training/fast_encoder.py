"""Faster training of a transformer on a CPU: half precision where it pays, no padding, torch's fused AdamW.

spacy-transformers trains in single precision on a CPU and pads every sentence to the longest of its batch,
and thinc's Adam updates 20 to 110 million weights in one thread. All of it is replaced in the running
pipeline only: nothing of it is saved."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from spacy.language import Language
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import Optimizer
from transformers import AutoModel

from ..errors import refusal
from .adamw import EncoderAdam, is_plain_adam
from .encoders import WORTH_IT, times_as_fast, transformer_shims
from .packing import first_position, pack_rows, replace_dropout, run_packed

Precision = Literal["auto", "bf16", "fp32"]
logger = logging.getLogger("spacy")


def make_fast_encoder(
    precision: Precision = "auto", fused_adam: bool = True
) -> Callable[[Language], Language]:
    """Make the `[initialize.after_init]` callback that speeds up the transformer's training on a CPU.

    On a GPU it changes nothing: set `mixed_precision = true` in the transformer's model there. The callback
    takes itself out of the pipeline's config, so that the trained pipeline needs nothing of this package.

    precision: "bf16", "fp32", or "auto": bf16 if this CPU is faster with it (measured when called),
        else fp32 with a message.
    fused_adam: whether torch's fused AdamW updates the transformer, with the settings of the thinc
        optimizer at every step.
    RAISES ConfigValidationError: if the precision is none of the three.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise refusal(f"precision is {precision!r}, but must be auto, bf16 or fp32.")

    def speed_up(nlp: Language) -> Language:
        nlp.config["initialize"]["after_init"] = None
        shims = transformer_shims(nlp)
        if shims and shims[0].device.type == "cpu":
            half = choose_half(precision)
            for shim in shims:
                # It stays the same object: thinc and the pipeline refer to it.
                shim.__class__ = FastShim
                shim.speed_up(half_precision=half, fused_adam=fused_adam)
        return nlp

    return speed_up


def precision_of(nlp: Language) -> str | None:
    """In which precision the callback lets a pipeline's transformer train; None if it does not decide."""
    for shim in transformer_shims(nlp):
        half: bool | None = getattr(shim, "half_precision", None)
        if half is not None:
            return "bf16" if half else "fp32"
    return None


def choose_half(precision: Precision) -> bool:
    """Whether to train in bf16; with "auto" only if it pays on this CPU."""
    if precision != "auto":
        return precision == "bf16"
    gain = bf16_gain()
    if gain < WORTH_IT:
        logger.warning("bf16 is %.1f times as fast as fp32 on this CPU: training in fp32", gain)
    return gain >= WORTH_IT


def bf16_gain(rounds: int = 5) -> float:
    """How many times as fast this CPU multiplies matrices in bf16 as in fp32.

    What the CPU says it can do does not decide: without AMX some have instructions for bf16 that are no
    faster. It takes about 30 ms.

    rounds: measurements of each; the fastest counts.
    """
    factors = [
        (torch.ones(256, 384, dtype=dtype), torch.ones(1536, 384, dtype=dtype))
        for dtype in (torch.bfloat16, torch.float32)
    ]
    half, full = (partial(torch.nn.functional.linear, *some) for some in factors)
    return times_as_fast(half, full, rounds)


Backprop = Callable[[Any], Any]


class FastShim(HFShim):
    """An HFShim that trains in bf16, without padding and with a fused AdamW; the rest is as in an HFShim.

    half_precision: whether the forward pass of training runs in bf16.
    fused_adam: whether AdamW updates the weights.
    packs: whether sentences share rows.
    adamw: the optimizer, unless thinc's updates the weights.
    """

    half_precision: bool
    fused_adam: bool
    packs: bool
    adamw: EncoderAdam | None

    def speed_up(self, *, half_precision: bool, fused_adam: bool) -> None:
        """Train faster from now on."""
        self.half_precision, self.fused_adam = half_precision, fused_adam
        self.take(self._model)

    def take(self, model: Any) -> None:
        """Train a copy of a torch model from now on."""
        self._model = self._hfmodel.transformer = model = rebuild(model)
        self.packs = first_position(model.config) is not None
        embedding = model.get_input_embeddings() if self.packs else None
        self.adamw = EncoderAdam(model, embedding) if self.fused_adam else None

    def begin_update(self, inputs: Any) -> tuple[Any, Backprop]:
        """Run the forward pass for training.

        RETURNS: the output in fp32, since numpy has no bf16, and the callback for the backward pass.
        """
        self._model.train()
        if self.adamw is not None and self.adamw.rows is not None:
            self.adamw.rows.look_up(inputs.kwargs["input_ids"])
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
        """Update the weights with the settings of a thinc optimizer."""
        if self.adamw is not None and not is_plain_adam(optimizer):
            if self.adamw.rows is not None:
                self.adamw.rows.give_up()
            self.adamw = None
        if self.adamw is None:
            super().finish_update(optimizer)
        else:
            self.adamw.step(optimizer)

    def predict(self, inputs: Any) -> Any:
        """Run the forward pass for evaluation, as an HFShim does."""
        self._settle()
        return super().predict(inputs)

    def to_bytes(self) -> Any:
        """The model as an HFShim saves it."""
        self._settle()
        return super().to_bytes()  # type: ignore[no-untyped-call]

    def from_bytes(self, bytes_data: bytes) -> "FastShim":
        """Load the model, and forget what AdamW knew of the one before."""
        super().from_bytes(bytes_data)  # type: ignore[no-untyped-call]
        self.take(self._model)
        return self

    def _settle(self) -> None:
        if self.adamw is not None and self.adamw.rows is not None:
            self.adamw.rows.settle()


def in_full_precision(output: Any) -> Any:
    """An output of a model in fp32: a tensor, or a tuple with one for each layer; anything else as it is."""
    if isinstance(output, tuple):
        return tuple(in_full_precision(part) for part in output)
    return output.float() if torch.is_tensor(output) else output


def rebuild(model: Any) -> Any:
    """A transformer of the same weights that is faster on a CPU: plain attention, another dropout."""
    # What is drawn to initialize weights that are then overwritten must not change what is drawn after it.
    with torch.random.fork_rng(devices=[]):
        faster = AutoModel.from_config(model.config, attn_implementation="eager")  # type: ignore[no-untyped-call]
    faster.load_state_dict(model.state_dict())
    replace_dropout(faster)
    return faster
