"""From dollars to lots, and the changes that are worth making."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, notional
from framework.rules.sizing.lots import change, shares_for
from framework.rules.sizing.policy import FULL, TOO_SMALL, UNCHANGED, SizingPolicy

WHOLE = MICRO
PRICE = 100 * MICRO
POLICY = SizingPolicy(min_position_value=100.0)


def test_whole_shares_are_rounded_towards_zero():
    assert shares_for(199.99, PRICE, WHOLE) == MICRO
    assert shares_for(-199.99, PRICE, WHOLE) == -MICRO


def test_cents_buy_fractions():
    assert shares_for(0.5, MICRO, 1) == MICRO // 2


def test_fractions_are_cut_at_the_millionth():
    assert shares_for(50.0, 30 * MICRO, 1) == 1_666_666


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, 0.0])
def test_a_value_that_is_none_buys_nothing(value):
    assert shares_for(value, PRICE, WHOLE) == 0


@pytest.mark.parametrize("price", [0, -1])
def test_without_a_price_nothing_is_bought(price):
    assert shares_for(1000.0, price, 1) == 0


@given(st.floats(-1e12, 1e12), st.integers(1, 10**12), st.sampled_from([1, 1000, MICRO]))
def test_what_is_bought_never_costs_more_and_one_lot_more_would(value, price, lot):
    quantity = shares_for(value, price, lot)
    exact = round(abs(value) * MICRO) * MICRO
    assert quantity % lot == 0
    assert quantity * value >= 0
    assert abs(quantity) * price <= exact < (abs(quantity) + lot) * price


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        (0, 0, (0, FULL)),
        (5, 5, (0, FULL)),
        (0, 1, (1, FULL)),  # worth the minimum exactly
        (5, 6, (1, FULL)),
        (1, 0, (-1, FULL)),
        (-2, 3, (5, FULL)),
    ],
)
def test_a_change_worth_the_minimum_is_made(held, wanted, expected):
    delta, code = change(held * MICRO, wanted * MICRO, PRICE, POLICY)
    assert (delta // MICRO, code) == expected


def test_a_small_change_is_left_but_a_small_position_can_always_be_left():
    assert change(5 * MICRO, 6 * MICRO - 1, PRICE, POLICY) == (0, UNCHANGED)
    assert change(0, MICRO - 1, PRICE, POLICY) == (0, TOO_SMALL)
    assert change(10, 0, PRICE, POLICY) == (-10, FULL)
    assert change(10, 0, 0, POLICY) == (-10, FULL)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12), st.integers(-1, 10**9))
def test_a_change_is_made_whole_or_not_at_all(held, wanted, price):
    delta, code = change(held, wanted, price, POLICY)
    assert delta in {0, wanted - held}
    if code != FULL:
        assert wanted != 0
        assert notional(abs(wanted - held), max(price, 0)) < 100 * MICRO


@given(st.integers(1, 10_000), st.integers(1, 1_000_000))
def test_the_value_of_so_many_shares_buys_so_many(shares, cents):
    assert shares_for(shares * (cents / 100), cents * 10_000, WHOLE) == shares * MICRO
