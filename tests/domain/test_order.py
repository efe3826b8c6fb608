"""Orders as values: their words, their exact numbers, what is open."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.fill import Fill
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO
from framework.rules.lifecycle import change
from tests.rules.made import fill_of, order_of, report

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("market", OrderType.MARKET),
        ("limit", OrderType.LIMIT),
        ("stop_loss", OrderType.STOP_LOSS),
        ("stop", OrderType.STOP_LOSS),
        ("stop_market", OrderType.STOP_LOSS),
        ("stop_limit", OrderType.STOP_LIMIT),
        ("trailing_stop", OrderType.TRAILING_STOP),
    ],
)
def test_every_name_of_an_order_type_is_understood(text, kind):
    assert OrderType(text) is kind


@pytest.mark.parametrize("value", ["", "Market", "stoploss", None, 0, True, [], {}])
def test_no_other_order_type_exists(value):
    with pytest.raises(ValueError, match="is not a valid OrderType"):
        OrderType(value)


def test_the_words_of_the_contract_are_all_there_and_no_more():
    assert {str(kind) for kind in OrderType} == {"market", "limit", "stop_loss", "stop_limit", "trailing_stop"}
    assert {str(unit) for unit in TrailType} == {"percentage", "amount"}
    assert {str(time) for time in TimeInForce} == {"day", "gtc", "ioc", "fok", "opg", "cls"}
    assert {str(side) for side in OrderSide} == {"buy", "sell"}


def test_sides_are_opposite_signs():
    assert (BUY.sign, SELL.sign) == (1, -1)
    assert (BUY.opposite, SELL.opposite) == (SELL, BUY)


def test_only_stops_and_take_profits_protect():
    assert {role for role in OrderRole if role.protects} == {OrderRole.STOP, OrderRole.TAKE_PROFIT}


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_open_until_it_has_ended(status):
    ended = {"denied", "rejected", "filled", "canceled", "expired"}
    order = Order("o", "AAPL", BUY, 10 * MICRO, OrderType.MARKET, 0, status=status, filled_micros=4 * MICRO)
    assert order.is_open is (str(status) not in ended)
    assert order.leaves_micros == (6 * MICRO if order.is_open else 0)


def test_an_order_shows_what_was_asked_for_as_exact_decimals():
    order = order_of(quantity=1_500_000, limit_micros=10_250_000, stop_micros=9_990_000, trail_micros=5_000_000)
    shown = (order.quantity, order.limit_price, order.stop_price, order.trail_amount)
    assert shown == (Decimal("1.5"), Decimal("10.25"), Decimal("9.99"), Decimal(5))


def test_what_was_not_asked_for_is_none():
    order = order_of()
    assert (order.limit_price, order.stop_price, order.trail_amount, order.average_price) == (None, None, None, None)


def test_the_average_price_weighs_fills_by_shares():
    order = order_of(quantity=3 * MICRO, status=OrderStatus.ACCEPTED)
    report(order, fill_of(order, MICRO, 10_000_000))
    report(order, fill_of(order, 2 * MICRO, 11_000_000))
    assert order.average_price == Decimal("10.666667")
    assert order.filled_quantity == 3


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**12)), min_size=1, max_size=10))
def test_the_average_price_of_whole_shares_is_the_exact_mean_to_a_micro_dollar(parts):
    order = order_of(quantity=sum(shares for shares, _ in parts) * MICRO, status=OrderStatus.ACCEPTED)
    for shares, price in parts:
        report(order, fill_of(order, shares * MICRO, price))
    exact = Fraction(sum(shares * price for shares, price in parts), sum(shares for shares, _ in parts))
    assert abs(Fraction(order.average_price) * MICRO - exact) <= Fraction(1, 2)
    assert min(price for _, price in parts) <= order.average_price * MICRO <= max(price for _, price in parts)


def test_a_snapshot_does_not_follow_the_order():
    order = order_of()
    before = order.snapshot()
    change(order, OrderStatus.SUBMITTED, 5)
    assert (before.status, before.changes) == (OrderStatus.INITIALIZED, [])
    assert order.snapshot().changes == order.changes


def test_a_fill_shows_shares_and_dollars_as_exact_decimals():
    fill = Fill("e", "o", 1, "AAPL", BUY, 1_500_000, 10_250_000, 10_000_000, 1)
    assert (fill.quantity, fill.price, fill.fees) == (Decimal("1.5"), Decimal("10.25"), Decimal("0.000001"))
