from __future__ import annotations

import inspect
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from framework.errors import ConfigError
from framework.rules.risk import panel_kernel
from framework.rules.risk.features import FEATURES, risk_feature
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.panel import historical_row, rolling_compiled, rolling_historical, rolling_plain, rolling_rows
from framework.rules.risk.quantiles import Quantile, historical, tail_plan
from tests.rules.risk import market
from tests.rules.risk.drawn import odd_numbers, ticks

shapes = st.tuples(st.integers(20, 60), st.integers(1, 3))
mixed = st.one_of(ticks, ticks, ticks, st.sampled_from([0.0, -0.0]), odd_numbers)


def live(column, window, confidence, quantile):
    """The live function on each window of a column."""
    rows = [historical(column[max(end - window, 0) : end], confidence, quantile, minimum=window) for end in range(1, len(column) + 1)]
    return np.array([one.var for one in rows]), np.array([one.cvar for one in rows])


def same_bits(one, other):
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def assert_equals_live(panel, window, confidence, quantile, found):
    for column, values in enumerate(panel.T):
        var, cvar = live(values, window, confidence, quantile)
        assert same_bits(found[0][:, column], var)
        assert same_bits(found[1][:, column], cvar)


@given(hnp.arrays(np.float64, shapes, elements=ticks), st.integers(10, 30), st.sampled_from([0.9, 0.95, 0.7]), st.sampled_from(Quantile))
def test_every_row_equals_the_live_function_bit_for_bit(panel, window, confidence, quantile):
    window = min(max(window, math.ceil(1 / round(1 - confidence, 9))), len(panel))
    plan = tail_plan(window, confidence, quantile)
    for roll in (rolling_compiled, rolling_plain):
        assert_equals_live(panel, window, confidence, quantile, roll(panel, window, plan))


@given(hnp.arrays(np.float64, shapes, elements=mixed))
def test_broken_values_break_their_windows_and_no_other_bit_for_bit(panel):
    plan = tail_plan(10, 0.9)
    compiled, plain = rolling_compiled(panel, 10, plan), rolling_plain(panel, 10, plan)
    assert same_bits(np.isnan(compiled[0]), np.isnan(plain[0]))
    assert same_bits(np.nan_to_num(compiled), np.nan_to_num(plain))
    usable = np.abs(panel) <= 1e30
    for row in range(len(panel)):
        whole = usable[max(row - 9, 0) : row + 1].all(axis=0) & (row >= 9)
        assert (np.isnan(plain[0][row]) == ~whole).all()


@pytest.mark.parametrize("confidence", [0.95, 0.99, 0.9])
@pytest.mark.parametrize("window", [100, 252, 500])
def test_real_returns_equal_the_live_function_bit_for_bit(window, confidence):
    panel = np.column_stack([market.stock(name)[-1400:] for name in ("AAPL", "IBM", "MSFT")])
    panel[700, 1] = np.nan
    found = rolling_historical(panel, window, confidence)
    assert_equals_live(panel, window, confidence, Quantile.LINEAR, found)
    assert same_bits(rolling_compiled(panel, window, tail_plan(window, confidence))[1], found[1])


def test_volatility_that_falls_for_years_is_followed():
    steps = np.random.default_rng(5).standard_t(3, (1500, 2))
    panel = steps * np.exp(-np.arange(1500.0)[:, None] / 200.0)
    assert_equals_live(panel, 60, 0.95, Quantile.LINEAR, rolling_compiled(panel, 60, tail_plan(60, 0.95)))


def test_a_large_panel_is_the_panel_of_its_columns():
    panel = np.random.default_rng(1).standard_t(4, (1100, 190)) / 100.0
    assert panel.size >= 200_000
    var, cvar = rolling_historical(panel, 252, 0.95)
    alone = rolling_historical(panel[:, 77], 252, 0.95)
    assert same_bits(var[:, 77], alone[0])
    assert same_bits(cvar[:, 77], alone[1])


def test_without_numba_the_figures_are_the_same(monkeypatch):
    panel = np.random.default_rng(2).standard_normal((420, 500)) / 100.0
    compiled = rolling_historical(panel, 252, 0.99)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert same_bits(rolling_historical(panel, 252, 0.99), compiled)


def test_the_kernel_read_as_plain_python_gives_the_same_bits(monkeypatch):
    for name, function in inspect.getmembers(panel_kernel, lambda one: hasattr(one, "py_func")):
        monkeypatch.setattr(panel_kernel, name, function.py_func)
    panel = np.column_stack([market.stock("IBM")[:300], market.stock("MSFT")[:300]])
    panel[150, 0] = np.inf
    plan = tail_plan(60, 0.95)
    plain = rolling_plain(panel, 60, plan)
    read = rolling_compiled(panel, 60, plan)
    assert same_bits(np.nan_to_num(read), np.nan_to_num(plain))


def test_the_row_of_a_decision_is_the_last_row_of_the_panel():
    panel = market.four_stocks()[-400:].copy()
    panel[-5, 2] = np.nan
    var, cvar = historical_row(panel[-252:], 0.99)
    expected = rolling_historical(panel, 252, 0.99)
    assert same_bits(var, expected[0][-1])
    assert same_bits(cvar, expected[1][-1])


@pytest.mark.parametrize("window", [99, 0, -1, 301])
def test_a_window_that_cannot_answer_is_not_a_number_throughout(window):
    assert np.isnan(rolling_historical(market.stock("IBM")[:300], window, 0.99)).all()


# Features


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_the_live_estimate_of_its_lookback(name):
    returns = market.stock("IBM")[:700]
    column = risk_feature(name, returns)
    feature = FEATURES[name]
    for row in (251, 400, 699):
        window = returns[row - 251 : row + 1]
        periods = [np.prod(1 + window[end - feature.days : end]) - 1 for end in range(feature.days, 253)]
        expected = historical(np.array(periods), feature.confidence)
        assert column[row] == pytest.approx(expected.cvar if name.startswith("cvar") else expected.var, rel=1e-9)
    assert np.isnan(column[:251]).all()
    assert not np.isnan(column[251:]).any()


@pytest.mark.parametrize("name", FEATURES)
@given(cut=st.integers(60, 119), noise=st.floats(-0.9, 3.0))
def test_no_feature_sees_a_later_row(name, cut, noise):
    panel = market.four_stocks()[:120, :2]
    changed = panel.copy()
    changed[cut:] = noise
    lookback = 110 if "99" in name else 40
    assert same_bits(risk_feature(name, panel, lookback)[:cut], risk_feature(name, changed, lookback)[:cut])


def test_a_feature_does_not_remember_what_left_its_window():
    panel = market.four_stocks()[:400]
    assert same_bits(risk_feature("cvar_95_10d", panel)[-1], risk_feature("cvar_95_10d", panel[-252:])[-1])


def test_an_unknown_feature_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"no risk feature 'var_90_1d'; choose one of var_95_1d, cvar_95_1d"):
        risk_feature("var_90_1d", market.stock("IBM"))


# Horizons


def test_periods_compound_and_overlap():
    assert compounded(np.array([0.1, 0.2, -0.5]), 2) == pytest.approx([math.nan, 0.32, -0.4], nan_ok=True)
    assert same_bits(compounded(np.array([0.1, 0.2]), 1), np.array([0.1, 0.2]))
    assert np.isnan(compounded(np.array([0.1, 0.2]), 3)).all()


def test_a_broken_day_breaks_the_periods_it_lies_in():
    returns = np.array([0.1, np.nan, 0.1, 0.1, 1e300, 0.1])
    assert np.isnan(compounded(returns, 2)).tolist() == [True, True, True, False, True, True]


def test_the_root_of_time_says_so():
    one_day = historical(market.stock("IBM"), 0.99)
    ten_days = sqrt_time(one_day, 10)
    assert (ten_days.var, ten_days.cvar) == (one_day.var * math.sqrt(10), one_day.cvar * math.sqrt(10))
    assert ten_days.method == "historical linear x sqrt(10)"
    assert "horizon" in sqrt_time(one_day, 0).note


@pytest.mark.parametrize("quantile", Quantile)
def test_the_row_of_a_decision_keeps_the_convention(quantile):
    panel = market.four_stocks()[-100:]
    var, cvar = historical_row(panel, 0.99, quantile)
    for column in range(4):
        alone = historical(panel[:, column], 0.99, quantile)
        assert (var[column], cvar[column]) == (alone.var, alone.cvar)


def test_windows_that_cannot_answer_have_a_row_of_nan_for_their_columns():
    assert [figures.tolist() for figures in historical_row(np.zeros((99, 3)), 0.99)] == [pytest.approx([np.nan] * 3, nan_ok=True)] * 2
    assert historical_row(np.zeros(7), 0.99)[0].shape == (7,)


@pytest.mark.parametrize("quantile", Quantile)
def test_a_panel_keeps_the_convention_up_to_a_window_of_all_its_rows(quantile):
    column = market.stock("IBM")[:100]
    for window in (99, 100):
        assert same_bits(rolling_historical(column, window, 0.95, quantile), live(column, window, 0.95, quantile))


@pytest.mark.parametrize("many", [3, 190])
@pytest.mark.parametrize("window", [10, 252, 1200])
def test_symbols_one_by_one_are_the_panel(many, window):
    panel = np.random.default_rng(many).standard_t(4, (1100, many)) / 100.0
    panel[500, 1] = np.nan
    found = np.empty((2, many, len(panel)))
    rolling_rows([np.ascontiguousarray(one) for one in panel.T], window, 0.9, Quantile.LINEAR, list(zip(*found, strict=True)))
    var, cvar = rolling_historical(panel, window, 0.9)
    assert same_bits(found[0].T, var)
    assert same_bits(found[1].T, cvar)
