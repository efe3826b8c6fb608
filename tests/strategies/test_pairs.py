"""The pair: the bond is found where there is one, the spread is traded and the legs balance."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.stattools import coint

from framework.errors import ConfigError
from strategies.pairs import CointegratedPair, cointegrated
from tests.strategies.panels import panel

WALK = np.cumsum(np.random.default_rng(5).normal(0.0, 0.01, 400))
OTHER = np.cumsum(np.random.default_rng(6).normal(0.0, 0.01, 400))
NOISE = np.random.default_rng(7).normal(0.0, 0.005, 400)


def bonded(shock=0.0):
    """LEFT = 0.5 RIGHT + noise in logs, with a shock to the spread from row 300 to 305."""
    left = 0.5 * WALK + NOISE
    left[300:305] += shock
    return panel(LEFT=50.0 * np.exp(left), RIGHT=20.0 * np.exp(WALK))


def test_the_bond_is_the_line_and_the_test_of_statsmodels():
    left, right = 0.5 * WALK + 1.0 + NOISE, WALK
    bond = cointegrated(left, right)
    assert bond.slope == pytest.approx(0.5, abs=0.02)
    assert bond.level == pytest.approx(1.0, abs=0.01)
    assert bond.spread == pytest.approx(0.005, rel=0.1)
    assert bond.p_value == coint(left, right)[1] < 0.01
    assert cointegrated(OTHER, WALK).p_value > 0.05


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_shock_to_the_spread_is_sold_on_the_dear_side_and_bought_on_the_cheap_one(sign):
    found = CointegratedPair(lookback=200, refit=50).signals(bonded(shock=sign * 0.04))
    assert np.array_equal(np.sign(found[301]), [-sign, sign])
    assert found[301, 1] / found[301, 0] == pytest.approx(-0.5, abs=0.05)
    assert (found[308] == 0.0).all()


def test_unbonded_shares_are_left_alone():
    bars = panel(LEFT=50.0 * np.exp(OTHER), RIGHT=20.0 * np.exp(WALK))
    assert (CointegratedPair(lookback=200, confidence=0.01).signals(bars) == 0.0).all()


def test_a_third_symbol_is_not_touched_and_the_pair_can_be_named():
    bars = panel(ALONE=np.exp(OTHER), LEFT=50.0 * np.exp(0.5 * WALK + NOISE), RIGHT=20.0 * np.exp(WALK))
    found = CointegratedPair(first="LEFT", second="RIGHT", lookback=200, entry=1.0).signals(bars)
    assert (found[:, 0] == 0.0).all()
    assert (found[:, 1:] != 0.0).any()


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (CointegratedPair(leave=2.5), "leave = 2.5 must be below entry = 2"),
        (CointegratedPair(first="NONE"), "first = NONE, second = RIGHT: two of LEFT, RIGHT are needed"),
        (CointegratedPair(first="RIGHT"), "first = RIGHT, second = RIGHT"),
        (CointegratedPair(lookback=10), "CointegratedPair.lookback = 10; allowed: 40 to 1000"),
    ],
)
def test_what_cannot_be_a_pair_is_refused(strategy, message):
    with pytest.raises(ConfigError, match=message):
        strategy.signals(bonded())


def test_one_symbol_is_no_pair():
    with pytest.raises(ConfigError, match=r"a pair needs two symbols; \[universe\] has ONE"):
        CointegratedPair().signals(panel(ONE=np.exp(WALK)))
