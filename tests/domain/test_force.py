"""What an order's terms say of it."""

from __future__ import annotations

import pytest

from framework.domain.order import Order, OrderSide, OrderType, TimeInForce
from framework.domain.venue import VENUES


def order(kind: OrderType = OrderType.MARKET, force: TimeInForce = TimeInForce.GTC, **more: object) -> Order:
    return Order("id-1", "AAPL", OrderSide.SELL, 1_000_000, kind, 0, time_in_force=force, **more)


def test_an_order_has_one_moment_or_waits():
    assert {force for force in TimeInForce if not force.is_momentary} == {TimeInForce.DAY, TimeInForce.GTC}


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("force", TimeInForce)
def test_only_a_market_order_for_no_auction_leaves_at_once(kind, force):
    assert order(kind, force).leaves_at_once is (kind is OrderType.MARKET and force.value in {"day", "gtc", "ioc", "fok"})


def test_an_order_without_partners_is_its_own_group():
    assert (order().group_id, order(oco_id="id-0").group_id) == ("id-1", "id-0")


def test_who_has_which_time_in_force():
    assert VENUES["robinhood"].times_in_force == {TimeInForce.DAY, TimeInForce.GTC}
    assert VENUES["robinhood"].gtc_days == 90
    assert VENUES["generic"].times_in_force == set(TimeInForce)
    assert VENUES["generic"].gtc_days is None
