"""Learning rates over a run: constant, decay and restart, as thinc schedules of one value an update.

All take `rate` and `total_steps`, the number of training steps, and give the rest a default, so that one
override chooses among them."""

from collections.abc import Iterator, Mapping
from itertools import count, repeat
from typing import Any

from spacy.util import registry

from ..errors import check_fraction, check_positive, check_steps
from .schedules import first_step_at


def make_constant_rate(rate: float, total_steps: int) -> Iterator[float]:
    """The same rate at every step: no warm-up, no decay."""
    _check(rate, total_steps)
    return repeat(float(rate))


def make_decay_rate(rate: float, total_steps: int, warmup: float = 0.1) -> Iterator[float]:
    """A linear warm-up, then a linear decay to 0 at the end of the run.

    rate: the learning rate at the end of the warm-up.
    warmup: fraction of the run that the warm-up takes, in [0, 1].
    """
    _check(rate, total_steps, warmup=warmup)
    return (_triangle(step, total_steps, warmup, rate) for step in count())


def make_restart_rate(
    rate: float, total_steps: int, warmup: float = 0.1, switch: float = 0.5
) -> Iterator[float]:
    """A warm-up and a decay within each of two phases: the rate falls until the switch, then starts anew.

    rate: the learning rate at the end of either warm-up.
    warmup: fraction of each phase that its warm-up takes, in [0, 1].
    switch: fraction of the run at which the second phase begins, as in the share schedule, in [0, 1].
    """
    _check(rate, total_steps, warmup=warmup, switch=switch)
    start = first_step_at(switch, total_steps)

    def at(step: int) -> float:
        if step < start:
            return _triangle(step, start, warmup, rate)
        return _triangle(step - start, total_steps - start, warmup, rate)

    return (at(step) for step in count())


def learning_rates(optimizer: Mapping[str, Any]) -> Iterator[float]:
    """The rate of each update, computed anew: a logger is not given the optimizer.

    optimizer: the section [training.optimizer] of an interpolated config.
    """
    own = registry.resolve({"optimizer": dict(optimizer)})["optimizer"]
    while True:
        yield float(own.learn_rate)
        own.step_schedules()


def _triangle(step: int, total_steps: int, warmup: float, rate: float) -> float:
    peak = warmup * total_steps
    if step < peak:
        # The first update counts: from 1 / peak, not from 0.
        return rate * min(1.0, (step + 1) / peak)
    return rate * max(0.0, (total_steps - step) / max(1.0, total_steps - peak))


def _check(rate: float, total_steps: int, **fractions: float) -> None:
    check_positive("rate", rate)
    check_steps(total_steps)
    for name, value in fractions.items():
        check_fraction(name, value)
