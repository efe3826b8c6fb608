"""Performance figures and true ranges against reference values kept next to the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from arch.data import sp500
from bokeh_sampledata import stocks

from framework.rules import performance
from framework.rules.stops.atr import wilder_atr

FILE = Path(__file__).parents[3] / "shared" / "reference" / "risk_values.json"


def returns_of(prices):
    prices = np.asarray(prices, dtype=np.float64)
    return prices[1:] / prices[:-1] - 1.0


def apple():
    return returns_of(stocks.AAPL["adj_close"])


def index():
    return returns_of(sp500.load()["Adj Close"].to_numpy())


def wealth(returns):
    return np.cumprod(1.0 + returns)


def ibm(stop, start=0):
    high, low, close = (np.array(stocks.IBM[name], dtype=np.float64)[start:stop] for name in ("high", "low", "close"))
    return wilder_atr(high, low, close, 14)


ANSWERS = {
    "atr14.ibm.idx14": lambda: ibm(15),
    "atr14.ibm.idx15": lambda: ibm(16),
    "atr14.ibm.window60": lambda: ibm(None, -60),
    "perf.AAPL.total_return": lambda: performance.total_return(wealth(apple()), 1.0),
    "perf.AAPL.cagr": lambda: performance.cagr(apple()),
    "perf.AAPL.sharpe.rf0": lambda: performance.sharpe(apple()),
    "perf.AAPL.max_drawdown": lambda: performance.max_drawdown(wealth(apple()), 1.0),
    "perf.AAPL.win_rate": lambda: performance.win_rate(apple()[apple() != 0.0]),
    "perf.sp500.sortino.rf0": lambda: performance.sortino(index()),
    "perf.sp500.max_drawdown": lambda: performance.max_drawdown(wealth(index()), 1.0),
    "perf.sp500.profit_factor": lambda: performance.profit_factor(index()),
}


@pytest.mark.skipif(not FILE.exists(), reason="the optional file of reference values is not next to the checkout")
@pytest.mark.parametrize("name", ANSWERS)
def test_the_reference_value_is_met(name):
    references = {one["id"]: one for one in json.loads(FILE.read_text(encoding="utf-8"))["references"]}
    expected, tolerance = references[name]["expected"], references[name]["tolerance"]
    assert abs(ANSWERS[name]() - expected) <= tolerance["abs"] + tolerance["rel"] * abs(expected)
