"""The transformers of a pipeline, and which way to multiply matrices this CPU is faster at."""

import time
from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

# Casts and everything that is no matrix product eat up a smaller gain.
WORTH_IT = 1.3
# Seconds that a clock must tell apart to measure a product.
FINE = 1e-4


def transformer_shims(nlp: Language) -> list[Any]:
    """What holds the torch models of a pipeline's transformers.

    nlp: the pipeline.
    RETURNS: an HFShim for each transformer, in the order of the pipeline.
    """
    models = (getattr(pipe, "model", None) for _, pipe in nlp.pipeline)
    nodes = (node for model in models if isinstance(model, Model) for node in model.walk())
    return [shim for node in nodes if node.name == "hf-pytorch" for shim in node.shims]


def times_as_fast(one: Callable[[], Any], other: Callable[[], Any], rounds: int = 5) -> float:
    """How many times as fast one way is as another, measured now, in one thread of torch.

    one, other: do the same work.
    rounds: measurements of each; the fastest counts.
    RETURNS: the time of the other, divided by that of the one.
    """
    import torch

    # In turns, by CPU time where that is fine enough, in one thread: other load must not decide.
    coarse = time.get_clock_info("process_time").resolution > FINE
    clock = time.perf_counter if coarse else time.process_time
    times: dict[Callable[[], Any], list[float]] = {one: [], other: []}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(rounds + 1):
            for function, taken in times.items():
                start = clock()
                function()
                taken.append(clock() - start)
    finally:
        torch.set_num_threads(threads)
    # The first of each prepares the kernel.
    fast, slow = (min(taken[1:]) for taken in times.values())
    return slow / max(fast, 1e-9)
