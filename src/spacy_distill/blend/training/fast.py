"""Faster training of a transformer on a CPU: half precision where it pays, no padding, torch's fused AdamW.

spacy-transformers trains in single precision on a CPU and pads every sentence to the longest of its batch,
and thinc's Adam updates 20 to 110 million weights in one thread. All of it is replaced in the running
pipeline only: nothing of it is saved.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Literal

from spacy.language import Language
from thinc.api import Model

from ..values import refusal

Precision = Literal["auto", "bf16", "fp32"]
# Casts and everything that is no matrix product eat up a smaller gain.
WORTH_IT = 1.3
logger = logging.getLogger("spacy")


def make_fast_encoder(
    precision: Precision = "auto", fused_adam: bool = True
) -> Callable[[Language], Language]:
    """Make the `[initialize.after_init]` callback that speeds up the transformer's training on a CPU.

    On a GPU it changes nothing: set `mixed_precision = true` in the transformer's model there. The callback
    takes itself out of the pipeline's config, so that the trained pipeline needs nothing of this package.

    precision (str): "bf16", "fp32", or "auto": bf16 if this CPU is faster with it (measured when called),
        else fp32 with a message.
    fused_adam (bool): Whether torch's fused AdamW updates the transformer, with the settings of the thinc
        optimizer at every step.
    RETURNS (Callable[[Language], Language]): The callback.
    RAISES (ConfigValidationError): If the precision is none of the three.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise refusal(f"precision is {precision!r}, but must be auto, bf16 or fp32.")

    def speed_up(nlp: Language) -> Language:
        nlp.config["initialize"]["after_init"] = None
        shims = [shim for _, pipe in nlp.pipeline for shim in _transformer_shims(pipe)]
        if shims and shims[0].device.type == "cpu":
            from .shim import speed_up_shim

            half = choose_half(precision)
            for shim in shims:
                speed_up_shim(shim, half_precision=half, fused_adam=fused_adam)
        return nlp

    return speed_up


def precision_of(nlp: Language) -> str | None:
    """In which precision the callback lets a pipeline's transformer train; None if it does not decide."""
    for _, pipe in nlp.pipeline:
        for shim in _transformer_shims(pipe):
            half: bool | None = getattr(shim, "half_precision", None)
            if half is not None:
                return "bf16" if half else "fp32"
    return None


def choose_half(precision: Precision) -> bool:
    """Whether to train in bf16.

    precision (str): As configured.
    RETURNS (bool): True for bf16; with "auto" only if it pays on this CPU.
    """
    if precision != "auto":
        return precision == "bf16"
    gain = bf16_gain()
    if gain < WORTH_IT:
        logger.warning("bf16 is %.1f times as fast as fp32 on this CPU: training in fp32", gain)
    return gain >= WORTH_IT


def bf16_gain(rounds: int = 5) -> float:
    """How many times as fast this CPU multiplies matrices in bf16 as in fp32.

    What the CPU says it can do does not tell: without AMX some have instructions for bf16 that are no faster.

    rounds (int): Measurements of each; the fastest counts.
    RETURNS (float): The ratio; about 30 ms of work decide it.
    """
    import torch

    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    factors = {t: (torch.ones(256, 384, dtype=t), torch.ones(1536, 384, dtype=t)) for t in times}
    # In turns, by CPU time and in one thread, so that other load on the machine does not decide.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(rounds + 1):
        for dtype, (inputs, weights) in factors.items():
            start = time.process_time()
            torch.nn.functional.linear(inputs, weights)
            times[dtype].append(time.process_time() - start)
    torch.set_num_threads(threads)
    # The first of each prepares the kernel.
    full, half = (min(taken[1:]) for taken in times.values())
    return full / max(half, 1e-9)


def _transformer_shims(pipe: Any) -> list[Any]:
    model = getattr(pipe, "model", None)
    if not isinstance(model, Model):
        return []
    return [shim for node in model.walk() if node.name == "hf-pytorch" for shim in node.shims]
