"""Stops on real days against reference figures, on tables, and in their invariants."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import talib
from bokeh_sampledata import stocks

from framework.errors import ConfigError, InvariantError
from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import (
    BEYOND_MARKET,
    FALLBACK,
    STOP,
    TAKE_PROFIT,
    TIME_STOP,
    Seen,
    StopState,
    added,
    advanced,
    breakeven_level,
    ex_dividend,
    exit_due,
    nearer,
    opened,
    seen_at,
    split,
)
from tests.rules.dollars import CENT, D


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


def micros(value: float) -> int:
    return round(float(value) * D)


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


BAR = Seen(102 * D, 98 * D, 100 * D)
LEVELS = [
    # policy, what was seen, direction, level at an entry of 100 dollars, code
    ({"percent": 5}, BAR, 1, 95 * D, ""),
    ({"percent": 5}, BAR, -1, 105 * D, ""),
    ({"atr_multiple": 2.5}, BAR._replace(atr=2 * D), 1, 95 * D, ""),
    ({"atr_multiple": 2.5}, BAR._replace(atr=2 * D), -1, 105 * D, ""),
    ({"atr_multiple": 2.5}, BAR, 1, 95 * D, FALLBACK),
    ({"atr_multiple": 2.5, "fallback_percent": 7}, BAR, -1, 107 * D, FALLBACK),
    ({"atr_multiple": 99}, BAR._replace(atr=2 * D), 1, 1, ""),
    ({"trail_percent": 10}, BAR, 1, 90 * D, ""),
    ({"trail_percent": 10}, BAR, -1, 110 * D, ""),
    ({"trail_amount": 1.5}, BAR, 1, 98_500_000, ""),
    ({"trail_amount": 1.5}, BAR, -1, 101_500_000, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=93 * D), 1, 93 * D, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=107 * D), -1, 107 * D, ""),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=99 * D), -1, 100 * D + CENT, BEYOND_MARKET),
    ({"chandelier_multiple": 3}, BAR._replace(chandelier=100 * D), 1, 100 * D - CENT, BEYOND_MARKET),
    ({"pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 97 * D, ""),
    ({"percent": 5, "pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 97 * D, ""),
    ({"percent": 2, "pullback_bars": 5}, BAR._replace(pullback=97 * D), 1, 98 * D, ""),
    ({"percent": 2, "trail_amount": 1}, BAR, -1, 101 * D, ""),
    ({}, BAR, 1, 0, ""),
    # Half a percent and half an ATR are rules too.
    ({"percent": 0.5}, BAR, 1, 99_500_000, ""),
    ({"trail_percent": 0.5}, BAR, -1, 100_500_000, ""),
    ({"atr_multiple": 0.5}, BAR._replace(atr=2 * D), 1, 99 * D, ""),
    # Exactly a tick behind the market is behind it.
    ({"trail_amount": 0.01}, BAR, 1, 99_990_000, ""),
    ({"trail_amount": 0.009}, BAR, 1, 99_990_000, BEYOND_MARKET),
]


@pytest.mark.parametrize(("rules", "seen", "direction", "level", "code"), LEVELS)
def test_the_level_at_the_entry(rules, seen, direction, level, code):
    state, said = opened(ExitPolicy(**rules), seen, 100 * D, direction, CENT)
    assert (state.level, state.initial, said) == (level, level, code)
    assert state.risk == (abs(100 * D - level) if level else 0)
    assert (state.best, state.bars, state.entry) == (100 * D, 0, 100 * D)


FOLLOWED = [
    # policy, direction, bars, level afterwards at an entry of 100 dollars
    ({"percent": 5}, 1, [(120, 99, 119)], 95),
    ({"trail_percent": 5}, 1, [(120, 99, 119), (118, 115, 116)], 114),
    ({"trail_percent": 5}, -1, [(101, 80, 81), (83, 81, 82)], 84),
    ({"trail_amount": 4}, 1, [(110, 99, 109)], 106),
    ({"trail_amount": 4}, -1, [(101, 90, 91)], 94),
    ({"percent": 5, "breakeven_r": 2}, 1, [(109.99, 99, 109)], 95),
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 99, 109)], 100),
    ({"percent": 5, "breakeven_r": 2, "breakeven_cost_bps": 25}, 1, [(110, 99, 109)], 100.25),
    ({"percent": 5, "breakeven_r": 2, "breakeven_cost_bps": 25}, -1, [(101, 90, 91)], 99.75),
    # Reached within the bar, but the close is back below the entry: it waits until the close stands above.
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 96, 100)], 95),
    ({"percent": 5, "breakeven_r": 2}, 1, [(110, 96, 100), (101, 97, 100.5)], 100),
    ({"percent": 5, "breakeven_r": 2}, -1, [(104, 90, 100), (100, 99, 99.5)], 100),
    ({"percent": 5, "breakeven_r": 0.5}, 1, [(102.5, 100, 100.000001)], 100),
    ({"percent": 5, "breakeven_r": 0.5}, 1, [(102.499999, 100, 101)], 95),
    # A bar in which nothing moved is a bar.
    ({"trail_amount": 4}, 1, [(100, 100, 100), (103, 103, 103)], 99),
    ({"trail_amount": 4}, 1, [(103, 101, 103), (105, 104, 104)], 101),
]


@pytest.mark.parametrize(("rules", "direction", "bars", "level"), FOLLOWED)
def test_the_level_after_some_bars(rules, direction, bars, level):
    policy = ExitPolicy(**rules)
    state, _ = opened(policy, BAR, 100 * D, direction, CENT)
    for bar in bars:
        state = advanced(state, policy, Seen(*map(micros, bar)))
    assert state.level == micros(level)
    assert state.bars == len(bars)


def test_a_chandelier_that_falls_leaves_the_level_where_it_was_unless_it_may_loosen():
    rising, falling = BAR._replace(chandelier=97 * D), BAR._replace(chandelier=91 * D)
    far = BAR._replace(chandelier=80 * D)
    for may_loosen, levels in ((False, [97 * D, 97 * D, 97 * D]), (True, [97 * D, 91 * D, 90 * D])):
        policy = ExitPolicy(percent=10, chandelier_multiple=3, may_loosen=may_loosen)
        state, _ = opened(policy, BAR, 100 * D, 1, CENT)
        seen = []
        for bar in (rising, falling, far):
            state = advanced(state, policy, bar)
            seen.append(state.level)
        assert seen == levels


@pytest.mark.parametrize(
    ("rules", "direction", "target"),
    [
        ({"percent": 5, "target_r": 3}, 1, 115),
        ({"percent": 5, "target_r": 3}, -1, 85),
        ({"target_percent": 8}, 1, 108),
        ({"target_percent": 8}, -1, 92),
        ({"percent": 50, "target_r": 3}, -1, 0.000001),
        ({"percent": 5, "target_r": 0.5}, 1, 102.5),
        ({"target_percent": 0.5}, 1, 100.5),
        ({"percent": 5}, 1, 0),
    ],
)
def test_the_profit_target(rules, direction, target):
    state, _ = opened(ExitPolicy(**rules), BAR, 100 * D, direction, CENT)
    assert state.target == micros(target)


@pytest.mark.parametrize(
    ("direction", "close", "bars", "why"),
    [
        (1, 95.000001, 0, ""),
        (1, 95, 0, STOP),
        (1, 80, 9, STOP),
        (1, 109.999999, 2, ""),
        (1, 110, 2, TAKE_PROFIT),
        (1, 111, 3, TAKE_PROFIT),
        (1, 100, 3, TIME_STOP),
        (1, 100, 4, TIME_STOP),
        (-1, 105, 0, STOP),
        (-1, 104.999999, 0, ""),
        (-1, 90, 0, TAKE_PROFIT),
        (-1, 90.01, 0, ""),
    ],
)
def test_why_a_position_must_be_left(direction, close, bars, why):
    policy = ExitPolicy(percent=5, target_percent=10, time_bars=3)
    state, _ = opened(policy, BAR, 100 * D, direction, CENT)
    assert exit_due(replace(state, bars=bars), policy, micros(close)) == why


def test_a_time_stop_of_one_bar_leaves_at_its_close():
    policy = ExitPolicy(time_bars=1)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    assert exit_due(state, policy, 100 * D) == ""
    assert exit_due(advanced(state, policy, BAR), policy, 100 * D) == TIME_STOP


def test_at_the_lowest_price_there_is_r_is_still_above_zero():
    state, code = opened(ExitPolicy(percent=5), BAR, 1, 1, CENT)
    assert (state.level, state.risk, code) == (1, 1, "")


def test_without_rules_a_position_is_counted_and_kept():
    policy = ExitPolicy()
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state = advanced(state, policy, BAR)
    assert (state.level, state.best, state.bars) == (0, 102 * D, 1)
    assert exit_due(state, policy, 1) == ""


def test_shares_bought_lower_keep_the_tighter_level_and_move_the_target():
    policy = ExitPolicy(percent=10, target_r=2)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state, code = added(state, policy, BAR, 96 * D, 92 * D, CENT)
    assert (state.entry, state.level, state.initial, state.risk, state.target, code) == (96 * D, 90 * D, 90 * D, 10 * D, 116 * D, "")


def test_shares_bought_higher_tighten_the_level():
    policy = ExitPolicy(percent=10)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    state, _ = added(state, policy, BAR, 110 * D, 120 * D, CENT)
    assert (state.level, state.initial, state.risk, state.bars) == (99 * D, 99 * D, 10 * D, 0)


def test_a_level_of_the_new_average_beyond_the_market_is_clamped():
    policy = ExitPolicy(percent=2)
    state, _ = opened(policy, BAR, 100 * D, -1, CENT)
    state, code = added(state, policy, BAR, 105 * D, 110 * D, CENT)
    assert (state.level, code) == (102 * D, BEYOND_MARKET)


def test_a_special_dividend_is_no_stop_out_when_levels_fall_with_the_share():
    microsoft = bars_of("MSFT")
    row = microsoft.dates.index("2004-11-15")
    assert (microsoft.close[row - 1], microsoft.close[row]) == (29.97, 27.39)
    for lowers, why in ((False, STOP), (True, "")):
        policy = ExitPolicy(percent=5, lowers_on_dividend=lowers)
        state, _ = opened(policy, BAR, micros(29.97), 1, CENT)
        state = ex_dividend(state, policy, micros(3.08))
        assert exit_due(state, policy, micros(27.39)) == why
    assert (state.entry, state.level, state.best, state.risk) == (micros(26.89), 25_391_500, micros(26.89), 1_498_500)


def test_a_dividend_moves_the_target_and_leaves_the_trail_as_it_is():
    policy = ExitPolicy(trail_amount=4, target_r=2, lowers_on_dividend=True)
    state, _ = opened(policy, BAR, 100 * D, -1, CENT)
    assert ex_dividend(state, policy, 2 * D) == replace(state, entry=98 * D, initial=102 * D, level=102 * D, best=98 * D, target=90 * D)
    assert ex_dividend(state, policy, 200 * D).entry == 1


def test_a_split_scales_every_price_and_nothing_else():
    state = StopState(1, 100 * D, 90 * D, 96 * D, 120 * D, 10 * D, 0, 4 * D, 7)
    assert split(state, 2, 1) == StopState(1, 50 * D, 45 * D, 48 * D, 60 * D, 5 * D, 0, 2 * D, 7)
    assert split(state, 1, 10) == StopState(1, 1000 * D, 900 * D, 960 * D, 1200 * D, 100 * D, 0, 40 * D, 7)
    assert split(state, 3, 1).level == 32 * D
    assert split(state, 7, 1).entry == 14_285_714
    assert split(replace(state, trail=1), 10, 1).trail == 1


@pytest.mark.parametrize(("new", "old"), [(0, 1), (1, 0), (-2, 1)])
def test_a_split_of_nothing_is_refused(new, old):
    with pytest.raises(InvariantError, match="split"):
        split(StopState(1, 1, 0, 0, 1, 0, 0, 0, 0), new, old)


@pytest.mark.parametrize(
    "bar", [(0, 0, 0), (102 * D, 98 * D, 97 * D), (102 * D, 98 * D, 103 * D), (98 * D, 102 * D, 100 * D), (102 * D, 0, 100 * D)]
)
def test_a_bar_that_is_none_changes_nothing(bar):
    policy = ExitPolicy(trail_percent=5)
    state, _ = opened(policy, BAR, 100 * D, 1, CENT)
    assert advanced(state, policy, Seen(*bar)) == state


@pytest.mark.parametrize(
    "rules",
    [
        {"percent": -1},
        {"percent": 100},
        {"trail_percent": float("nan")},
        {"atr_multiple": float("inf")},
        {"trail_amount": 1e10},
        {"target_percent": 100},
        {"pullback_bars": 2.5},
        {"atr_period": 0},
        {"chandelier_bars": 0},
        {"fallback_percent": 0},
        {"percent": 5, "target_r": 1, "target_percent": 1},
        {"target_r": 1},
        {"breakeven_r": 1, "time_bars": 3},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(rules):
    with pytest.raises(ConfigError, match=r"\[stops\]"):
        ExitPolicy(**rules)


def test_levels_neither_loosen_nor_follow_dividends_unless_asked():
    policy = ExitPolicy()
    assert (policy.may_loosen, policy.lowers_on_dividend, policy.has_stop) == (False, False, False)


@pytest.mark.parametrize(
    "change", [{"direction": 0}, {"entry": 0}, {"best": 0}, {"level": -1}, {"bars": -1}, {"risk": -1}, {"target": -1}, {"trail": -1}]
)
def test_an_impossible_state_cannot_be_made(change):
    good = StopState(1, 100, 90, 90, 100, 10, 0, 0, 0).to_dict()
    with pytest.raises(InvariantError):
        StopState.from_dict(good | change)


@pytest.mark.parametrize("change", [{"level": 1.5}, {"level": None}, {"level": True}, {"more": 1}])
def test_a_stored_state_that_is_not_one_is_refused(change):
    good = StopState(1, 100, 90, 90, 100, 10, 0, 0, 0).to_dict()
    with pytest.raises(InvariantError, match="whole numbers"):
        StopState.from_dict(good | change)
    with pytest.raises(InvariantError, match="whole numbers"):
        StopState.from_dict({"level": 1})


@pytest.mark.parametrize(("first", "second", "long", "short"), [(0, 0, 0, 0), (0, 5, 5, 5), (5, 0, 5, 5), (3, 5, 5, 3)])
def test_the_nearer_level_is_that_towards_the_market(first, second, long, short):
    assert (nearer(1, first, second), nearer(-1, first, second)) == (long, short)


@pytest.mark.parametrize(("direction", "level"), [(1, 1_000_002), (-1, 999_998)])
def test_breakeven_pays_the_costs_to_the_last_micro_dollar(direction, level):
    assert breakeven_level(direction, D, 2) == level
    # Half a micro-dollar of costs counts as one.
    assert breakeven_level(direction, D // 2, 1) == D // 2 + direction
