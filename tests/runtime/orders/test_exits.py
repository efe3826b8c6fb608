"""A position is never sold twice and never left without its stop, however slowly the venue lets go of it."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.errors import BrokerError
from framework.rules import lifecycle, limits
from framework.runtime.orders.incidents import Code
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus
PRICE = 100 * MICRO


def stop_of(number=2, shares=10.0, price=90.0):
    return order_of(number, SELL, shares, kind=OrderType.STOP_LOSS, price=price, role=OrderRole.STOP)


def sale_of(number=3, shares=10.0):
    return order_of(number, SELL, shares, kind=OrderType.MARKET)


@pytest.fixture(name="held")
def ten_shares_with_their_stop(trader, venue):
    """Ten shares, and a stop for them that rests at the venue."""
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    stop = stop_of()
    trader.place(stop)
    assert stop.status is S.ACCEPTED
    return stop


def true_sales(venue):
    return [one for one in venue.truth.ours() if one.now.side is OrderSide.SELL]


def never_oversold(venue):
    """What rests or has traded is never more than was bought."""
    assert venue.truth.shares.get("AAPL", 0) >= 0
    assert venue.truth.free("AAPL") >= 0


def test_an_exit_waits_until_the_venue_has_let_go_of_the_stop(trader, venue, held):
    venue.script("cancel", Fault.FROZEN)
    trader.hold(held)
    sale = sale_of()
    trader.place(sale)
    assert (sale.status, held.status, venue.requests["send"]) == (S.SUBMITTED, S.EMULATED, 2)
    trader.pass_time(60)
    assert (sale.status, venue.requests["send"]) == (S.SUBMITTED, 2)
    venue.thaw()
    trader.manager.poll()
    assert (sale.status, venue.requests["send"]) == (S.ACCEPTED, 3)
    never_oversold(venue)


def test_a_stop_that_fills_while_it_is_canceled_leaves_nothing_to_sell(trader, venue, held):
    venue.script("cancel", Fault.FILLED_BEFORE)
    trader.hold(held)
    sale = sale_of()
    trader.place(sale)
    trader.manager.poll()
    assert (held.status, sale.status) == (S.FILLED, S.REJECTED)
    assert venue.truth.shares["AAPL"] == 0
    never_oversold(venue)


def test_what_a_stop_filled_while_it_was_canceled_is_not_sold_again(trader, venue, held):
    venue.script("cancel", Fault.PART_FILLED_BEFORE)
    trader.hold(held)
    sale, smaller = sale_of(), sale_of(4, 5)
    trader.place(sale)
    trader.manager.poll()
    assert (held.status, held.filled_micros) == (S.EMULATED, 5 * MICRO)
    assert sale.status is S.REJECTED
    assert "it sells 10 shares, and 5 are held" in trader.engine.heard[-1].reason
    trader.place(smaller)
    assert smaller.status is S.ACCEPTED
    never_oversold(venue)


def test_an_exit_waits_while_it_is_not_known_whether_the_venue_has_another(trader, venue, held):
    trader.hold(held)
    trader.manager.poll()
    venue.script("send", Fault.ZOMBIE)
    first, second = sale_of(3, 6), sale_of(4, 6)
    trader.place(first)
    trader.place(second)
    trader.pass_time(120)
    assert (first.status, second.status) == (S.UNKNOWN, S.SUBMITTED)
    venue.wake_zombies()
    trader.manager.poll()
    assert (first.status, second.status) == (S.ACCEPTED, S.REJECTED)
    never_oversold(venue)


def test_a_held_stop_rests_at_the_venue_again_under_a_new_id(trader, venue, held):
    trader.hold(held)
    trader.manager.poll()
    trader.release(held)
    first, second = true_sales(venue)
    assert first.now.status is S.CANCELED
    assert (second.now.status, second.now.order_type) == (S.ACCEPTED, OrderType.STOP_LOSS)
    assert first.now.client_id != second.now.client_id
    never_oversold(venue)


def test_a_stop_released_before_the_venue_let_go_waits_and_asks_for_what_is_left(trader, venue, held):
    venue.script("cancel", Fault.FROZEN)
    trader.hold(held)
    trader.release(held)
    trader.manager.poll()
    assert len(true_sales(venue)) == 1
    venue.truth.fill(true_sales(venue)[0], 3 * MICRO, PRICE)
    venue.thaw()
    trader.manager.poll()
    trader.manager.poll()
    assert true_sales(venue)[1].now.quantity_micros == 7 * MICRO
    assert trader.manager.get_order(held.order_id).filled_micros == 3 * MICRO
    never_oversold(venue)


def test_a_stop_canceled_while_its_old_leg_was_frozen_is_over_when_that_is(trader, venue, held):
    venue.script("cancel", Fault.FROZEN)
    trader.hold(held)
    trader.cancel(held)
    assert held.status is S.PENDING_CANCEL
    venue.thaw()
    trader.manager.poll()
    assert (held.status, trader.manager.books.open) == (S.CANCELED, {})


def test_an_order_that_cannot_be_taken_back_says_so(trader, held):
    with pytest.raises(BrokerError, match="not known"):
        trader.manager.hold_order("nobody")
    trader.cancel(held)
    with pytest.raises(BrokerError, match="cannot be taken back"):
        trader.manager.hold_order(held.order_id)
    with pytest.raises(BrokerError, match="is not held here"):
        trader.manager.release_order(held.order_id)


# --- one order in the place of another


def replaced(trader, old, new):
    trader.engine.orders[new.order_id] = new
    lifecycle.change(old, S.PENDING_CANCEL, 1)
    return trader.manager.replace_order(old.order_id, limits.approved_before(new, new.order_type))


def test_a_replacement_is_sent_when_the_venue_shows_the_end_of_the_old_order(trader, venue):
    old, new = order_of(1), order_of(2, price=101)
    trader.place(old)
    venue.script("cancel", Fault.FROZEN)
    replaced(trader, old, new)
    trader.pass_time(30)
    assert (new.status, len(venue.truth.orders)) == (S.SUBMITTED, 1)
    venue.thaw()
    trader.manager.poll()
    assert (old.status, new.status) == (S.CANCELED, S.ACCEPTED)


def test_a_replacement_of_an_order_that_fills_meanwhile_is_rejected(trader, venue):
    old, new = order_of(1), order_of(2, price=101)
    trader.place(old)
    venue.script("cancel", Fault.PART_FILLED_BEFORE)
    replaced(trader, old, new)
    trader.pass_time(10)
    assert (old.status, new.status) == (S.CANCELED, S.REJECTED)
    assert "has filled 5 shares meanwhile" in next(update.reason for update in trader.engine.heard if update.status is S.REJECTED)


def test_a_replacement_survives_the_process(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        old, new = order_of(1), order_of(2, price=101)
        first.place(old)
        venue.script("cancel", Fault.LOST_BEFORE)
        replaced(first, old, new)
    with Trader(tape, venue) as second:
        second.start()
        second.pass_time(20)
        assert [one.now.status for one in venue.truth.ours()] == [S.CANCELED, S.ACCEPTED]


def test_only_a_working_order_is_replaced(trader):
    old = order_of(1)
    trader.place(old)
    trader.cancel(old)
    trader.manager.poll()
    with pytest.raises(BrokerError, match="cannot be replaced"):
        trader.manager.replace_order(old.order_id, limits.approved_before(order_of(2), order_of(2).order_type))


# --- orders held by us


@pytest.mark.parametrize(
    ("kind", "price", "reaching", "sent_as"),
    [
        (OrderType.STOP_LOSS, 90.0, 89.0, OrderType.MARKET),
        (OrderType.LIMIT, 110.0, 110.0, OrderType.LIMIT),
        (OrderType.STOP_LIMIT, 90.0, 89.5, OrderType.LIMIT),
    ],
)
def test_a_held_order_is_sent_when_its_price_is_reached(trader, venue, kind, price, reaching, sent_as):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    order = order_of(2, SELL, 10, kind=kind, price=price, role=OrderRole.STOP, status=S.EMULATED)
    trader.place(order)
    trader.manager.poll()
    assert (order.status, len(true_sales(venue))) == (S.EMULATED, 0)
    venue.prices["AAPL"] = reaching
    trader.manager.poll()
    (true,) = true_sales(venue)
    assert (true.now.order_type, trader.engine.heard[-2].status) == (sent_as, S.SUBMITTED)


def test_a_held_trailing_stop_follows_the_market_and_never_goes_back(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    order = order_of(2, SELL, 10, kind=OrderType.TRAILING_STOP, role=OrderRole.STOP, status=S.EMULATED)
    order.trail_micros = 5 * MICRO  # percent
    trader.place(order)
    for price in (100, 120, 115):
        venue.prices["AAPL"] = price
        trader.manager.poll()
        assert order.status is S.EMULATED
    venue.prices["AAPL"] = 113.9  # 5 % below 120 are 114
    trader.manager.poll()
    assert [one.now.order_type for one in true_sales(venue)] == [OrderType.MARKET]


def test_without_a_quote_a_held_order_waits(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    order = order_of(2, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP, status=S.EMULATED)
    trader.place(order)
    venue.prices["AAPL"] = 80.0
    venue.script("quotes", Fault.RAISES)
    trader.manager.poll()
    assert order.status is S.EMULATED
    del venue.prices["AAPL"]
    trader.manager.poll()
    assert order.status is S.EMULATED


def test_shares_whose_held_stop_nobody_can_watch_are_unprotected_until_there_is_a_quote(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    trader.place(order_of(2, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP, status=S.EMULATED))
    trader.pass_time(20)
    assert trader.codes() == []
    price = venue.prices.pop("AAPL")
    trader.pass_time(20)
    assert trader.codes() == [Code.UNPROTECTED]
    entry = order_of(3, symbol="MSFT", price=50.0)
    trader.place(entry)
    assert entry.status is S.REJECTED
    venue.prices["AAPL"] = price
    trader.pass_time(5)
    assert trader.manager.books.incidents == {}


def test_no_restart_loosens_a_held_trailing_stop(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        first.place(order_of(1))
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
        first.manager.poll()
        order = order_of(2, SELL, 10, kind=OrderType.TRAILING_STOP, role=OrderRole.STOP, status=S.EMULATED)
        order.trail_micros = 5 * MICRO  # percent
        first.place(order)
        venue.prices["AAPL"] = 120.0
        first.manager.poll()
    with Trader(tape, venue) as second:
        second.start()
        venue.prices["AAPL"] = 113.9
        second.manager.poll()
        second.manager.poll()
        assert [one.now.order_type for one in true_sales(venue)] == [OrderType.MARKET]


def test_an_order_whose_price_was_reached_as_the_process_died_is_sent_by_the_next(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        first.place(order_of(1))
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
        first.manager.poll()
        stop = order_of(2, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP, status=S.EMULATED)
        first.place(stop)
        venue.prices["AAPL"] = 80.0
        first.manager._emulating.pump()  # and dies
    with Trader(tape, venue) as second:
        second.start()
        second.manager.poll()
        assert [one.now.order_type for one in true_sales(venue)] == [OrderType.MARKET]


# --- the watch


def test_a_position_without_its_stop_raises_an_alarm_after_its_time_and_stops_entries(trader, venue, held):
    assert held.is_open
    venue.truth.set_status(true_sales(venue)[0], S.CANCELED)
    trader.manager.poll()
    assert trader.codes() == []
    trader.pass_time(6)
    trader.pass_time(6)
    assert trader.codes() == ["unprotected_position"]
    entry, other = order_of(8, symbol="MSFT"), stop_of(9)
    trader.place(entry)
    trader.place(other)
    assert (entry.status, other.status) == (S.REJECTED, S.ACCEPTED)
    trader.manager.poll()
    assert not trader.manager.books.incidents
    again = order_of(10, symbol="MSFT")
    trader.place(again)
    assert again.status is S.ACCEPTED


def test_a_position_that_leaves_at_market_needs_no_stop(trader, held):
    trader.hold(held)
    trader.place(sale_of())
    trader.pass_time(60)
    assert trader.codes() == []


def test_shares_nobody_wanted_guarded_raise_no_alarm(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.pass_time(60)
    assert trader.codes() == []


def test_a_trailing_stop_that_is_released_keeps_the_level_it_has_reached_while_it_was_held(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
    trader.manager.poll()
    order = order_of(2, SELL, 10, kind=OrderType.TRAILING_STOP, role=OrderRole.STOP, status=S.EMULATED)
    order.trail_micros, order.stop_micros = 5 * MICRO, 95 * MICRO  # percent
    trader.place(order)
    for price in (100, 120, 116):
        venue.prices["AAPL"] = price
        trader.manager.poll()
    trader.release(order)
    (true,) = true_sales(venue)
    assert (true.now.order_type, true.now.stop_micros) == (OrderType.TRAILING_STOP, 114 * MICRO)
