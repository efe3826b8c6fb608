"""The vectorised strategies on constructed bars: the signal is there where it was planted."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import talib

from framework import SignalStrategy
from framework.errors import ConfigError
from strategies import indicators
from strategies.mean_reversion import BollingerReversion, RsiReversion
from strategies.trend import VolatilityTargetedTrend
from strategies.vwap_reversion import VwapReversion
from tests.strategies.panels import panel, series

RISING = 100.0 * 1.001 ** np.arange(300)


def wobble(size):
    """A path that goes nowhere and swings by ``size``."""
    return np.exp(size * np.where(np.arange(300) % 2 == 0, 1.0, -1.0))


def held(signals):
    """What is held after each row: the last opinion."""
    found = signals.copy()
    for row in range(1, len(found)):
        found[row] = np.where(np.isnan(found[row]), found[row - 1], found[row])
    return found


# Volatility-targeted trend.


def test_trend_is_long_what_rises_and_flat_or_short_what_falls():
    bars = panel(DOWN=RISING[::-1] * wobble(0.004), UP=RISING * wobble(0.004))
    found = VolatilityTargetedTrend(lookback=50, span=20, rebalance=1).signals(bars)
    assert np.isnan(found[:50]).all()
    assert (found[60:, 1] > 0.0).all()
    assert (found[60:, 0] == 0.0).all()
    assert (VolatilityTargetedTrend(lookback=50, span=20, rebalance=1, shorts=True).signals(bars)[60:, 0] < 0.0).all()


def test_trend_holds_half_of_what_swings_twice_as_much():
    bars = panel(CALM=RISING * wobble(0.01), WILD=RISING * wobble(0.02))
    found = VolatilityTargetedTrend(lookback=50, span=20, target=0.05, rebalance=1).signals(bars)
    assert found[100, 0] / found[100, 1] == pytest.approx(2.0, rel=0.01)
    returns = np.diff(bars.close[:, 0]) / bars.close[:-1, 0]
    assert found[100, 0] == pytest.approx(0.05 / (returns[80:100].std() * np.sqrt(252.0)), rel=1e-6)


def test_trend_decides_at_its_rebalances_only():
    found = VolatilityTargetedTrend(lookback=50, span=20, rebalance=10).signals(panel(UP=RISING * wobble(0.004)))
    assert np.flatnonzero(~np.isnan(found[:, 0])).tolist() == list(range(50, 300, 10))


# Mean reversion.


def dip(at, length, depth):
    """A rising path with a fall of ``depth`` in ``length`` bars from ``at`` on, made up for in the next ``length``."""
    path = np.zeros(300)
    path[at : at + length] = depth / length
    path[at + length : at + 2 * length] = -depth / length
    return RISING * wobble(0.002) * np.exp(np.cumsum(path))


def test_rsi_buys_the_dip_above_the_average_and_leaves_when_it_is_over():
    bars = panel(DIPS=dip(200, 4, -0.08))
    found = held(RsiReversion(trend=100).signals(bars))[:, 0]
    assert (found[201:204] == 1.0).all()
    assert found[206] == 0.0
    strength = talib.RSI(bars.close[:, 0].copy(), 2)
    assert strength[202] < 10.0
    assert strength[206] > 70.0


def test_rsi_leaves_a_dip_below_the_average_alone():
    found = RsiReversion(trend=100).signals(panel(FALLS=dip(200, 4, -0.3)))[:, 0]
    assert not (found[203:206] == 1.0).any()


def test_bollinger_buys_below_the_band_and_leaves_at_the_average():
    bars = panel(DIPS=dip(200, 3, -0.06))
    found = held(BollingerReversion().signals(bars))[:, 0]
    assert found[199] == 0.0
    assert found[201] == 1.0
    lower = bars.close[182:202, 0].mean() - 2.0 * bars.close[182:202, 0].std()
    assert bars.close[201, 0] < lower
    assert found[210] == 0.0


# VWAP.


def test_vwap_of_daily_bars_is_that_of_its_window():
    bars = panel(ONE=RISING * wobble(0.01))
    fair = indicators.vwap(bars, 20)[150, 0]
    typical = (bars.high + bars.low + bars.close)[131:151, 0] / 3.0
    assert fair == pytest.approx(np.average(typical, weights=bars.volume[131:151, 0]))


def test_vwap_of_intraday_bars_begins_anew_each_session():
    bars = panel(daily=False, ONE=RISING[:200] * wobble(0.01)[:200])
    fair = indicators.vwap(bars, 20)
    typical = (bars.high + bars.low + bars.close)[:, 0] / 3.0
    assert fair[78, 0] == pytest.approx(typical[78])
    assert fair[100, 0] == pytest.approx(typical[78:101].mean())


def test_vwap_reversion_buys_far_below_and_leaves_at_it():
    found = held(VwapReversion().signals(panel(DIPS=dip(200, 2, -0.06))))[:, 0]
    assert found[199] == 0.0
    assert found[201] == 1.0
    assert found[215] == 0.0


# What they have in common.


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (VolatilityTargetedTrend(span=1), "VolatilityTargetedTrend.span = 1; allowed: 5 to 500"),
        (VolatilityTargetedTrend(target=0.0), "VolatilityTargetedTrend.target = 0.0; allowed: 0.01 to 2"),
        (RsiReversion(low=60.0), "RsiReversion.low = 60.0; allowed: 1 to 50"),
        (BollingerReversion(length=2), "BollingerReversion.length = 2; allowed: 5 to 200"),
        (VwapReversion(width=9.0), "VwapReversion.width = 9.0; allowed: 0.5 to 5"),
    ],
)
def test_a_parameter_outside_of_its_range_is_refused(strategy, message):
    with pytest.raises(ConfigError, match=message):
        strategy.signals(panel(ONE=RISING))


def test_a_missing_library_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "talib", None)
    with pytest.raises(ConfigError, match=r'this strategy needs talib; remedy: pip install "onetape\[indicators\]"'):
        RsiReversion().signals(panel(ONE=RISING))


@pytest.mark.parametrize("kind", [VolatilityTargetedTrend, RsiReversion, BollingerReversion, VwapReversion], ids=lambda kind: kind.__name__)
def test_missing_bars_are_skipped_and_not_taken_for_prices(kind):
    assert issubclass(kind, SignalStrategy)
    path = dip(200, 4, -0.08)
    whole = panel(ONE=path, TWO=RISING)
    # The same bars of ONE, with days of TWO between them on which ONE has none.
    gaps = np.arange(300) + np.arange(300) // 30
    times = whole.timestamp[0] + gaps * 86_400 * 10**9
    from framework.engine.panel import panel_of

    other = RISING[0] * 1.001 ** np.arange(310)
    patchy = panel_of([series("ONE", path, times=times), series("TWO", other)])
    strategy = kind(lookback=100, rebalance=1) if kind is VolatilityTargetedTrend else kind()
    alone, among = strategy.signals(panel(ONE=path))[:, 0], strategy.signals(patchy)[:, 0]
    if kind is not VolatilityTargetedTrend:  # its lookback is counted in rows
        assert np.array_equal(among[gaps], alone, equal_nan=True)
    assert np.isnan(among[np.setdiff1d(np.arange(310), gaps)]).all()
