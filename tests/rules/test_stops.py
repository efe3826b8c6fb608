"""Average true range and stop levels, against another library and real exits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from bokeh_sampledata import stocks
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, to_micros
from framework.rules import fills
from framework.rules.stops import ATR, TRAILING, StopPlan, StopPolicy, level, on_tick, plan, tighter, wilder_atr

LONG, SHORT = 1, -1
micros = st.integers(1, 10**12)
directions = st.sampled_from((LONG, SHORT))


def walk(seed: int, bars: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """High, low and close of a random walk with gaps."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, bars)))
    opened = close * np.exp(rng.normal(0, 0.01, bars))
    return np.maximum(opened, close) * 1.005, np.minimum(opened, close) * 0.995, close


def ibm(bars: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(np.array(stocks.IBM[column][bars]) for column in ("high", "low", "close"))


# Average true range


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 200))
def test_the_range_agrees_with_ta_lib_on_the_same_window(seed, period, bars):
    columns = walk(seed, bars)
    if bars <= period:
        assert math.isnan(wilder_atr(*columns, period))
        return
    window = [column[-(10 * period + 1) :] for column in columns]
    assert wilder_atr(*columns, period) == pytest.approx(talib.ATR(*window, timeperiod=period)[-1], rel=1e-10)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 300))
def test_a_long_history_and_a_short_one_give_the_same_value_bit_for_bit(seed, period, more):
    long = walk(seed, 10 * period + 1 + more)
    short = tuple(column[more:].copy() for column in long)
    assert wilder_atr(*long, period) == wilder_atr(*short, period)


def test_after_ten_periods_the_seed_hardly_matters():
    columns = walk(5, 2000)
    assert wilder_atr(*columns, 14) == pytest.approx(talib.ATR(*columns, timeperiod=14)[-1], rel=1e-3)


@pytest.mark.parametrize(
    ("bars", "expected"),
    [(slice(0, 15), 4.625), (slice(0, 16), 4.4282142857142865), (slice(-60, None), 2.55615478872195)],
    ids=["seed: mean of the first 14 ranges", "one step: (13 * 4.625 + range) / 14", "the last 60 bars alone"],
)
def test_the_range_of_ibm_from_march_2000_on(bars, expected):
    """Raw IBM bars; values of TA-Lib 0.6."""
    assert wilder_atr(*ibm(bars), 14) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("bars", [0, 1, 14])
def test_too_few_bars_have_no_range(bars):
    assert math.isnan(wilder_atr(*walk(1, bars), 14))


def test_the_range_counts_the_gap_from_the_last_close():
    high, low, close = np.array([10.0, 21.0]), np.array([10.0, 20.0]), np.array([10.0, 20.5])
    assert wilder_atr(high, low, close, 1) == 11.0
    assert wilder_atr(high[::-1], low[::-1], close[::-1], 1) == 10.5


# Plans


def test_an_atr_stop_stands_two_ranges_away():
    assert plan(StopPolicy(method=ATR, atr_multiple=2.0), 1.25) == StopPlan(distance_micros=2_500_000)
    assert plan(StopPolicy(method=ATR, atr_multiple=2.0), 5e-7) == StopPlan(distance_micros=1)


@pytest.mark.parametrize("atr", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-9, 5e-324])
def test_without_a_usable_range_the_percent_stop_stands_in(atr):
    assert plan(StopPolicy(method=ATR, percent=7.0), atr) == StopPlan(fraction_micros=7_000_000)


def test_a_percent_stop_and_a_trailing_one_ignore_the_range():
    assert plan(StopPolicy(method="percent"), 1.25) == StopPlan(fraction_micros=5_000_000)
    assert plan(StopPolicy(method=TRAILING, trail_percent=3.0), 1.25) == StopPlan(trail_micros=3_000_000)


# Levels


@pytest.mark.parametrize(
    ("stop", "direction", "expected"),
    [
        (StopPlan(fraction_micros=5_000_000), LONG, 95 * MICRO),
        (StopPlan(fraction_micros=5_000_000), SHORT, 105 * MICRO),
        (StopPlan(distance_micros=2_500_000), LONG, 97_500_000),
        (StopPlan(distance_micros=2_500_000), SHORT, 102_500_000),
        (StopPlan(price_micros=90 * MICRO), LONG, 90 * MICRO),
        (StopPlan(price_micros=110 * MICRO), SHORT, 110 * MICRO),
        (StopPlan(distance_micros=200 * MICRO), LONG, 1),
        (StopPlan(fraction_micros=200_000_000), LONG, 1),
        (StopPlan(trail_micros=5_000_000), LONG, None),
        (StopPlan(), LONG, None),
    ],
)
def test_the_level_of_a_position_entered_at_a_hundred(stop, direction, expected):
    assert level(stop, 100 * MICRO, direction) == expected


@given(micros, micros, directions)
def test_a_stop_is_on_the_losing_side_of_the_entry(entry, distance, direction):
    stop = level(StopPlan(distance_micros=distance), entry, direction)
    assert stop >= 1
    assert direction * (entry - stop) >= 0
    assert direction * (entry - stop) == distance or stop == 1


# Ticks


@pytest.mark.parametrize(
    ("price", "tick", "direction", "expected"),
    [
        (95_123_456, 10_000, LONG, 95_120_000),
        (95_123_456, 10_000, SHORT, 95_130_000),
        (95_120_000, 10_000, LONG, 95_120_000),
        (95_120_000, 10_000, SHORT, 95_120_000),
        (1, 100, LONG, 100),
        (1, 100, SHORT, 100),
    ],
)
def test_a_stop_goes_to_the_tick_away_from_the_market(price, tick, direction, expected):
    assert on_tick(price, tick, direction) == expected


@given(micros, st.sampled_from((100, 10_000)), directions)
def test_a_stop_on_its_tick_triggers_no_earlier_and_is_less_than_a_tick_away(price, tick, direction):
    stop = on_tick(price, tick, direction)
    assert stop % tick == 0
    assert stop >= tick
    assert 0 <= direction * (price - stop) < tick or stop == tick


# The tighter of two


@given(directions, st.none() | micros, st.none() | micros)
def test_the_tighter_level_is_the_one_nearer_to_the_market(direction, first, second):
    known = [one for one in (first, second) if one is not None]
    expected = None if not known else max(known) if direction == LONG else min(known)
    assert tighter(direction, first, second) == tighter(direction, second, first) == expected


# Real exits: long IBM at the close of 2012-09-14, 206.81


def exit_of(stop: StopPlan) -> tuple[str, float]:
    """Day and price of the exit, the stop working from the next bar on."""
    dates, columns = stocks.IBM["date"], [stocks.IBM[name] for name in ("open", "high", "low", "close")]
    day = dates.index("2012-09-14")
    entry = to_micros(stocks.IBM["close"][day])
    trail = stop.trail_micros or 0
    kind = fills.TRAILING if trail else fills.STOP
    stands = level(stop, entry, LONG) or entry - fills.trail_distance(entry, trail, True)
    for index in range(day + 1, len(dates)):
        bar = tuple(to_micros(column[index]) for column in columns)
        points = fills.path_order(fills.PESSIMISTIC, LONG, bar)
        price, _, _, stands = fills.match(kind, -1, 0, stands, False, trail, True, False, 0, bar[0], points)
        if price != fills.NO_FILL:
            return dates[index], price / MICRO
    raise AssertionError("the stop was never reached")


def test_a_fixed_stop_of_five_percent_survives_the_gap_by_a_day():
    assert exit_of(plan(StopPolicy(method="percent"), math.nan)) == ("2012-10-18", 196.4695)


def test_a_stop_of_two_ranges_is_gapped_and_fills_at_the_open():
    day = stocks.IBM["date"].index("2012-09-14")
    policy = StopPolicy()
    assert (policy.atr_period, policy.atr_multiple) == (14, 2.0)
    assert exit_of(plan(policy, wilder_atr(*ibm(slice(0, day + 1)), policy.atr_period))) == ("2012-10-17", 201.21)


def test_a_trail_of_five_percent_fills_at_its_level_a_cent_below_that_open():
    assert exit_of(plan(StopPolicy(method=TRAILING), math.nan)) == ("2012-10-17", 201.2005)
