"""Regulation T and FINRA Rule 4210 on paper examples, and what holds at any price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.rules.account.margin import initial_margin, initial_of, maintenance_margin, maintenance_of

prices = st.integers(1, 10**12)
signs = st.sampled_from([1, -1])


@pytest.mark.parametrize(
    ("shares", "price", "initial", "maintenance"),
    [
        (100, 50.0, 2_500.0, 1_250.0),  # half, and a quarter
        (-1_000, 50.0, 25_000.0, 15_000.0),  # 30 % of 50,000
        (-10_000, 5.0, 50_000.0, 50_000.0),  # 5 dollars a share
        (-10_000, 4.5, 45_000.0, 45_000.0),  # all of the value
        (-50_000, 1.0, 125_000.0, 125_000.0),  # 2.50 dollars a share
        (-10_000, 2.0, 25_000.0, 25_000.0),
        (-500, 40.0, 10_000.0, 6_000.0),
        (-100, 8.0, 500.0, 500.0),  # 5 dollars a share is more than half of 8
        (0, 8.0, 0.0, 0.0),
    ],
)
def test_margin_of_known_positions(shares, price, initial, maintenance):
    quantity, micros = shares * MICRO, round(price * MICRO)
    assert (initial_of(quantity, micros), maintenance_of(quantity, micros)) == (initial * MICRO, maintenance * MICRO)


@given(prices, signs)
def test_an_entry_needs_at_least_what_must_stay_and_a_long_never_more_than_its_value(price, sign):
    assert initial_margin(price, sign) >= maintenance_margin(price, sign) > 0
    assert sign < 0 or initial_margin(price, sign) <= price
    assert 2 * initial_margin(price, sign) >= price


@given(prices, prices)
def test_more_is_asked_of_a_long_at_a_higher_price(first, second):
    low, high = sorted((first, second))
    assert maintenance_margin(low, 1) <= maintenance_margin(high, 1)
    assert initial_margin(low, 1) <= initial_margin(high, 1)


@pytest.mark.parametrize(("price", "each"), [(3, 2), (1, 1)])
def test_a_half_micro_dollar_is_rounded_against_the_borrower(price, each):
    assert initial_margin(price, 1) == each
