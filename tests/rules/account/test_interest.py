"""Interest and borrow fees by hand: simple, calendar days over 360."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.rules.account.interest import for_shares, on_cash
from framework.rules.account.policy import UNLEVERED, AccountPolicy

POLICY = AccountPolicy(debit_rate=0.072, credit_rate=0.018, borrow_rate=0.36)


@pytest.mark.parametrize(
    ("cash", "short", "days", "expected"),
    [
        (-10_000, 0, 1, -2.0),  # 7.2 % of 10,000 is 720 a year of 360 days
        (-10_000, 0, 3, -6.0),  # over a weekend
        (10_000, 0, 1, 0.5),
        (10_000, 4_000, 1, 0.3),  # 4,000 of it are collateral
        (10_000, 20_000, 1, -2.0),  # bought with what a short sale brought: owed all the same
        (0, 0, 30, 0.0),
    ],
)
def test_interest_on_cash(cash, short, days, expected):
    assert on_cash(cash * MICRO, short * MICRO, days, POLICY) == round(expected * MICRO)


def test_shares_sold_short_cost_by_their_value():
    assert for_shares(1_000 * MICRO, 1, POLICY) == -MICRO
    assert for_shares(1_000 * MICRO, 4, POLICY) == -4 * MICRO


def test_where_nothing_is_charged_nothing_is_owed():
    assert not UNLEVERED.accrues
    assert all(AccountPolicy(**{name: 0.01}).accrues for name in ("debit_rate", "credit_rate", "borrow_rate"))
    assert on_cash(-10_000 * MICRO, 0, 30, UNLEVERED) == for_shares(10_000 * MICRO, 30, UNLEVERED) == 0


@given(st.integers(-(10**14), 10**14), st.integers(0, 10**14), st.integers(1, 400))
def test_what_is_owed_is_below_zero_and_doubles_with_the_days_to_a_micro_dollar(cash, short, days):
    once, twice = on_cash(cash, short, days, POLICY), on_cash(cash, short, 2 * days, POLICY)
    assert (once > 0) <= (cash > short)
    assert (once < 0) <= (cash < short)
    assert abs(twice - 2 * once) <= 1
    assert for_shares(short, days, POLICY) <= 0
