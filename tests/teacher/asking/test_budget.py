import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.teacher.budget import Budget, TokenPrices, Usage, estimate_tokens, read_prices
from spacy_distill.teacher.run_statistics import RunStatistics

PRICES = TokenPrices(2.0, 10.0)
USAGES = st.builds(Usage, st.integers(0, 5000), st.integers(0, 5000))


def test_a_price_is_per_million_tokens():
    assert TokenPrices(2.0, 10.0).cost(Usage(1_000_000, 100_000)) == 3.0


@given(st.lists(st.tuples(USAGES, st.booleans())), st.integers(0, 20_000))
def test_reservations_never_exceed_the_limit(requests, limit):
    budget = Budget(PRICES, max_tokens=limit, max_cost=limit * 3e-6)
    open_ones = []
    for most, finish in requests:
        if budget.reserve(most):
            open_ones.append(most)
        assert budget.tokens + budget.reserved_tokens <= limit
        assert budget.cost + budget.reserved_cost <= limit * 3e-6 + 1e-12
        if finish and open_ones:
            done = open_ones.pop()
            budget.settle(done, Usage(done.prompt, done.completion // 2))
    for most in open_ones:
        budget.settle(most, most)
    assert budget.idle
    assert budget.reserved_cost == budget.reserved_tokens == 0
    assert budget.tokens <= limit


@given(USAGES, USAGES)
def test_what_is_settled_is_spent(most, used):
    budget = Budget(PRICES)
    assert budget.reserve(most)
    assert budget.settle(most, used) == PRICES.cost(used)
    assert (budget.cost, budget.tokens) == (PRICES.cost(used), used.total)


def test_nothing_is_spent_on_a_request_that_was_refused():
    budget = Budget(PRICES, max_tokens=100)
    assert budget.reserve(Usage(50, 50))
    assert not budget.reserve(Usage(1, 0))
    assert budget.settle(Usage(50, 50), None) == 0
    assert budget.reserve(Usage(50, 50))


def test_the_length_of_answers_is_learned_unless_the_request_limits_it():
    budget = Budget(longest=None)
    budget.learn("p", Usage(1, 4000))
    assert budget.expect("p").completion == 6000
    limited = Budget(longest=300)
    limited.learn("p", Usage(1, 4000))
    assert limited.expect("p").completion == 300


def test_prompts_that_were_longer_than_expected_are_learned_from():
    budget = Budget()
    expected = budget.expect("prompt").prompt
    for _ in range(2):
        budget.learn("prompt", Usage(3 * expected, 0))
        assert budget.expect("prompt").prompt == 3 * expected
    budget.learn("prompt", Usage(1, 0))
    assert budget.expect("prompt").prompt == 3 * expected


def test_a_limit_in_money_needs_prices():
    with pytest.raises(ValueError, match=r"prices = \{"):
        Budget(None, max_cost=1.0)
    with pytest.raises(ValueError, match="-1"):
        Budget(PRICES, max_cost=-1)


@given(st.text())
def test_tokens_are_estimated_high(text):
    assert estimate_tokens(text) >= len(text) / 3


@pytest.mark.parametrize(
    "prices",
    [
        {},
        {"input": 1},
        {"input": 1, "output": -1},
        {"input": 1, "output": "x"},
        {"input": 1, "output": 1, "x": 1},
    ],
)
def test_wrong_prices_are_refused(prices):
    with pytest.raises(ValueError, match="US dollars per million"):
        read_prices(prices)


def test_prices_of_a_config():
    assert read_prices(None) is None
    assert read_prices({"input": 1, "output": 2, "batch": 0.4}) == TokenPrices(1.0, 2.0, 0.4)


def test_statistics_project_what_is_left():
    now = 0.0
    statistics = RunStatistics(total=100, clock=lambda: now)
    assert (statistics.rate, statistics.projected_cost, statistics.seconds_left) == (0, None, None)
    now, statistics.done, statistics.asked, statistics.cost = 10.0, 25, 20, 0.5
    assert (statistics.rate, statistics.projected_cost, statistics.seconds_left) == (2.0, 2.375, 37.5)
