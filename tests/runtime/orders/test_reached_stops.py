"""The price of a stop is reached before the stop is at the venue, which refuses it then: the shares are sold all the same."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.runtime.orders.incidents import Code
from tests.kills.checker import violations
from tests.venue.market import match
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus


def holding(trader):
    """Ten shares bought at 100."""
    trader.place(order_of(1))
    trader.venue.truth.fill(next(iter(trader.venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()


def refused_stop(trader, price, kind=OrderType.STOP_LOSS, role=OrderRole.STOP, fault=Fault.REJECTED):
    """A stop at 90 that the venue does not take while the market is at ``price``."""
    trader.venue.prices["AAPL"] = price
    stop = order_of(2, SELL, kind=kind, price=90.0, role=role)
    trader.venue.script("send", fault)
    trader.place(stop)
    return stop


def sent(venue):
    return [one.now.order_type for one in venue.truth.ours() if one.now.side is SELL]


@pytest.mark.parametrize(("kind", "becomes"), [(OrderType.STOP_LOSS, OrderType.MARKET), (OrderType.STOP_LIMIT, OrderType.LIMIT)])
def test_a_stop_that_was_reached_before_it_came_goes_as_what_it_has_become(trader, venue, kind, becomes):
    holding(trader)
    stop = refused_stop(trader, 85.0, kind)
    assert stop.status is S.SUBMITTED
    trader.manager.poll()
    assert (stop.status, sent(venue)) == (S.ACCEPTED, [becomes])
    assert trader.codes() == [Code.STOP_REACHED]
    if becomes is OrderType.MARKET:
        match(venue)
        trader.manager.poll()
        assert stop.status is S.FILLED
        assert (trader.manager.books.shares, venue.truth.shares["AAPL"]) == ({}, 0)


def test_it_waits_as_a_stop_where_the_market_has_come_back_meanwhile(trader, venue):
    holding(trader)
    stop = refused_stop(trader, 85.0)
    venue.prices["AAPL"] = 95.0
    trader.manager.poll()
    assert (stop.status, sent(venue)) == (S.ACCEPTED, [OrderType.STOP_LOSS])


@pytest.mark.parametrize(
    "changed", [{"price": 95.0}, {"role": OrderRole.EXPLICIT}, {"fault": Fault.FORBIDDEN}], ids=["not reached", "no guard", "restricted"]
)
def test_any_other_refusal_ends_the_order(trader, venue, changed):
    holding(trader)
    stop = refused_stop(trader, **{"price": 85.0, **changed})
    assert stop.status is S.REJECTED
    trader.manager.poll()
    assert sent(venue) == []


def test_a_stop_that_nobody_quotes_for_ends_rejected_and_is_told(trader, venue):
    holding(trader)
    del venue.prices["AAPL"]
    venue.script("send", Fault.REJECTED)
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    assert stop.status is S.REJECTED


def test_a_venue_that_refuses_everything_is_not_asked_for_ever(trader, venue):
    holding(trader)
    stop = refused_stop(trader, 85.0)
    venue.script("send", *[Fault.REJECTED] * 50)
    trader.pass_time(120)
    assert stop.status is S.REJECTED
    assert venue.requests["send"] <= 1 + 4
    assert Code.UNPROTECTED in trader.codes()


def test_the_process_dies_between_the_refusal_and_the_sale(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        holding(first)
        refused_stop(first, 85.0)
    with Trader(tape, venue) as second:
        second.start()
        second.manager.poll()
        assert sent(venue) == [OrderType.MARKET]
        match(venue)
        second.manager.poll()
        assert second.manager.books.shares == {}
    assert violations(tape, venue.truth) == []
