"""Faster prediction by a transformer on a CPU, in the same precision.

torch multiplies matrices of fp32 by MKL, which on a CPU that is not Intel's can be half as fast as oneDNN.
torch has both on board."""

from functools import cache

from spacy.language import Language

from .encoders import WORTH_IT, times_as_fast, transformer_shims


def speed_up_prediction(nlp: Language) -> Language:
    """Let oneDNN multiply the matrices of a pipeline's transformers, where this CPU is faster with it.

    The pipeline can predict afterwards, and neither be trained nor saved. What it predicts is the same, up to
    the rounding of fp32. On a GPU it changes nothing.
    """
    shims = [shim for shim in transformer_shims(nlp) if shim.device.type == "cpu"]
    if shims and onednn_gain() >= WORTH_IT:
        from torch.utils.mkldnn import to_mkldnn

        for shim in shims:
            shim._model = shim._hfmodel.transformer = to_mkldnn(shim._model.eval())  # type: ignore[no-untyped-call]
    return nlp


@cache
def onednn_gain() -> float:
    """How many times as fast a layer of a small transformer is with oneDNN as without; 0 where there is none.

    It is measured once in a process, which takes about 20 ms.
    """
    import torch
    from torch.utils.mkldnn import to_mkldnn

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return 0.0
    inputs, layer = torch.ones(256, 384), torch.nn.Linear(384, 1536).eval()
    with torch.inference_mode():
        other = to_mkldnn(torch.nn.Sequential(layer))  # type: ignore[no-untyped-call]
        return times_as_fast(lambda: other(inputs), lambda: layer(inputs))
