"""What a stop sees of the bars behind it, and its exits on real days against reference figures."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import talib
from bokeh_sampledata import stocks

from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import (
    BEYOND_MARKET,
    FALLBACK,
    STOP,
    Seen,
    advanced,
    ex_dividend,
    exit_due,
    opened,
    seen_at,
)
from tests.rules.dollars import CENT, D, micros


class Bars(NamedTuple):
    """Raw daily bars of the sample."""

    dates: list[str]
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray


@cache
def bars_of(symbol: str) -> Bars:
    table = getattr(stocks, symbol)
    return Bars(list(table["date"]), *(np.array(table[name], dtype=np.float64) for name in ("open", "high", "low", "close")))


@cache
def talib_seen(multiple: float, period: int) -> list[Seen]:
    """What a chandelier or an ATR stop on IBM sees after each bar; every indicator from TA-Lib over the whole history."""
    ibm = bars_of("IBM")
    atr = talib.ATR(ibm.high, ibm.low, ibm.close, period)
    hangs = talib.MAX(ibm.high, period) - multiple * atr
    rows = np.nan_to_num(np.array([ibm.high, ibm.low, ibm.close, atr, hangs])).T
    return [Seen(*(micros(value) for value in row)) for row in rows]


def played(policy: ExitPolicy, entered: str, seen: list[Seen]) -> tuple[str, float]:
    """Long IBM at the close of ``entered``: date and price of the exit by the fill table (open if it gaps, else the level)."""
    ibm = bars_of("IBM")
    row = ibm.dates.index(entered)
    state, _ = opened(policy, seen[row], micros(ibm.close[row]), 1, CENT)
    for t in range(row + 1, len(ibm.dates)):
        if ibm.open[t] * D <= state.level:
            return ibm.dates[t], ibm.open[t]
        if ibm.low[t] * D <= state.level:
            return ibm.dates[t], state.level / D
        state = advanced(state, policy, seen[t])
    raise AssertionError("never stopped")


@pytest.mark.parametrize(
    ("policy", "multiple", "period", "entered", "date", "price"),
    [
        (ExitPolicy(percent=5), 0.0, 14, "2012-09-14", "2012-10-18", 196.46949999999998),
        (ExitPolicy(atr_multiple=2), 0.0, 14, "2012-09-14", "2012-10-17", 201.21),
        (ExitPolicy(chandelier_multiple=3), 3.0, 22, "2012-09-14", "2012-10-17", 201.21),
        (ExitPolicy(chandelier_multiple=3), 3.0, 22, "2012-07-25", None, 194.18542165506332),
        (ExitPolicy(trail_percent=5), 0.0, 14, "2012-09-14", "2012-10-17", 201.2005),
    ],
)
def test_exits_of_ibm_are_those_of_the_reference(policy, multiple, period, entered, date, price):
    seen = talib_seen(multiple, period)
    # Only the chandelier hangs from the highest high.
    seen = seen if multiple else [one._replace(chandelier=0) for one in seen]
    left, at = played(policy, entered, seen)
    assert at == pytest.approx(price, abs=1e-6)
    assert date in {None, left}


def test_a_gap_is_not_saved_by_its_stop():
    apple = bars_of("AAPL")
    row = apple.dates.index("2000-09-28")
    state, code = opened(ExitPolicy(percent=5), Seen(0, 0, 0), micros(apple.close[row]), 1, CENT)
    assert (state.level, code) == (micros(50.825), "")
    assert apple.open[row + 1] == 28.19
    assert exit_due(state, ExitPolicy(percent=5), micros(apple.open[row + 1])) == STOP


def test_a_chandelier_above_the_market_is_clamped_a_tick_behind_the_entry_and_said():
    ibm = bars_of("IBM")
    row = ibm.dates.index("2012-04-16")
    seen = talib_seen(3.0, 22)[row]
    assert (round(seen.chandelier / D, 2), ibm.close[row]) == (203.55, 202.72)
    state, code = opened(ExitPolicy(chandelier_multiple=3), seen, micros(202.72), 1, CENT)
    assert (state.level, state.risk, code) == (micros(202.71), CENT, BEYOND_MARKET)


def test_the_chandelier_of_the_last_bars_is_that_of_talib_on_the_same_bars():
    ibm = bars_of("IBM")
    high, low, close = ibm.high[-221:], ibm.low[-221:], ibm.close[-221:]
    reach = 3.0 * talib.ATR(high, low, close, 22)[-1]
    policy = ExitPolicy(chandelier_multiple=3, atr_multiple=2, pullback_bars=10)
    long, short = (seen_at(policy, direction, ibm.high, ibm.low, ibm.close, CENT) for direction in (1, -1))
    assert long.chandelier == pytest.approx((high[-22:].max() - reach) * D, abs=1)
    assert short.chandelier == pytest.approx((low[-22:].min() + reach) * D, abs=1)
    # The recursion over the whole history has forgotten its seed to a tenth of a cent.
    assert short.chandelier / D == pytest.approx(205.04818736038408, abs=1e-3)
    assert (long.pullback, short.pullback) == (micros(low[-10:].min() - 0.01), micros(high[-10:].max() + 0.01))
    assert long.atr == short.atr == pytest.approx(talib.ATR(ibm.high[-141:], ibm.low[-141:], ibm.close[-141:], 14)[-1] * D, abs=1)
    assert (long.high, long.low, long.close) == (micros(high[-1]), micros(low[-1]), micros(close[-1]))


def test_later_bars_do_not_change_what_was_seen():
    ibm, policy = bars_of("IBM"), ExitPolicy(chandelier_multiple=3, pullback_bars=5, atr_multiple=2)
    columns = [column[:300].copy() for column in (ibm.high, ibm.low, ibm.close)]
    before = seen_at(policy, 1, *(column[:250] for column in columns), CENT)
    for column in columns:
        column[250:] = 1e6
    assert seen_at(policy, 1, *(column[:250] for column in columns), CENT) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_broken_history_is_unknown_and_never_a_level(bad):
    high, low, close = np.full(30, 11.0), np.full(30, 9.0), np.full(30, 10.0)
    high[20] = low[20] = close[20] = bad
    policy = ExitPolicy(chandelier_multiple=3, pullback_bars=22, atr_multiple=2)
    for direction in (1, -1):
        seen = seen_at(policy, direction, high, low, close, CENT)
        state, code = opened(policy, seen, 10 * D, direction, CENT)
        assert direction * (10 * D - state.level) >= CENT
        if np.isnan(bad):
            assert (seen[3:], code) == ((0, 0, 0), FALLBACK)


def test_too_short_a_history_is_unknown():
    column = np.full(10, 10.0)
    policy = ExitPolicy(chandelier_multiple=3, pullback_bars=11, atr_multiple=2)
    assert seen_at(policy, 1, column, column, column, CENT) == Seen(10 * D, 10 * D, 10 * D)


def test_just_enough_history_is_enough():
    high, low, close = np.full(23, 11.0), np.full(23, 9.0), np.full(23, 10.0)
    policy = ExitPolicy(chandelier_multiple=2, pullback_bars=23)
    assert seen_at(policy, 1, high, low, close, CENT) == Seen(11 * D, 9 * D, 10 * D, 0, 7 * D, 9 * D - CENT)


def test_the_prices_of_a_penny_share_are_known():
    column = np.full(30, 0.5)
    policy = ExitPolicy(chandelier_multiple=0.5, pullback_bars=1, atr_multiple=0.5)
    assert seen_at(policy, 1, column + 0.1, column, column, 100) == Seen(600_000, 500_000, 500_000, 100_000, 550_000, 499_900)
    assert seen_at(policy, -1, column + 0.1, column, column, 100)[4:] == (550_000, 600_100)


def test_a_rule_that_is_off_shows_nothing():
    ibm = bars_of("IBM")
    assert seen_at(ExitPolicy(percent=5), 1, ibm.high, ibm.low, ibm.close, CENT)[3:] == (0, 0, 0)


def test_a_chandelier_hanging_below_nothing_stays_above_zero():
    column = np.linspace(1.0, 100.0, 30)[::-1].copy()
    seen = seen_at(ExitPolicy(chandelier_multiple=1000), 1, column + 1, column, column, CENT)
    assert seen.chandelier == 1


def test_a_special_dividend_is_no_stop_out_when_levels_fall_with_the_share():
    microsoft = bars_of("MSFT")
    row = microsoft.dates.index("2004-11-15")
    assert (microsoft.close[row - 1], microsoft.close[row]) == (29.97, 27.39)
    for lowers, why in ((False, STOP), (True, "")):
        policy = ExitPolicy(percent=5, lowers_on_dividend=lowers)
        state, _ = opened(policy, Seen(0, 0, 0), micros(29.97), 1, CENT)
        state = ex_dividend(state, policy, micros(3.08))
        assert exit_due(state, policy, micros(27.39)) == why
    assert (state.entry, state.level, state.best, state.risk) == (micros(26.89), 25_391_500, micros(26.89), 1_498_500)
