"""From what a user typed to exact numbers, or a refusal that says what is wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO
from framework.errors import InvalidOrderError, OrderError, UnsupportedOrderTypeError
from framework.rules.orders import (
    LARGEST,
    check_exits,
    checked_symbol,
    new_order,
    optional_micros,
    positive_micros,
    side_of,
    strength_of,
)

PRICES = {"limit_price": 10.5, "stop_price": 9.5, "trail_amount": 5}
NEEDS = {
    "market": set(),
    "limit": {"limit_price"},
    "stop_loss": {"stop_price"},
    "stop": {"stop_price"},
    "stop_market": {"stop_price"},
    "stop_limit": {"limit_price", "stop_price"},
    "trailing_stop": {"trail_amount"},
}
NOT_NUMBERS = ["", "ten", "1,5", None, [], {}, object(), True, False, np.True_, "0x10", "1 0"]
NOT_FINITE = [
    math.nan,
    math.inf,
    -math.inf,
    "nan",
    "inf",
    "-Infinity",
    "sNaN",
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    np.nan,
]
NOT_POSITIVE = [0, 0.0, -0.0, -1, -0.5, "-3", "0", Decimal("-0.000001"), np.float64(-1), np.int64(0), -(10**5000), -1e300]
TOO_LARGE = [LARGEST + 1, 1e10, "1e300", Decimal(10) ** 400, 10**5000, 1.7e308, np.float64(1e12), Decimal("1000000000.000001")]
TOO_SMALL = [1e-7, 5e-324, "0.0000001", Decimal("1e-999999"), Decimal("0.0000005")]


def asked(symbol: str = "AAPL", quantity: object = 10, **terms: object) -> Order:
    return new_order("id-1", 42, symbol, OrderSide.BUY, quantity, "sma", None, **terms)


def prices_for(names: set[str]) -> dict[str, object]:
    return {name: PRICES[name] for name in names}


@pytest.mark.parametrize("kind", NEEDS)
def test_every_order_type_is_made_from_what_it_needs(kind):
    order = asked(order_type=kind, **prices_for(NEEDS[kind]))
    given_micros = {"limit_price": order.limit_micros, "stop_price": order.stop_micros, "trail_amount": order.trail_micros}
    assert given_micros == {name: round(PRICES[name] * MICRO) if name in NEEDS[kind] else None for name in PRICES}
    assert order.order_type is OrderType(kind)


@pytest.mark.parametrize(("kind", "missing"), [(kind, name) for kind, names in NEEDS.items() for name in sorted(names)])
def test_a_price_the_order_type_needs_cannot_be_left_out(kind, missing):
    with pytest.raises(InvalidOrderError, match=f"AAPL: a {OrderType(kind)} order needs {missing}"):
        asked(order_type=kind, **prices_for(NEEDS[kind] - {missing}))


def test_a_stop_limit_without_prices_names_both():
    with pytest.raises(InvalidOrderError, match="a stop_limit order needs limit_price and stop_price"):
        asked(order_type="stop_limit")


@pytest.mark.parametrize(("kind", "surplus"), [(kind, name) for kind, names in NEEDS.items() for name in sorted(set(PRICES) - names)])
def test_a_price_the_order_type_does_not_know_is_refused_not_dropped(kind, surplus):
    with pytest.raises(InvalidOrderError, match=f"AAPL: a {OrderType(kind)} order takes no {surplus}"):
        asked(order_type=kind, **prices_for(NEEDS[kind] | {surplus}))


@pytest.mark.parametrize("kind", ["", "MARKET", "stoploss", "iceberg", None, 3, [], math.nan])
def test_an_unknown_order_type_is_refused_with_the_five_that_exist(kind):
    with pytest.raises(UnsupportedOrderTypeError, match="choose one of market, limit, stop_loss, stop_limit, trailing_stop"):
        asked(order_type=kind)


@pytest.mark.parametrize("unit", ["percent", "dollars", "", None, []])
def test_an_unknown_trail_type_is_refused(unit):
    with pytest.raises(InvalidOrderError, match=r"trail_type = .* choose one of percentage, amount"):
        asked(order_type="trailing_stop", trail_amount=5, trail_type=unit)


@pytest.mark.parametrize("time", ["gtd", "", None, []])
def test_an_unknown_time_in_force_is_refused(time):
    with pytest.raises(InvalidOrderError, match=r"time_in_force = .* choose one of day, gtc, ioc, fok"):
        asked(time_in_force=time)


def test_a_trail_of_a_hundred_percent_protects_nothing_and_is_refused():
    with pytest.raises(InvalidOrderError, match=r"trail_amount = 100 percent; it must be below 100 \(5 means 5 %\)"):
        asked(order_type="trailing_stop", trail_amount=100)
    assert asked(order_type="trailing_stop", trail_amount=99.9).trail_type is TrailType.PERCENTAGE


def test_a_trail_in_dollars_may_be_above_a_hundred():
    order = asked(order_type="trailing_stop", trail_amount=250, trail_type="amount")
    assert (order.trail_micros, order.trail_type) == (250 * MICRO, TrailType.AMOUNT)


def test_what_is_left_out_is_a_market_order_until_canceled():
    order = asked()
    assert (order.order_type, order.time_in_force, order.status) == (OrderType.MARKET, TimeInForce.GTC, OrderStatus.INITIALIZED)
    assert (order.order_id, order.created_at, order.strategy, order.changes) == ("id-1", 42, "sma", [])
    assert (order.filled_micros, order.filled_value_micros, order.fees_micros) == (0, 0, 0)


@pytest.mark.parametrize("symbol", ["BRK.B", "F", "BF-B"])
def test_a_symbol_with_a_class_can_be_traded(symbol):
    assert asked(symbol).symbol == symbol


@pytest.mark.parametrize("symbol", ["", "aapl", "ABCDEF", "AAPL\n", "BTC/USD", None, 5, b"AAPL", math.nan, ["AAPL"]])
def test_anything_but_a_symbol_is_refused(symbol):
    with pytest.raises(InvalidOrderError, match="is not a US equity symbol"):
        checked_symbol(symbol)
    with pytest.raises(InvalidOrderError, match="is not a US equity symbol"):
        asked(symbol)


@pytest.mark.parametrize("field", ["quantity", *PRICES])
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (NOT_NUMBERS, "is not a number"),
        (NOT_FINITE, "must be a finite number above 0"),
        (NOT_POSITIVE, "must be a finite number above 0"),
        (TOO_LARGE, "is above 1,000,000,000"),
        (TOO_SMALL, "below the smallest unit"),
    ],
    ids=["not a number", "not finite", "not positive", "too large", "too small"],
)
def test_a_number_that_cannot_be_meant_is_refused_with_its_name(field, values, reason):
    for value in values:
        with pytest.raises(InvalidOrderError, match=f"^AAPL: {field} = .*{reason}"):
            positive_micros(value, field, "AAPL")


@pytest.mark.parametrize("value", [-1, math.nan, "ten", True, 1e10, 1e-9])
def test_a_bad_number_in_any_field_of_an_order_is_refused(value):
    with pytest.raises(OrderError, match="AAPL: quantity"):
        asked(quantity=value)
    for kind, names in NEEDS.items():
        for name in names:
            with pytest.raises(OrderError, match=f"AAPL: {name}"):
                asked(order_type=kind, **(prices_for(names) | {name: value}))


@pytest.mark.parametrize("value", [1.5, "1.5", " 1.5 ", Decimal("1.50"), np.float64(1.5), np.float32(1.5)])
def test_one_and_a_half_may_be_written_in_many_ways(value):
    assert positive_micros(value, "quantity", "AAPL") == 1_500_000


@pytest.mark.parametrize(("value", "micros"), [(1, 1_000_000), (np.int64(3), 3_000_000), (LARGEST, LARGEST * MICRO), (1e-6, 1)])
def test_whole_numbers_and_the_bounds_are_allowed(value, micros):
    assert positive_micros(value, "quantity", "AAPL") == micros


@given(st.decimals("0.000001", LARGEST, places=6))
def test_a_decimal_to_the_sixth_place_is_kept_exactly(value):
    assert positive_micros(value, "price", "AAPL") == Fraction(value) * MICRO


@given(st.floats(1e-6, LARGEST))
def test_a_float_is_taken_to_the_nearest_millionth_as_it_is_written(value):
    assert abs(positive_micros(value, "price", "AAPL") - Fraction(repr(value)) * MICRO) <= Fraction(1, 2)


@given(st.one_of(st.floats(), st.integers(), st.text(), st.decimals(), st.none(), st.booleans(), st.binary()))
def test_whatever_is_given_for_a_number_there_is_a_positive_integer_or_a_typed_refusal(value):
    try:
        micros = positive_micros(value, "quantity", "AAPL")
    except InvalidOrderError as error:
        assert str(error).startswith("AAPL: quantity = ")  # noqa: PT017
    else:
        assert 0 < micros <= LARGEST * MICRO


@pytest.mark.parametrize(
    ("value", "strength"), [(1, 1.0), (-1, -1.0), (0, 0.0), ("0.5", 0.5), (Decimal("-0.25"), -0.25), (np.float64(0.1), 0.1)]
)
def test_a_strength_lies_between_full_short_and_full_long(value, strength):
    assert strength_of(value, "AAPL") == strength


@pytest.mark.parametrize("value", [1.0000001, -2, math.nan, math.inf, -math.inf, "full", "", None, [], 10**400])
def test_any_other_strength_is_refused(value):
    with pytest.raises(InvalidOrderError, match=r"AAPL: target strength .* must be a number from -1"):
        strength_of(value, "AAPL")


@pytest.mark.parametrize("force", ["ioc", "fok", "opg", "cls"])
@pytest.mark.parametrize("kind", ["market", "limit", "stop_loss", "stop_limit", "trailing_stop"])
def test_only_what_waits_for_no_trigger_can_have_one_moment(kind, force):
    terms = prices_for(NEEDS[kind]) | {"order_type": kind, "time_in_force": force}
    if kind in {"market", "limit"}:
        assert asked(**terms).time_in_force is TimeInForce(force)
        return
    with pytest.raises(InvalidOrderError, match=f"AAPL: a {kind} order waits for its price, so it cannot be {force}; use day or gtc"):
        asked(**terms)


BUY, SELL = OrderSide.BUY, OrderSide.SELL
DOLLAR = MICRO


@pytest.mark.parametrize(
    ("side", "entry", "profit", "stop"),
    [(BUY, 100, 110, 95), (BUY, 100, 110, None), (BUY, 100, None, 95), (BUY, 0, 110, 95), (SELL, 100, 90, 105), (SELL, 0, 90, None)],
)
def test_exits_on_their_sides_of_the_entry_are_taken(side, entry, profit, stop):
    check_exits("AAPL", side, entry * DOLLAR, profit and profit * DOLLAR, stop and stop * DOLLAR)


@pytest.mark.parametrize(
    ("side", "entry", "profit", "stop", "words"),
    [
        (BUY, 100, 100, None, "AAPL: take_profit = 100 must be above the entry at 100$"),
        (BUY, 100, None, 100, "AAPL: stop_loss = 100 must be below the entry at 100$"),
        (BUY, 0, 90, 95, "AAPL: stop_loss = 95 must be below the entry and take_profit = 90 must be above the entry$"),
        (BUY, 100, 120, 110, "stop_loss = 110 must be below the entry at 100 and"),
        (SELL, 100, 100, None, "take_profit = 100 must be below the entry at 100$"),
        (SELL, 100, 90, 99, "stop_loss = 99 must be above the entry at 100 and take_profit = 90 must be below the entry at 100$"),
        (BUY, 100, None, None, "needs a take_profit, a stop_loss or both; for an entry without exits use buy or sell"),
    ],
)
def test_exits_that_would_leave_at_once_are_refused(side, entry, profit, stop, words):
    with pytest.raises(InvalidOrderError, match=words):
        check_exits("AAPL", side, entry * DOLLAR, profit and profit * DOLLAR, stop and stop * DOLLAR)


def test_a_side_is_buy_or_sell():
    assert (side_of("buy"), side_of("sell")) == (BUY, SELL)
    with pytest.raises(InvalidOrderError, match="side = 'Buy' is not known; choose one of buy, sell"):
        side_of("Buy")


def test_a_price_that_is_left_out_stays_so_and_a_given_one_is_checked():
    assert optional_micros(None, "limit_price", "AAPL") is None
    assert optional_micros("1.5", "limit_price", "AAPL") == 1_500_000
    with pytest.raises(InvalidOrderError, match="AAPL: limit_price = 0"):
        optional_micros(0, "limit_price", "AAPL")
