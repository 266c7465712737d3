"""Faster prediction by a transformer on a CPU, in the same precision.

torch multiplies matrices of fp32 by MKL, which on a CPU that is not Intel's can be half as fast as oneDNN.
torch has both on board."""

from functools import cache
from typing import TYPE_CHECKING

from spacy.language import Language

from .encoders import WORTH_IT, times_as_fast, transformer_shims

if TYPE_CHECKING:
    from torch.nn import Linear


def speed_up_prediction(nlp: Language) -> Language:
    """Let oneDNN multiply the matrices of a pipeline's transformers, where this CPU is faster with it.

    That is measured once in a process. What is predicted is the same, up to the rounding of fp32. On a GPU,
    in another precision and in training torch multiplies as before. The weights of linear layers are in
    memory twice.

    nlp: the pipeline; it is changed.
    RETURNS: the same pipeline.
    """
    shims = [shim for shim in transformer_shims(nlp) if shim.device.type == "cpu"]
    if shims and onednn_gain() >= WORTH_IT:
        from .onednn import take_onednn

        for shim in shims:
            take_onednn(shim._model)
    return nlp


@cache
def onednn_gain() -> float:
    """How many times as fast a layer of a small transformer is with oneDNN as without; 0 where there is none.

    It is measured once in a process, which takes about 20 ms.
    """
    import torch

    from .onednn import take_onednn

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return 0.0
    inputs, stock, other = torch.ones(256, 384), _layer(), _layer()
    take_onednn(other)
    with torch.no_grad():
        return times_as_fast(lambda: other(inputs), lambda: stock(inputs))


def _layer() -> "Linear":
    import torch

    # What is drawn to initialize it must not change what is drawn after it.
    with torch.random.fork_rng(devices=[]):
        return torch.nn.Linear(384, 1536)
