"""VaR against numpy and scipy, and what it says when there is nothing to say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.special import ndtri

from framework.rules.var import HISTORICAL, PARAMETRIC, historical_var, parametric_var, symbol_var

levels = st.floats(0.01, 0.999)


def windows(smallest: int) -> st.SearchStrategy[np.ndarray]:
    return npst.arrays(np.float64, st.integers(smallest, 300), elements=st.floats(-0.5, 0.5))


@given(windows(1), levels)
def test_historical_var_is_the_linear_quantile_of_the_losses(returns, confidence):
    expected = -np.quantile(returns, 1.0 - confidence, method="linear")
    assert historical_var(returns, confidence) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(windows(2), levels)
def test_parametric_var_is_the_normal_quantile_times_the_deviation(returns, confidence):
    expected = ndtri(confidence) * np.sqrt(np.sum((returns - returns.mean()) ** 2) / (len(returns) - 1))
    assert parametric_var(returns, confidence) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(windows(2), levels, levels)
def test_more_confidence_never_means_less_var(returns, one, other):
    lower, higher = sorted((one, other))
    assert historical_var(returns, lower) <= historical_var(returns, higher)
    assert parametric_var(returns, lower) <= parametric_var(returns, higher)


@given(windows(2), levels, st.integers(-5, 5))
def test_twice_the_returns_are_twice_the_var(returns, confidence, power):
    scale = 2.0**power
    assert historical_var(returns * scale, confidence) == pytest.approx(historical_var(returns, confidence) * scale, rel=1e-12, abs=1e-300)
    assert parametric_var(returns * scale, confidence) == pytest.approx(parametric_var(returns, confidence) * scale, rel=1e-9, abs=1e-300)


@given(windows(2), st.randoms())
def test_var_does_not_depend_on_the_order_of_days_and_leaves_them_as_they_are(returns, shuffler):
    before = returns.copy()
    shuffled = returns.copy()
    shuffler.shuffle(shuffled)
    assert historical_var(shuffled, 0.95) == historical_var(returns, 0.95)
    assert np.array_equal(returns, before)


def test_a_loss_is_positive_and_a_window_of_gains_is_negative():
    assert historical_var(np.array([-0.03, 0.01, 0.02]), 0.99) > 0
    assert historical_var(np.full(100, 0.01), 0.95) == pytest.approx(-0.01)


def test_the_fifth_worst_of_a_hundred_and_one_days():
    returns = np.arange(101) / 1000 - 0.05  # rank 100 * 0.05 = 5, no interpolation
    assert historical_var(returns, 0.95) == pytest.approx(0.045)


NORMAL_95 = 1.6448536269514722  # z of 95 %, from tables


def test_one_percent_a_day_is_a_var_of_one_point_six_percent():
    returns = np.array([0.01, -0.01] * 50)
    assert parametric_var(returns, 0.95) == pytest.approx(NORMAL_95 * 0.01 * math.sqrt(100 / 99), rel=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("method", [HISTORICAL, PARAMETRIC])
def test_a_hole_in_the_window_is_no_var(bad, method):
    returns = np.full(60, 0.01)
    returns[30] = bad
    assert math.isnan(symbol_var(returns, method, 0.95, 20))


def test_opposite_infinities_do_not_cancel():
    assert math.isnan(symbol_var(np.array([math.inf, -math.inf, *[0.01] * 60]), HISTORICAL, 0.95, 20))


@pytest.mark.parametrize("method", [HISTORICAL, PARAMETRIC])
@pytest.mark.parametrize(("count", "minimum"), [(19, 20), (0, 20), (0, 0), (1, 0), (1, 1)])
def test_too_few_days_are_no_var(method, count, minimum):
    assert math.isnan(symbol_var(np.full(count, 0.01), method, 0.95, minimum))


@pytest.mark.parametrize("method", [HISTORICAL, PARAMETRIC])
@pytest.mark.parametrize(("count", "minimum"), [(20, 20), (2, 2), (2, 0)])
def test_the_minimum_is_enough(method, count, minimum):
    assert symbol_var(np.linspace(-0.03, 0.02, count), method, 0.95, minimum) > 0


@pytest.mark.parametrize(
    ("count", "confidence", "reaches"),
    [(20, 0.95, True), (19, 0.95, False), (100, 0.99, True), (99, 0.99, False), (10, 0.9, True), (9, 0.9, False), (1000, 0.999, True)],
)
def test_the_normal_estimate_stands_in_until_the_window_reaches_the_tail(count, confidence, reaches):
    returns = np.linspace(-0.03, 0.02, count)
    expected = historical_var(returns, confidence) if reaches else parametric_var(returns, confidence)
    assert symbol_var(returns, HISTORICAL, confidence, 5) == expected
    assert historical_var(returns, confidence) != parametric_var(returns, confidence)


def test_parametric_is_never_historical():
    returns = np.linspace(-0.03, 0.02, 252)
    assert symbol_var(returns, PARAMETRIC, 0.95, 60) == parametric_var(returns, 0.95)
