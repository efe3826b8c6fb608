"""An impossible bar or quote cannot be made."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.market import Bar, BarSeries, Quote
from framework.errors import BadDataError

GOOD = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 100.0}
prices = st.floats(0.01, 1e6)


def a_bar(**changes: float) -> Bar:
    return Bar("AAPL", 1, **(GOOD | changes))


def a_series(**changes: np.ndarray) -> BarSeries:
    columns = {name: np.array([value, value]) for name, value in GOOD.items()}
    columns |= {"timestamp": np.array([1, 2]), "dividend": np.zeros(2), "split": np.ones(2)}
    return BarSeries("AAPL", **(columns | changes))


@given(prices, prices, prices, prices)
def test_a_bar_can_be_made_exactly_when_its_extremes_contain_open_and_close(first, second, third, fourth):
    contains = third <= min(first, fourth) and second >= max(first, fourth)
    if contains:
        assert a_bar(open=first, high=second, low=third, close=fourth).close == fourth
    else:
        with pytest.raises(BadDataError, match="do not contain"):
            a_bar(open=first, high=second, low=third, close=fourth)


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_a_bar_with_an_impossible_price_is_refused(name, value):
    with pytest.raises(BadDataError, match="AAPL at 1: prices"):
        a_bar(**{name: value})


@pytest.mark.parametrize("volume", [math.nan, math.inf, -1.0])
def test_a_bar_with_an_impossible_volume_is_refused(volume):
    with pytest.raises(BadDataError, match="AAPL at 1: volume"):
        a_bar(volume=volume)


def test_a_bar_without_trade_is_possible():
    assert a_bar(volume=0.0).volume == 0.0


@pytest.mark.parametrize("name", ["bid", "ask", "last"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_a_quote_with_an_impossible_price_is_refused(name, value):
    with pytest.raises(BadDataError, match="AAPL: a quote needs"):
        Quote("AAPL", 1, **({"bid": 10.0, "ask": 10.1, "last": 10.0} | {name: value}))


def test_a_crossed_quote_is_refused_and_a_locked_one_is_not():
    with pytest.raises(BadDataError, match=r"bid 10\.2 above ask 10\.1"):
        Quote("AAPL", 1, 10.2, 10.1, 10.0)
    assert Quote("AAPL", 1, 10.1, 10.1, 10.0).bid == 10.1


@pytest.mark.parametrize("name", ["open", "volume", "dividend", "split"])
def test_columns_of_different_length_are_refused(name):
    with pytest.raises(BadDataError, match=f"AAPL: column {name}"):
        a_series(**{name: np.ones(3)})


def test_the_columns_of_a_series_cannot_be_written():
    series = a_series()
    for name in ("timestamp", "close", "volume", "dividend", "split"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(series, name)[0] = 5


def test_one_bar_of_a_series_is_a_value():
    series = a_series(close=np.array([10.5, 11.5]))
    assert len(series) == 2
    assert series.bar(1) == Bar("AAPL", 2, 10.0, 12.0, 9.0, 11.5, 100.0)
