"""The transformers of a pipeline, and which way to multiply matrices this CPU is faster at."""

import time
from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

# Casts and everything that is no matrix product eat up a smaller gain.
WORTH_IT = 1.3


def transformer_shims(nlp: Language) -> list[Any]:
    """What holds the torch models of a pipeline's transformers, an HFShim each."""
    models = (getattr(pipe, "model", None) for _, pipe in nlp.pipeline)
    nodes = (node for model in models if isinstance(model, Model) for node in model.walk())
    return [shim for node in nodes if node.name == "hf-pytorch" for shim in node.shims]


def times_as_fast(one: Callable[[], Any], other: Callable[[], Any], rounds: int = 5) -> float:
    """How many times as fast the first is as the second, measured now, in one thread of torch.

    rounds: measurements of each; the fastest counts.
    """
    import torch

    times: dict[Callable[[], Any], list[float]] = {one: [], other: []}
    # In turns, by CPU time and in one thread, so that other load on the machine does not decide.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(rounds + 1):
        for function, taken in times.items():
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    torch.set_num_threads(threads)
    # The first of each prepares the kernel.
    fast, slow = (min(taken[1:]) for taken in times.values())
    return slow / max(fast, 1e-9)
