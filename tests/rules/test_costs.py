"""Costs are exact, and every rounding is against the trader."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, notional
from framework.rules.costs import FeeSchedule, slipped

prices = st.integers(1, 10**12)
quantities = st.integers(0, 10**13)
rates = st.integers(0, MICRO - 1)
BASIS_POINT = 100


@pytest.mark.parametrize(("sign", "expected"), [(1, 100_020_000), (-1, 99_980_000)])
def test_two_basis_points_of_a_hundred_dollars_are_two_cents(sign, expected):
    assert slipped(100 * MICRO, sign, 2 * BASIS_POINT) == expected


@given(prices, rates)
def test_slippage_is_the_exact_share_of_the_price_rounded_against_the_trader(price, rate):
    distance = math.ceil(Fraction(price * rate, MICRO))
    assert slipped(price, 1, rate) == price + distance
    assert slipped(price, -1, rate) == max(price - distance, 1)


@given(prices, st.sampled_from((1, -1)))
def test_without_slippage_the_price_is_the_markets(price, sign):
    assert slipped(price, sign, 0) == price


def test_a_sale_never_fetches_less_than_a_micro_dollar():
    assert slipped(1, -1, 999_999) == 1


@given(quantities, prices, st.integers(0, MICRO), rates)
def test_fees_are_exact_and_each_part_is_rounded_up(quantity, price, per_share, rate):
    by_shares = math.ceil(Fraction(quantity * per_share, MICRO))
    by_value = math.ceil(Fraction(notional(quantity, price) * rate, MICRO))
    assert FeeSchedule(per_share, rate).fees(quantity, price) == by_shares + by_value


def test_half_a_cent_a_share_and_a_tenth_of_a_percent():
    assert FeeSchedule(per_share_micros=5_000, rate_micros=1_000).fees(100 * MICRO, 50 * MICRO) == 500_000 + 5_000_000


def test_no_commission_is_the_default():
    assert FeeSchedule().fees(100 * MICRO, 50 * MICRO) == 0
