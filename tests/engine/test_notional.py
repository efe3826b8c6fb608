"""Orders in dollars: how many shares they are for, what they may cost, and what becomes of those that buy nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import OrderStatus
from framework.domain.values import MICRO, notional
from framework.errors import InvalidOrderError
from tests.builders import bars, play, still

WHOLE = {"name": "robinhood"}
PARTS = {"broker": {"name": "robinhood", "fractional": True}, "orders": {"time_in_force": "day"}}


def asked(action, price=100.0, count=4, **config):
    """The order that ``action`` returns at the second close of a market that stands still, and the run."""
    played = play({1: action}, bars("A", still(price, count)), **config)
    return played.strategy.returned[1], played


@given(st.integers(1, 10**12), st.integers(1, 2_000_00))
def test_dollars_buy_as_many_lots_as_they_are_worth_and_not_one_more(micros, cents):
    order, _ = asked(lambda ctx: ctx.buy("A", notional=Decimal(micros) / MICRO), cents / 100, count=2)
    price = cents * 10_000
    if micros * MICRO < price:
        assert (order.status, order.quantity_micros) == (OrderStatus.DENIED, 1)
        return
    assert order.quantity_micros * price <= micros * MICRO
    assert (order.quantity_micros + 1) * price > micros * MICRO


def test_shares_are_whole_where_the_venue_does_not_divide_them():
    order, _ = asked(lambda ctx: ctx.buy("A", notional=250), broker=WHOLE)
    assert (order.quantity, order.status, order.filled_quantity) == (2, OrderStatus.FILLED, 2)


def test_where_it_does_the_fill_costs_what_was_said():
    order, played = asked(lambda ctx: ctx.buy("A", notional=250, time_in_force="day"), **PARTS)
    (fill,) = played.simulation.journal.fills
    assert notional(fill.quantity_micros, fill.price_micros) == 250 * MICRO
    assert order.reason == "explicit, for 250 dollars"


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        ({"order_type": "limit", "limit_price": 80}, 80),
        ({"order_type": "stop_limit", "stop_price": 125, "limit_price": 130}, 130),
        ({"order_type": "stop_loss", "stop_price": 125}, 125),
        ({"order_type": "trailing_stop", "trail_amount": 5}, 100),
        ({}, 100),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_dollars_become_shares_at_the_price_an_order_names_else_at_the_last_close(terms, price, side):
    order, _ = asked(lambda ctx: getattr(ctx, side)("A", notional=10_000, **terms), count=2)
    assert order.quantity_micros == 10_000 * MICRO // price


def test_where_a_type_takes_no_parts_of_a_share_its_shares_are_whole():
    order, _ = asked(lambda ctx: ctx.buy("A", notional=1_000, order_type="stop", stop_price=130), **PARTS)
    assert (order.quantity, order.status) == (7, OrderStatus.ACCEPTED)


def test_a_limit_order_never_costs_more_than_its_dollars():
    rows = [*still(100, 2), (90.0, 99.0, 70.0, 95.0), *still(95, 1)]
    played = play({1: lambda ctx: ctx.buy("A", notional=1_000, order_type="limit", limit_price=93)}, bars("A", rows))
    (fill,) = played.simulation.journal.fills
    assert notional(fill.quantity_micros, fill.price_micros) <= 1_000 * MICRO


def test_at_market_the_price_may_move_before_it_fills():
    played = play({1: lambda ctx: ctx.buy("A", notional=1_000)}, bars("A", [*still(100, 2), *still(110, 2)]))
    assert played.fills == [(2, "A", 10.0, 110.0)]


def test_dollars_can_be_sold_and_leave_the_rest():
    def act(ctx):
        if not ctx.position("A").quantity:
            ctx.buy("A", 10)
        elif ctx.bars("A").close[-1] == 120:
            ctx.sell("A", notional=300)

    played = play(act, bars("A", [*still(100, 3), *still(120, 1), *still(120, 1)]))
    assert played.fills == [(1, "A", 10.0, 100.0), (4, "A", -2.5, 120.0)]


def test_a_bracket_can_be_for_dollars():
    order, _ = asked(lambda ctx: ctx.bracket("A", notional=500, take_profit=120, stop_loss=90).entry)
    assert (order.quantity, order.status) == (5, OrderStatus.FILLED)
    order, _ = asked(lambda ctx: ctx.bracket("A", notional=500, take_profit=120, stop_loss=90, limit_price=98).entry, broker=WHOLE)
    assert (order.quantity, order.limit_price) == (5, 98)


def test_what_buys_less_than_a_lot_is_denied_with_the_reason():
    order, played = asked(lambda ctx: ctx.buy("A", notional=99), broker=WHOLE)
    assert (order.status, order.changes[-1].reason) == (OrderStatus.DENIED, "order_value_below_minimum")
    (refusal,) = played.simulation.journal.refusals
    assert refusal.detail == "buy 1 A: 99 dollars are less than the smallest lot, 1 shares at 100"
    assert (refusal.figure, refusal.limit) == (99.0, 100.0)


def test_before_a_price_was_seen_it_is_denied():
    two = (bars("A", still(100, 4)), bars("B", still(50, 2), times=bars("A", still(100, 4)).timestamp[2:]))
    played = play({0: lambda ctx: ctx.buy("B", notional=99)}, *two)
    order = played.strategy.returned[0]
    assert (order.status, order.changes[-1].reason) == (OrderStatus.DENIED, "no_price")
    assert order.filled_micros == 0 < order.quantity_micros


def test_the_venues_least_value_holds_for_parts_of_a_share():
    order, _ = asked(lambda ctx: ctx.buy("A", notional=0.5, time_in_force="day"), **PARTS)
    assert (order.status, order.changes[-1].reason) == (OrderStatus.DENIED, "order_value_below_minimum")


def test_limits_see_what_it_is_worth():
    order, _ = asked(lambda ctx: ctx.buy("A", notional=2_000), limits={"profile": "venue", "max_order_value_dollars": 1_000})
    assert (order.status, order.changes[-1].reason) == (OrderStatus.DENIED, "order_value_above_maximum")


@pytest.mark.parametrize("dollars", [0, -5, float("nan"), float("inf"), "much", True])
def test_what_is_no_amount_is_refused(dollars):
    with pytest.raises(InvalidOrderError, match="notional"):
        asked(lambda ctx: ctx.buy("A", notional=dollars))


def test_shares_and_dollars_at_once_are_refused_and_so_is_neither():
    with pytest.raises(InvalidOrderError, match="say shares or dollars, not both"):
        asked(lambda ctx: ctx.buy("A", 1, notional=100))
    with pytest.raises(InvalidOrderError, match=r"needs a quantity \(shares\) or a notional \(dollars\)"):
        asked(lambda ctx: ctx.sell("A"))


def test_both_drivers_decide_and_fill_the_same():
    def act(ctx):
        ctx.buy("A", notional=333.33)
        ctx.sell("A", notional=50, order_type="limit", limit_price=ctx.bars("A").close[-1] + 1)

    rows = [(price, price + 2, price - 1, price + 1) for price in (100.0, 103.0, 99.5, 104.0, 98.0)]
    runs = [play(act, bars("A", rows), engine={"name": name}).simulation for name in ("arrays", "backtrader")]
    assert [one.driver.name for one in runs] == ["arrays", "backtrader"]
    assert runs[0].journal.decisions_hash == runs[1].journal.decisions_hash
    assert runs[0].journal.fills == runs[1].journal.fills
