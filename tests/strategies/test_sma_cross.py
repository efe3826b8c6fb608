"""SMA crossover: enters and leaves where the averages cross, from the past alone."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from data import DataRequest, load
from framework.engine.strategy import description_of, parameters_of
from framework.errors import ConfigError, StrategyError
from strategies.sma_cross import SmaCross
from tests.builders import bars, play, still

SIZED = {"sizing": {"method": "equal", "max_position_pct": 0.1}}


def closing(*prices):
    """Bars that open and close at one price."""
    return [(price, price, price, price) for price in prices]


def crossings(closes, fast, slow):
    """(bar, +1 up or -1 down) from averages added up by hand."""
    found, before = [], None
    for bar in range(slow - 1, len(closes)):
        spread = sum(closes[bar - fast + 1 : bar + 1]) / fast - sum(closes[bar - slow + 1 : bar + 1]) / slow
        if before is not None and spread > 1e-9 and before <= 1e-9:
            found.append((bar, 1))
        if before is not None and spread <= 1e-9 and before > 1e-9:
            found.append((bar, -1))
        before = spread
    return found


def test_it_says_what_it_is_and_what_can_be_set():
    assert description_of(SmaCross) == "Long while the fast average of closes is above the slow one, flat otherwise."
    assert parameters_of(SmaCross) == {"fast": int, "slow": int}
    assert (SmaCross().fast, SmaCross().slow) == (10, 30)


def test_it_buys_where_the_fast_average_crosses_up_and_sells_where_it_crosses_down():
    # 2 against 3 bars. Up at 13: 11.5 against 11. Down at the first 10 after 15: 12.5 against 13.
    rows = closing(10, 10, 10, 13, 14, 15, 10, 10)
    played = play(SmaCross(fast=2, slow=3), bars("A", rows), **SIZED)
    assert [(fill[0], fill[2] > 0) for fill in played.fills] == [(4, True), (7, False)]
    assert [order.tag for order in played.orders] == ["crossed up", "crossed down"]
    assert played.held() == 0.0


def test_it_stays_out_of_a_market_that_does_not_move():
    assert play(SmaCross(fast=2, slow=3), bars("A", still(10, 20)), **SIZED).orders == []


def test_it_stays_out_until_the_slow_average_has_its_bars():
    assert play(SmaCross(fast=2, slow=30), bars("A", closing(*range(10, 40))), **SIZED).orders == []


def test_after_a_stop_it_waits_for_the_next_crossing():
    rows = [*closing(10, 10, 10, 13), (13, 13, 9, 14), *closing(14.5, 15, 15.5)]
    played = play(SmaCross(fast=2, slow=3), bars("A", rows), stops={"attach": "entries", "method": "percent", "percent": 10}, **SIZED)
    assert [fill[0] for fill in played.fills] == [4, 4]


def test_on_real_prices_it_trades_at_every_crossing_and_nowhere_else():
    series = load(DataRequest(symbols=("IBM",), source="sample", start=date(2008, 1, 2), end=date(2009, 12, 31), warmup=0)).series["IBM"]
    played = play(SmaCross(fast=5, slow=20), series, sizing={"method": "equal", "max_position_pct": 0.1})
    wanted = crossings(series.close.tolist(), 5, 20)
    while wanted[0][1] < 0:  # nothing to leave yet
        wanted.pop(0)
    assert len(wanted) > 20
    assert [(played.times.index(order.created_at), order.side.sign) for order in played.orders] == wanted


@pytest.mark.parametrize(("fast", "slow"), [(0, 30), (-5, 30), (30, 30), (40, 30)])
def test_windows_that_cannot_cross_are_refused(fast, slow):
    with pytest.raises(StrategyError, match=f"fast = {fast} must be at least 1 and below slow = {slow}"):
        play(SmaCross(fast=fast, slow=slow), bars("A", still(10, 3)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fast": 2.5}, "fast = 2.5: it must be a whole number"),
        ({"fast": math.nan}, "fast = nan: it must be a whole number"),
        ({"fats": 5}, "did you mean 'fast'"),
        ({"slow": True}, "slow = True: it must be a whole number"),
    ],
)
def test_parameters_of_another_kind_are_refused(params, message):
    with pytest.raises(ConfigError, match=message):
        SmaCross(**params)


def test_more_bars_change_nothing_that_was_decided():
    rng = np.random.default_rng(3)
    rows = closing(*np.round(100 + np.cumsum(rng.normal(0, 1, 120)), 2).tolist())
    full = play(SmaCross(fast=3, slow=8), bars("A", rows), **SIZED)
    assert len(full.orders) > 8
    for length in (20, 60, 100):
        part = play(SmaCross(fast=3, slow=8), bars("A", rows[:length]), **SIZED)
        expected = [(one.created_at, one.side, one.quantity) for one in full.orders if one.created_at <= part.times[-1]]
        assert [(one.created_at, one.side, one.quantity) for one in part.orders] == expected
