import asyncio
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.teacher.limits import LONGEST_WAIT, Limiter, backoff


@pytest.fixture
def short_waits():
    """The waits are as they are."""


class Clock:
    """A time that passes only when someone sleeps."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def limiter(concurrency=8, **limits):
    clock = Clock()
    return Limiter(concurrency, clock=clock, sleep=clock.sleep, **limits), clock


async def turns(limiter, clock, number, tokens=0):
    times = []
    for _ in range(number):
        async with limiter.slot(tokens):
            times.append(clock.now)
    return times


def test_no_minute_has_more_requests_than_allowed():
    limited, clock = limiter(requests_per_minute=30)
    times = asyncio.run(turns(limited, clock, 100))
    assert all(later - early >= 60 - 1e-6 for early, later in zip(times, times[30:], strict=False))
    assert times[-1] - times[0] <= 99 * 2 + 1e-6


def test_no_minute_has_more_tokens_than_allowed():
    limited, clock = limiter(tokens_per_minute=1000)
    times = asyncio.run(turns(limited, clock, 10, tokens=500))
    assert [round(b - a) for a, b in itertools.pairwise(times)] == [30] * 9


def test_tokens_that_were_not_used_are_given_back():
    limited, clock = limiter(tokens_per_minute=1000)

    async def run():
        async with limited.slot(1000):
            limited.settle(1000, 100)
        return await turns(limited, clock, 1)

    assert asyncio.run(run()) == [1006.0]


def test_without_limits_nobody_waits():
    limited, clock = limiter()
    asyncio.run(turns(limited, clock, 100))
    assert clock.slept == []


def test_a_429_halves_what_is_in_flight_once_for_all_that_were_sent_before():
    limited, clock = limiter(16)
    sent = clock.now
    clock.now += 1
    for _ in range(10):
        limited.throttled(sent, None)
    assert limited.window == 8
    limited.throttled(clock.now, None)
    assert limited.window == 4


def test_the_window_never_closes_and_grows_back():
    limited, clock = limiter(16)
    for _ in range(20):
        limited.throttled(clock.now, None)
    assert limited.window == 1
    for _ in range(1000):
        limited.answered()
    assert limited.window == 16


def test_retry_after_holds_everyone_back():
    limited, clock = limiter()
    limited.throttled(clock.now, 20)
    assert asyncio.run(turns(limited, clock, 2)) == [1020.0, 1020.0]


def test_never_more_in_flight_than_the_window():
    limited, clock = limiter(8)
    limited.throttled(clock.now, None)
    most = 0

    async def one():
        nonlocal most
        async with limited.slot(0):
            most = max(most, limited.in_flight)
            await asyncio.sleep(0)

    async def run():
        await asyncio.gather(*[one() for _ in range(50)])

    asyncio.run(run())
    assert most == 4
    assert limited.in_flight == 0


@given(st.integers(1, 10_000), st.integers())
def test_waits_grow_to_a_cap_and_are_jittered(tries, seed):
    wait = backoff(tries, random.Random(seed))
    assert 0.25 <= wait <= LONGEST_WAIT
    assert backoff(tries, random.Random(seed)) != backoff(tries, random.Random(seed + 1))
