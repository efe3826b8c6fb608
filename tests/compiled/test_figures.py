"""Sums of the loop's columns are those that ``rules.performance`` adds up, to the last bit, and so are the changes of signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from framework.compiled import figures
from framework.compiled.changes import changes
from framework.compiled.columns import FILL, ORDER, REFUSED, SLOT
from framework.compiled.figures import FOUND, added, is_plain, run_figures
from framework.domain.values import MICRO
from framework.engine.panel import _changes
from framework.rules import performance

CASH = 1_000.0
#: Equity in micro-dollars, ruin among it, and prices' changes of all sizes.
CURVES = st.lists(st.sampled_from([0, -5, 10**9, 10**9 + 1]) | st.integers(1, 3 * 10**9), min_size=1, max_size=400)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 127, 128, 129, 1000, 3269, 100_001])
def test_numbers_are_added_up_in_numpys_order(length):
    dice = np.random.default_rng(length)
    values = dice.normal(size=length) * 10.0 ** dice.integers(-6, 7, length)
    assert added(values) == np.add.reduce(values)


def summed(curve: list[int], days: np.ndarray, shares: int = 0, closes: np.ndarray | None = None) -> tuple[dict[int, float], np.ndarray]:
    """What is found of an account of one symbol that bought ``shares`` at its first decision and is worth ``curve``, and its returns."""
    length, orders, fills = len(curve), np.zeros((1, ORDER), np.int64), np.zeros((1, FILL), np.int64)
    orders[0, 2], orders[0, 6], fills[0, 2], fills[0, 3] = shares * MICRO, -1, shares * MICRO, MICRO
    scratch, found, slots = np.empty((3, length)), np.full(FOUND, np.nan), np.zeros((1, SLOT), np.int64)
    slots[0, 2] = -1
    closes = np.full((1, length), MICRO) if closes is None else closes
    empty = np.zeros((0, REFUSED), np.int64)
    held = (orders, fills) if shares else (orders[:0], fills[:0])
    columns = (days, CASH, closes, days, *held, empty, empty, np.array(curve), slots, 0)
    assert run_figures(*columns, scratch, np.empty(length, np.int64), np.empty((2, 1), np.int64), found) == figures.TELLING
    return dict(enumerate(found.tolist())), scratch[0, : int(found[figures.SESSIONS])]


@given(CURVES, st.data())
def test_sums_of_a_curve_are_those_of_performance(curve, data):
    steps = data.draw(arrays(np.int64, len(curve), elements=st.sampled_from([0, 1, 1, 1, 3])))
    days, equity = 20_000 + np.cumsum(steps), np.array(curve) / MICRO
    found, mine = summed(curve, days)
    returns = performance.daily_returns(days, equity, CASH)
    assert mine.tobytes() == returns.tobytes()
    assert performance.annual_growth(found[figures.GROWTH], len(returns)) == performance.cagr(returns)
    if len(returns) > 1:
        mean, deviation, downside = (found[name] for name in (figures.MEAN, figures.DEVIATION, figures.DOWNSIDE))
        expected = performance.volatility_and_sharpe(returns)
        assert (performance.annual_risk(deviation), performance.annual_ratio(mean, deviation)) == expected
        assert performance.annual_ratio(mean, downside) == performance.sortino(returns)
    if len(curve) > 1:
        assert (found[figures.DEEPEST] - 1.0, found[figures.LONGEST]) == performance.under_water(days, equity, CASH)
    assert found[figures.EQUITY] == np.add.reduce(equity)


@given(CURVES, st.integers(1, 50_000), st.data())
def test_exposure_counts_where_there_is_equity(curve, shares, data):
    closes = data.draw(arrays(np.int64, (1, len(curve)), elements=st.integers(1, 90_000 * MICRO)))
    equity = np.array(curve) / MICRO
    found, _ = summed(curve, np.arange(len(curve)), shares, closes)
    expected = (closes[0] * shares / MICRO)[equity > 0.0] / equity[equity > 0.0]
    assert found[figures.EXPOSED] == len(expected)
    assert found[figures.EXPOSURE] == np.add.reduce(expected)


@pytest.mark.parametrize(("session", "plain"), [([0, 1, 2], True), ([0, 0, 2], True), ([0, 2, 2], False)])
def test_two_fills_of_a_symbol_in_a_session_take_more_words(session, plain):
    orders, fills = np.zeros((3, ORDER), np.int64), np.zeros((3, FILL), np.int64)
    orders[:, 1], fills[:, 0], fills[:, 1] = [0, 1, 1], [0, 1, 2], [0, 1, 2]
    assert is_plain(np.array(session), orders, fills, np.zeros((0, REFUSED), np.int64), np.zeros((2, SLOT), np.int64)) is plain


SIGNALS = st.sampled_from([np.nan, 0.0, -0.0, 1.0, -1.0, 0.5, 0.25])


@given(st.data(), st.integers(1, 3), st.integers(1, 30))
def test_changes_of_signals_are_those_that_every_driver_sees(data, symbols, length):
    start = data.draw(st.integers(0, length - 1))
    signals = data.draw(arrays(np.float64, (symbols, length), elements=SIGNALS))
    closes = data.draw(arrays(np.float64, (symbols, length), elements=st.sampled_from([np.nan, 1.0, 1.0])))
    columns = np.empty((2, signals.size), np.int64), np.empty(signals.size)
    count = changes(signals, closes, start, *columns[0], columns[1])
    places, rows, strengths = (column[:count].tolist() for column in (*columns[0], columns[1]))
    expected = [
        (place + start, row, strength)
        for row in range(symbols)
        for place, strength in zip(*(one.tolist() for one in _changes(signals[row, start:], closes[row, start:])), strict=True)
    ]
    assert list(zip(places, rows, strengths, strict=True)) == sorted(expected, key=lambda one: one[:2])
    assert not any(strength == 0.0 and np.signbit(strength) for strength in strengths)


@pytest.mark.parametrize("strength", [1.0000001, -2.0, np.inf])
def test_what_is_no_strength_is_not_read(strength):
    signals, closes = np.zeros((1, 3)), np.ones((1, 3))
    signals[0, 0] = strength  # before the first decision too
    assert changes(signals, closes, 1, *np.empty((2, 3), np.int64), np.empty(3)) == -1
