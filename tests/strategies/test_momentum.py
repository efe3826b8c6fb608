"""Momentum rotation: holds the strongest risers, from the past alone."""

from __future__ import annotations

import numpy as np
import pytest

from framework.engine.panel import panel_of
from framework.engine.strategy import description_of, parameters_of
from framework.errors import StrategyError
from strategies.momentum import MomentumRotation
from tests.builders import bars, daily, play, still


def growing(symbol, *rates, count=30):
    """Closes that grow by a percentage a bar; each rate for an equal part of the bars."""
    closes = 100 * np.cumprod(1 + np.repeat(rates, count // len(rates)) / 100)
    return bars(symbol, [(price, price, price, price) for price in closes.tolist()])


def signals(strategy, *series):
    return strategy.signals(panel_of(series))


def test_it_says_what_it_is_and_what_can_be_set():
    assert description_of(MomentumRotation).startswith("Every rebalance bars, hold the top symbols")
    assert parameters_of(MomentumRotation) == {"lookback": int, "rebalance": int, "top": int}
    default = MomentumRotation()
    assert (default.lookback, default.rebalance, default.top) == (126, 21, 3)


def test_it_holds_the_strongest_and_is_silent_between_selections():
    found = signals(MomentumRotation(lookback=5, rebalance=10, top=2), growing("A", 1.0), growing("B", 3.0), growing("C", 2.0))
    chosen = [row for row in range(30) if not np.isnan(found[row]).all()]
    assert chosen == [5, 15, 25]
    assert found[chosen].tolist() == [[0, 1, 1]] * 3


def test_it_changes_when_the_leader_changes():
    found = signals(MomentumRotation(lookback=5, rebalance=5, top=1), growing("A", 2.0, 0.5), growing("B", 1.0, 3.0))
    assert found[[5, 10, 25]].tolist() == [[1, 0], [1, 0], [0, 1]]


def test_it_never_holds_what_has_fallen():
    found = signals(MomentumRotation(lookback=5, rebalance=5, top=3), growing("A", -1.0), growing("B", 0.0), growing("C", 1.0))
    assert found[5].tolist() == [0, 0, 1]


def test_equal_momentum_goes_to_the_first_by_name():
    found = signals(MomentumRotation(lookback=5, rebalance=5, top=1), growing("A", 1.0), growing("B", 1.0))
    assert found[5].tolist() == [1, 0]


def test_a_symbol_without_enough_history_is_not_chosen():
    young = bars("B", [(price, price, price, price) for price in (1.0, 2.0, 4.0, 8.0)], daily(30)[3:7])
    found = signals(MomentumRotation(lookback=5, rebalance=1, top=1), growing("A", 1.0), young)
    assert found[5:7].tolist() == [[1, 0], [1, 0]]


def test_it_trades_what_it_signals():
    played = play(
        MomentumRotation(lookback=5, rebalance=5, top=1),
        growing("A", 2.0, 0.5),
        growing("B", 1.0, 3.0),
        sizing={"method": "equal", "max_position_pct": 0.1},
    )
    assert [(fill[0], fill[1], fill[2] > 0) for fill in played.fills] == [(6, "A", True), (21, "A", False), (21, "B", True)]


@pytest.mark.parametrize("name", ["lookback", "rebalance", "top"])
@pytest.mark.parametrize("value", [0, -3])
def test_silly_parameters_are_refused_by_name(name, value):
    with pytest.raises(StrategyError, match=f"{name} = {value} must be at least 1"):
        play(MomentumRotation(**{name: value}), bars("A", still(10, 3)))


def test_a_row_depends_on_the_rows_up_to_it_alone():
    rng = np.random.default_rng(11)
    closes = {symbol: np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.02, 60))), 2) for symbol in "ABCD"}
    strategy = MomentumRotation(lookback=10, rebalance=3, top=2)

    def until(length):
        return signals(strategy, *(bars(symbol, [(p, p, p, p) for p in column[:length].tolist()]) for symbol, column in closes.items()))

    full = until(60)
    for length in range(1, 60):
        np.testing.assert_array_equal(until(length), full[:length])


def test_the_return_is_measured_over_exactly_the_lookback():
    # A rose 50 % over five bars, but fell over the last four.
    jumped = bars("A", [(price, price, price, price) for price in (100.0, 200.0, 200.0, 200.0, 200.0, 150.0)])
    found = signals(MomentumRotation(lookback=5, rebalance=5, top=1), jumped, growing("B", 1.0, count=6))
    assert found[5].tolist() == [1, 0]
