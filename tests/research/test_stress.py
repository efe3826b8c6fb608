"""Crashes laid over bars: the days are those of the index, everything before is as it was."""

from __future__ import annotations

import numpy as np
import pytest

from framework.domain.market import BarSeries
from framework.research.stress import SCENARIOS, fall, stressed

SCENARIO = {one.name: one for one in SCENARIOS}


def series(bars=120):
    close = 50.0 * np.exp(np.cumsum(np.sin(np.arange(bars)) / 50.0))
    start = np.concatenate([[50.0], close[:-1]])
    high, low = np.maximum(start, close) * 1.001, np.minimum(start, close) * 0.999
    times = np.arange(1, bars + 1) * 86_400 * 10**9
    return BarSeries("IBM", times, start, high, low, close, np.full(bars, 9.0), np.zeros(bars), np.ones(bars))


@pytest.mark.parametrize("name", SCENARIO)
def test_the_days_of_a_crash_are_those_of_the_index(name):
    real, scenario = series(), SCENARIO[name]
    bars = stressed({"IBM": real}, scenario, int(real.timestamp[60]))["IBM"]
    assert len(bars) == 60 + len(scenario.returns)
    for column in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(bars, column)[:60], getattr(real, column)[:60])
    assert np.diff(bars.close[59:]) / bars.close[59:-1] == pytest.approx(scenario.returns)
    for index in range(60, len(bars)):
        bars.bar(index)  # an impossible one cannot be made
    worst = 60 + int(np.argmin(scenario.returns))
    assert bars.open[worst] < bars.close[worst - 1]  # through the stops that lie there


def test_the_falls_are_as_deep_as_they_are_remembered():
    # From 314.52 on 1987-10-13 to 224.84 on the 19th; from 1255.08 on 2008-09-19 to 848.92; from 3386.15 on 2020-02-19 to 2237.40.
    published = {"1987": 224.84 / 314.52, "2008": 848.92 / 1255.08, "2020": 2237.40 / 3386.15}
    assert {name: 1.0 + fall(np.array(one.returns)) for name, one in SCENARIO.items()} == pytest.approx(published, abs=5e-4)


def test_the_index_s_own_days_of_2008_are_in_the_library_of_volatility_models():
    import arch.data.sp500 as published

    close = published.load()["Adj Close"]["2008-09-12":"2008-10-31"].to_numpy()
    assert close[1:] / close[:-1] - 1.0 == pytest.approx(SCENARIO["2008"].returns, abs=6e-5)


def test_a_symbol_without_a_past_is_left_alone():
    real = series()
    assert stressed({"IBM": real}, SCENARIO["1987"], 0)["IBM"] is real


def test_a_fall_is_from_the_highest_before():
    assert fall(np.array([0.5, -0.5, 0.1])) == pytest.approx(-0.5)
    assert fall(np.array([-0.1, -0.1])) == pytest.approx(-0.19)
    assert fall(np.array([0.1])) == 0.0
    assert fall(np.array([])) == 0.0
