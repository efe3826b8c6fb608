"""The curves are worked out after the run; they are what the engine saw at every decision, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from framework.app.backtest import marking
from framework.app.backtest.curves import Curves
from framework.domain.values import MICRO, notional
from framework.engine.market import session_number
from tests.builders import assembled
from tests.properties.worlds import Programmed, worlds


class Seen:
    """The same columns, asked of the engine at every decision."""

    def __init__(self, desk):
        self.desk, self.session = desk, -1
        self.equity, self.cash, self.gross, self.risk, self.joint = [], [], [], [], []

    def note(self, timestamp):
        valuation = self.desk.valuation
        self.equity.append(valuation.equity())
        self.cash.append(self.desk.book.cash_micros)
        self.gross.append(sum(abs(value) for value in valuation.values().values()))
        self.risk.append(tuple(valuation.portfolio_risk()) if valuation.positions() else (0.0, 0.0))
        joint = (0.0, 0.0) if not valuation.positions() else (math.nan, math.nan)
        if valuation.positions() and self.session != session_number(timestamp):
            self.session, joint = session_number(timestamp), tuple(valuation.joint_risk())
        self.joint.append(joint)


def fraction(part, whole):
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0.0)


def played(world, **options):
    sizing = {**world.config["sizing"], "min_observations": 2, "lookback_days": 4}
    simulation = assembled(Programmed(world.program), world.series, **{**world.config, "sizing": sizing})
    curves, seen = Curves(simulation.engine.desk, **options), Seen(simulation.engine.desk)
    with simulation.broker:
        simulation.engine.start(0)
        simulation.driver.run(lambda timestamp: (curves.note(timestamp), seen.note(timestamp)))
    return curves, seen


@pytest.mark.parametrize("together", [1, 3, marking.TOGETHER])
def test_columns_are_what_the_engine_saw_at_every_decision(together, monkeypatch):
    monkeypatch.setattr(marking, "TOGETHER", together)

    @given(worlds())
    def compare(world):
        curves, seen = played(world, forecasts=True)
        equity = np.array(seen.equity) / MICRO
        np.testing.assert_array_equal(curves.equity, equity)
        np.testing.assert_array_equal(curves.cash, np.array(seen.cash) / MICRO)
        np.testing.assert_array_equal(curves.exposure, fraction(np.array(seen.gross) / MICRO, equity))
        risk, joint = np.array(seen.risk).T, np.array(seen.joint).T
        np.testing.assert_array_equal(curves.var_1d, fraction(risk[0], equity))
        np.testing.assert_array_equal(curves.cvar_1d, fraction(risk[1], equity))
        np.testing.assert_array_equal(curves.joint_var_1d, fraction(joint[0], equity))
        np.testing.assert_array_equal(curves.joint_cvar_1d, fraction(joint[1], equity))

    compare()


@given(worlds())
def test_without_forecasts_risk_is_unknown_where_something_is_held(world):
    curves, seen = played(world, forecasts=False)
    held = np.array(seen.gross) > 0
    for column in (curves.var_1d, curves.cvar_1d, curves.joint_var_1d, curves.joint_cvar_1d):
        np.testing.assert_array_equal(np.isnan(column), held | (curves.equity <= 0.0))
    np.testing.assert_array_equal(curves.equity, np.array(seen.equity) / MICRO)


def test_a_column_of_values_is_what_each_is_worth():
    dice = np.random.default_rng(5)
    quantities = dice.integers(-(10**13), 10**13, 1000)
    quantities[::3] = quantities[::3] // MICRO * MICRO
    prices = dice.integers(0, 10**11, 1000)
    expected = [notional(quantity, price) for quantity, price in zip(quantities.tolist(), prices.tolist(), strict=True)]
    assert marking.notionals(quantities, prices).tolist() == expected
