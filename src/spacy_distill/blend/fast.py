"""Faster training of a transformer on a CPU: half precision where the CPU has it, and torch's fused AdamW.

spacy-transformers trains in single precision on a CPU, and thinc's Adam updates 20 to 110 million weights in
one thread. Both are replaced in the running pipeline only: nothing of it is saved.
"""

import logging
from collections.abc import Callable
from typing import Any, Literal

from spacy.language import Language
from thinc.api import Model

Precision = Literal["auto", "bf16", "fp32"]
logger = logging.getLogger("spacy")


def make_fast_encoder(
    precision: Precision = "auto", fused_adam: bool = True
) -> Callable[[Language], Language]:
    """Make the `[initialize.after_init]` callback that speeds up the transformer's training on a CPU.

    On a GPU it changes nothing: set `mixed_precision = true` in the transformer's model there. The callback
    takes itself out of the pipeline's config, so that the trained pipeline needs nothing of this package.

    precision (str): "bf16", "fp32", or "auto": bf16 if the CPU computes with it, else fp32 with a message.
    fused_adam (bool): Whether torch's fused AdamW updates the transformer, with the settings of the thinc
        optimizer at every step.
    RETURNS (Callable[[Language], Language]): The callback.
    RAISES (ValueError): If the precision is none of the three.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise ValueError(f"precision is {precision!r}, but must be auto, bf16 or fp32.")

    def speed_up(nlp: Language) -> Language:
        nlp.config["initialize"]["after_init"] = None
        shims = [shim for _, pipe in nlp.pipeline for shim in _transformer_shims(pipe)]
        if not shims or shims[0].device.type != "cpu":
            return nlp
        from .shim import speed_up_shim

        half = _decide(precision)
        for shim in shims:
            speed_up_shim(shim, half_precision=half, fused_adam=fused_adam)
        logger.info("Training the transformer in %s", "bf16" if half else "fp32")
        return nlp

    return speed_up


def _decide(precision: Precision) -> bool:
    if precision != "auto":
        return precision == "bf16"
    if has_bf16():
        return True
    logger.info("This CPU does not compute in bf16: the transformer trains in fp32")
    return False


def has_bf16() -> bool:
    """Whether the CPU has instructions for bf16; emulated, it would be slower than fp32."""
    import torch

    # The public list is newer than the oldest torch that is allowed.
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if found:
        return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return any(
        getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def _transformer_shims(pipe: Any) -> list[Any]:
    model = getattr(pipe, "model", None)
    if not isinstance(model, Model):
        return []
    return [shim for node in model.walk() if node.name == "hf-pytorch" for shim in node.shims]
