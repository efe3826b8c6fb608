"""Average true range against another library, and stops on the venue's tick."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from bokeh_sampledata import stocks
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.stops.atr import average_true_range, chandelier_level, on_tick, wilder_atr

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


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(31, 600))
def test_over_all_bars_the_range_is_that_of_ta_lib(seed, period, bars):
    columns = walk(seed, bars)
    assert average_true_range(*columns, period) == pytest.approx(talib.ATR(*columns, timeperiod=period)[-1], rel=1e-10)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.1, 9.0))
def test_a_chandelier_hangs_from_ta_libs_extreme_of_the_last_bars(seed, bars, multiple):
    high, low, close = walk(seed, 60)
    reach = multiple * average_true_range(high, low, close, bars)
    long, short = (chandelier_level(direction, high, low, reach / multiple, bars, multiple) for direction in (LONG, SHORT))
    assert (long, short) == pytest.approx((talib.MAX(high, bars)[-1] - reach, talib.MIN(low, bars)[-1] + reach), rel=1e-10)


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
