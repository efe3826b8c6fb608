"""Kelly fractions against published examples, reference values and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bokeh_sampledata import stocks
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.sizing import kelly

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)


def adjusted_returns(symbol: str) -> np.ndarray:
    price = np.array(getattr(stocks, symbol)["adj_close"])
    return price[1:] / price[:-1] - 1.0


def test_a_coin_that_pays_even_money():
    assert kelly.fixed_odds(0.6, 1.0) == pytest.approx(0.2)


def test_a_bet_against_the_odds_has_a_negative_fraction():
    assert kelly.fixed_odds(0.4, 1.0) == pytest.approx(-0.2)


def test_a_bet_that_never_lost_stakes_its_win_rate():
    assert kelly.fixed_odds(1.0, math.inf) == 1.0


@pytest.mark.parametrize(("win_rate", "payoff"), [(-0.1, 1.0), (1.1, 1.0), (0.5, 0.0), (0.5, -1.0), (math.nan, 1.0), (0.5, math.nan)])
def test_odds_outside_their_range_have_no_fraction(win_rate, payoff):
    assert math.isnan(kelly.fixed_odds(win_rate, payoff))


def test_the_fraction_of_a_trade_history_is_win_rate_and_payoff():
    trades = np.array([0.10, 0.20, -0.05, 0.0])  # p = 2/3, b = 0.15 / 0.05
    assert kelly.from_trades(trades, 4) == pytest.approx(2 / 3 - (1 / 3) / 3)


def test_daily_returns_of_apple_as_bets():
    """Wins over wins and losses, mean win over mean loss: 6.1 %."""
    assert kelly.from_trades(adjusted_returns("AAPL"), 30) == pytest.approx(0.061, abs=5e-4)


def test_too_few_trades_are_no_history():
    assert math.isnan(kelly.from_trades(np.full(29, 0.1), 30))
    assert kelly.from_trades(np.full(30, 0.1), 30) == 1.0


def test_a_losing_history_stakes_nothing():
    assert kelly.from_trades(np.array([-0.1, -0.2]), 2) == 0.0
    assert kelly.from_trades(np.array([0.1, -0.2]), 2) == 0.0


def test_a_trade_that_is_not_a_number_is_no_history():
    assert math.isnan(kelly.from_trades(np.array([0.1, math.nan]), 1))


def test_the_published_example_of_an_index_fund():
    """E. Chan, Quantitative Trading: excess return 7.231 %, standard deviation 16.91 %, f = 2.528."""
    half = 0.1691 / math.sqrt(2.0)
    assert kelly.mean_variance(np.array([0.07231 - half, 0.07231 + half])) == pytest.approx(2.528, abs=1e-3)


def test_mean_over_variance_of_apple():
    assert kelly.mean_variance(adjusted_returns("AAPL")) == pytest.approx(1.476, abs=5e-4)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, 0.1, 0.1], [0.1, math.nan], [1e200, -1e200], [1e-200, 0.0]])
def test_no_variance_no_leverage(returns):
    assert math.isnan(kelly.mean_variance(np.array(returns)))


def test_the_growth_optimal_leverage_of_apple():
    assert kelly.growth_optimal(adjusted_returns("AAPL")) == pytest.approx(1.248, abs=5e-4)


def test_growth_optimal_equals_the_closed_form_of_two_outcomes():
    # p ln(1 + 0.5 f) + q ln(1 - 0.25 f): f = p / 0.25 - q / 0.5
    assert kelly.growth_optimal(np.array([0.5, 0.5, 0.5, -0.25])) == pytest.approx(0.75 / 0.25 - 0.25 / 0.5)


def test_growth_optimal_is_no_worse_than_its_neighbours():
    returns = adjusted_returns("MSFT")
    best = kelly.growth_optimal(returns)
    growth = [float(np.log1p(leverage * returns).mean()) for leverage in (best - 0.01, best, best + 0.01)]
    assert growth[1] == max(growth)


def test_a_losing_history_has_no_growth():
    assert kelly.growth_optimal(np.array([-0.1, 0.05])) == pytest.approx(0.0, abs=1e-12)


def test_a_history_without_losses_is_bounded():
    assert kelly.growth_optimal(np.array([0.1, 0.2])) == pytest.approx(kelly.LARGEST_LEVERAGE)
    assert kelly.growth_optimal(np.array([0.1, -1e-9])) == pytest.approx(kelly.LARGEST_LEVERAGE)


@pytest.mark.parametrize("returns", [[], [math.nan], [math.inf]])
def test_no_returns_no_growth(returns):
    assert math.isnan(kelly.growth_optimal(np.array(returns)))


def test_several_assets_against_the_reference_value():
    """First element of Cov^-1 mu (daily, ddof = 1) of AAPL, GOOG, IBM, MSFT on common dates from 2004-08-20 on."""
    count = len(stocks.GOOG["adj_close"])
    returns = np.column_stack([adjusted_returns(symbol)[-(count - 1) :] for symbol in ("AAPL", "GOOG", "IBM", "MSFT")])
    assert kelly.portfolio(returns)[0] == pytest.approx(2.9703024628558, rel=1e-8)


def test_one_asset_is_mean_over_variance():
    returns = adjusted_returns("IBM")
    assert kelly.portfolio(returns[:, np.newaxis])[0] == pytest.approx(kelly.mean_variance(returns))


@pytest.mark.parametrize(
    "returns",
    [
        np.zeros((5, 0)),
        np.ones((2, 2)),
        np.array([[0.1], [0.1], [0.1]]),
        np.array([[0.1, 0.1], [0.2, 0.2], [-0.1, -0.1]]),
        np.array([[0.1, 0.2], [0.2, math.nan], [0.3, 0.1]]),
        np.array([[1e200], [-1e200], [1e199]]),
    ],
)
def test_assets_that_cannot_be_told_apart_have_no_leverage(returns):
    found = kelly.portfolio(returns)
    assert found.shape == (returns.shape[1],)
    assert np.isnan(found).all()


@given(st.lists(ANY_FLOAT, max_size=8))
def test_nothing_raises_and_no_fraction_leaves_its_range(values):
    returns = np.array(values, dtype=np.float64)
    fraction, growth = kelly.from_trades(returns, 1), kelly.growth_optimal(returns)
    assert math.isnan(fraction) or 0.0 <= fraction <= 1.0
    assert math.isnan(growth) or 0.0 <= growth <= kelly.LARGEST_LEVERAGE
    kelly.mean_variance(returns)
    kelly.portfolio(returns[:, np.newaxis])


def test_the_ends_of_the_odds():
    assert kelly.fixed_odds(0.0, 2.0) == -0.5
    assert kelly.fixed_odds(1.0, 2.0) == 1.0
    assert math.isnan(kelly.fixed_odds(0.5, 0.0))


def test_several_assets_are_the_solution_of_their_equations():
    returns = np.column_stack([adjusted_returns(symbol)[-500:] for symbol in ("AAPL", "IBM", "MSFT")])
    expected = np.linalg.solve(np.cov(returns.T), returns.mean(axis=0))
    assert kelly.portfolio(returns) == pytest.approx(expected, rel=1e-9)
    fewest = returns[:4] + np.eye(4, 3) * 0.05
    assert kelly.portfolio(fewest) == pytest.approx(np.linalg.solve(np.cov(fewest.T), fewest.mean(axis=0)), rel=1e-6)


def test_an_asset_that_stands_still_beside_one_that_moves_leaves_no_leverage():
    assert np.isnan(kelly.portfolio(np.array([[0.1, 0.1], [0.1, -0.2], [0.1, 0.3]]))).all()


def test_two_returns_are_enough_for_one_asset():
    assert kelly.portfolio(np.array([[0.1], [-0.05]]))[0] == pytest.approx(0.025 / np.var([0.1, -0.05], ddof=1))
