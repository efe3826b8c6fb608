"""Slippage is against the trader, exact, and grows with what is taken."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, nan, sqrt
from statistics import stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.errors import ConfigError
from framework.rules.costs.slippage import (
    NO_SLIPPAGE,
    UNKNOWN,
    BasisPoints,
    EstimatedHalfSpread,
    Fitted,
    FittedRow,
    FixedHalfSpread,
    Liquidity,
    SquareRootImpact,
    Taking,
    liquidity,
    share_of,
    slipped,
)
from framework.rules.costs.spread import corwin_schultz

HUNDRED = Taking(100 * MICRO, 1000 * MICRO, "market", 0)
#: A million shares and 2 % a day, a spread of 10 basis points.
KNOWN = Liquidity(1e6, 0.02, 0.001)
prices = st.integers(1, 10**12)
quantities = st.integers(1, 10**13)
signs = st.sampled_from((1, -1))
figures = st.one_of(st.just(nan), st.floats(0.0, 10.0))
known = st.builds(Liquidity, st.one_of(st.just(nan), st.floats(0.0, 1e9)), figures, figures)
spreads = st.one_of(
    st.builds(BasisPoints, st.floats(0.0, 0.1)),
    st.builds(FixedHalfSpread, st.integers(0, 10**6)),
    st.builds(EstimatedHalfSpread, st.just(20), st.floats(0.0, 0.1)),
)
rows = st.builds(FittedRow, st.floats(0.0, 0.1), st.floats(0.0, 10.0), st.none(), st.none())
models = st.one_of(
    spreads,
    st.builds(SquareRootImpact, spreads, st.floats(0.0, 10.0), st.just(20)),
    st.builds(lambda row: Fitted((row,), lambda _: None, 20), rows),
)


@given(models, prices, quantities, quantities, known)
def test_more_never_trades_nearer_to_the_market(model, price, quantity, more, what):
    taking = Taking(price, quantity, "market", 0)
    assert 0 <= model.distance(taking, what) <= model.distance(taking._replace(quantity=quantity + more), what)


@given(models, prices, quantities, known)
def test_a_buy_pays_as_much_more_as_a_sale_gets_less(model, price, quantity, what):
    distance = model.distance(Taking(price, quantity, "limit", 0), what)
    assert slipped(price, 1, distance) - price == distance
    assert slipped(price, -1, distance) == max(price - distance, 1)


def test_a_sale_never_fetches_less_than_a_micro_dollar():
    assert slipped(5, -1, 9) == 1


@given(prices, signs)
def test_without_slippage_the_price_is_the_markets(price, sign):
    assert slipped(price, sign, NO_SLIPPAGE.distance(Taking(price, MICRO, "market", 0), UNKNOWN)) == price


@given(prices, st.integers(0, 10_000))
def test_basis_points_are_the_exact_share_of_the_price_rounded_up(price, hundredths):
    rate = hundredths / 100 / 10_000
    assert BasisPoints(rate).distance(Taking(price, MICRO, "market", 0), UNKNOWN) == ceil(Fraction(price * hundredths, MICRO))


@pytest.mark.parametrize(("rate", "distance"), [(0.0002, 20_000), (0.00020001, 20_100), (1.0, 100 * MICRO), (7.0, 100 * MICRO)])
def test_a_rate_is_rounded_up_to_a_millionth_and_is_the_whole_price_at_most(rate, distance):
    assert share_of(100 * MICRO, rate) == distance


def test_a_half_spread_in_dollars_does_not_depend_on_the_price():
    assert FixedHalfSpread(5_000).distance(HUNDRED, KNOWN) == FixedHalfSpread(5_000).distance(HUNDRED._replace(price=1), KNOWN) == 5_000


def test_an_estimated_half_spread_is_half_the_spread_and_a_fixed_one_where_there_is_no_estimate():
    model = EstimatedHalfSpread(20, rate=0.0003)
    assert model.distance(HUNDRED, KNOWN) == 50_000
    assert model.distance(HUNDRED, UNKNOWN) == 30_000


def test_impact_grows_with_the_square_root_of_the_share_of_a_day():
    # A thousandth of a day's volume: 2 % * sqrt(0.001) = 6.3246 basis points, and 2 for the half spread.
    model = SquareRootImpact(BasisPoints(0.0002), 1.0, 20)
    assert model.distance(HUNDRED, KNOWN) == 20_000 + ceil(1e6 * 0.02 * sqrt(0.001)) * 100
    alone = replace(model, half_spread=NO_SLIPPAGE)
    assert alone.distance(HUNDRED._replace(quantity=4_000 * MICRO), KNOWN) == pytest.approx(2 * alone.distance(HUNDRED, KNOWN), abs=100)
    assert replace(alone, coefficient=3.0).distance(HUNDRED, KNOWN) == pytest.approx(3 * alone.distance(HUNDRED, KNOWN), abs=200)
    assert alone.distance(HUNDRED, KNOWN._replace(volatility=0.04)) == pytest.approx(2 * alone.distance(HUNDRED, KNOWN), abs=100)


@pytest.mark.parametrize("volume", [nan, 0.0])
def test_a_symbol_without_history_is_taken_for_an_illiquid_one(volume):
    model = SquareRootImpact(NO_SLIPPAGE, 1.0, 20)
    assert model.distance(HUNDRED, Liquidity(volume, nan, nan)) == 5 * MICRO
    assert model.distance(HUNDRED, Liquidity(volume, 0.02, nan)) == 2 * MICRO
    assert model.distance(HUNDRED, Liquidity(4000.0, nan, nan)) == 2_500_000


def test_models_say_how_many_sessions_they_ask_for():
    half = EstimatedHalfSpread(30, 0.0)
    asked = [model.sessions for model in (NO_SLIPPAGE, FixedHalfSpread(1), half, SquareRootImpact(NO_SLIPPAGE, 1.0, 40))]
    assert asked == [0, 0, 30, 40]


# --- fitted


TABLE = (
    FittedRow(0.0001, 0.0),
    FittedRow(0.0002, 0.0, order_type="market"),
    FittedRow(0.0004, 0.0, hour=9),
    FittedRow(0.0008, 0.0, order_type="market", hour=9),
)


@pytest.mark.parametrize(
    ("order_type", "hour", "dollars"),
    [("market", 9, 0.08), ("market", 10, 0.02), ("market", None, 0.02), ("limit", 9, 0.04), ("limit", 10, 0.01), ("limit", None, 0.01)],
)
def test_the_row_that_fits_best_counts(order_type, hour, dollars):
    for table in (TABLE, TABLE[::-1]):
        model = Fitted(table, lambda _: hour, 20)
        assert model.distance(HUNDRED._replace(order_type=order_type), KNOWN) == round(dollars * MICRO)


def test_the_hour_is_that_of_the_fill():
    model = Fitted(TABLE, {5: 9, 6: 10}.get, 20)
    assert [model.distance(HUNDRED._replace(timestamp=time), KNOWN) for time in (5, 6)] == [80_000, 20_000]


def test_fitted_impact_is_added_to_the_intercept():
    model = Fitted((FittedRow(0.0001, 0.5),), lambda _: None, 20)
    assert model.distance(HUNDRED, KNOWN) == ceil(round(1e6 * (0.0001 + 0.5 * 0.02 * sqrt(0.001)), 3)) * 100


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (TABLE[1:], "no row is for any order type and any hour; add one without order_type and hour"),
        ((*TABLE, FittedRow(0.0, 0.0, hour=9)), "two rows are for order_type = any and hour = 9; keep one"),
        ((*TABLE, FittedRow(0.0, 0.0, "market")), "two rows are for order_type = market and hour = any; keep one"),
        ((), "no row is for any order type and any hour"),
    ],
)
def test_a_table_without_an_answer_or_with_two_is_refused(table, says):
    with pytest.raises(ConfigError, match=says):
        Fitted(table, lambda _: None, 20)


# --- what is known


def columns(*closes, volume=1000.0):
    close = np.array(closes)
    return close * 1.01, close * 0.99, close, np.full(len(close), volume)


def test_liquidity_is_the_mean_volume_the_deviation_of_returns_and_the_estimated_spread():
    high, low, close, volume = columns(100.0, 102.0, 99.0, 100.0)
    found = liquidity(high, low, close, np.array([1.0, 2.0, 3.0, 6.0]))
    assert found.average_volume == 3.0
    assert found.volatility == pytest.approx(stdev([0.02, 99 / 102 - 1, 1 / 99]))
    assert found.spread == corwin_schultz(high, low, close)
    assert liquidity(high, low, close, volume).average_volume == 1000.0


def test_what_too_short_a_history_does_not_tell_is_not_known():
    none, one, two = (liquidity(*columns(*[100.0] * count)) for count in (0, 1, 2))
    assert [str(figure) for figure in none] == ["nan"] * 3
    assert (one.average_volume, str(one.volatility), str(one.spread)) == (1000.0, "nan", "nan")
    assert (str(two.volatility), two.spread >= 0) == ("nan", True)
