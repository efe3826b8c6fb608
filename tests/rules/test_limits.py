"""The one door: only here is an order approved, shrunk with its reason, or refused. What is checked is in test_pretrade.py."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.domain import reasons
from framework.domain.order import ApprovedOrder, OrderRole, OrderSide
from framework.domain.values import MICRO
from framework.rules.limits import check
from framework.rules.pretrade import violations as codes
from tests.rules.made import order_of
from tests.rules.standings import ROBINHOOD, standing, validator

BUY, SELL = OrderSide.BUY, OrderSide.SELL
TARGET, EXPLICIT = OrderRole.TARGET, OrderRole.EXPLICIT
MANY = max(300, settings().max_examples)
#: A tenth of 100,000 dollars: 100 shares at 100.
DOOR = validator(max_position_pct=0.10)


def shares(count: float, side: OrderSide = BUY, role: OrderRole = EXPLICIT):
    return order_of(side, round(count * MICRO), role=role)


def test_an_order_within_all_limits_passes_as_it_is():
    order = shares(100)
    approved, refusal = check(order, standing(), DOOR)
    assert approved is not None
    assert approved.order is order
    assert refusal is None


def test_a_sized_entry_is_shrunk_to_what_fits_and_the_one_asked_for_stays_as_it_was():
    order = shares(150, role=TARGET)
    approved, refusal = check(order, standing(), DOOR)
    assert approved is not None
    assert (approved.order.quantity_micros, order.quantity_micros) == (100 * MICRO, 150 * MICRO)
    assert (approved.order.order_id, approved.order.created_at, approved.order.role) == (order.order_id, order.created_at, TARGET)
    assert refusal is not None
    assert refusal.code == codes.POSITION


def test_an_explicit_entry_that_is_too_large_is_refused():
    approved, refusal = check(shares(101), standing(), DOOR)
    assert approved is None
    assert refusal is not None
    assert refusal.code == codes.POSITION


def test_a_refusal_says_what_was_asked_when_and_what_is_allowed():
    _, refusal = check(shares(101), standing(), DOOR)
    assert refusal is not None
    assert (refusal.timestamp, refusal.symbol, refusal.figure, refusal.limit) == (7, "AAPL", 10_100.0, 10_000.0)
    assert refusal.detail == (
        "buy 101 AAPL: the position would come to 10,100.00 dollars, allowed are 10,000.00 ([limits] max_position_pct = 0.1)"
    )


def test_of_several_violations_the_one_that_leaves_least_is_the_reason():
    # 100 shares by position, 50 by the order's value.
    tight = validator(max_position_pct=0.10, max_order_value_dollars=5_000.0)
    approved, refusal = check(shares(150, role=TARGET), standing(), tight)
    assert approved is not None
    assert refusal is not None
    assert (approved.order.quantity_micros, refusal.code) == (50 * MICRO, codes.MAX_ORDER_VALUE)


@pytest.mark.parametrize(("role", "sold"), [(TARGET, 10), (EXPLICIT, 0)])
def test_where_shorting_is_not_offered_a_target_sells_what_is_held_and_no_more(role, sold):
    approved, refusal = check(shares(15, SELL, role), standing(10), validator(ROBINHOOD))
    assert (0 if approved is None else approved.order.quantity_micros) == sold * MICRO
    assert refusal is not None
    assert refusal.code == reasons.SHORT


@settings(max_examples=MANY)
@given(st.integers(-300, 300).filter(bool), st.integers(-200, 200), st.sampled_from([TARGET, EXPLICIT]), st.integers(0, 60_000))
def test_an_order_is_approved_whole_or_smaller_or_not_and_never_without_a_reason(count, held, role, elsewhere):
    order = shares(abs(count), BUY if count > 0 else SELL, role)
    where = standing(held, account={"gross": abs(held) * 100 + elsewhere})
    approved, refusal = check(order, where, DOOR)
    if refusal is None:
        assert approved == ApprovedOrder(order)
    elif approved is not None:
        assert role is TARGET
        assert 0 < approved.order.quantity_micros < order.quantity_micros
    after = held * MICRO + (0 if approved is None else approved.order.side.sign * approved.order.quantity_micros)
    assert abs(after) <= max(100, abs(held)) * MICRO
