"""What stopped entries stops them until it is over: not only those that are decided later, and not only while nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.domain.venue_order import Dedupe
from framework.runtime.orders.incidents import Code, Effect
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, order_of

S = OrderStatus


def hold_ten_shares(trader, venue):
    """Ten shares of AAPL with a stop that rests at the venue."""
    trader.place(order_of(1))
    venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    return stop


def share_by_hand(trader, venue):
    """Somebody else buys, and it is seen often enough to be believed."""
    venue.truth.trade_by_hand("AAPL", OrderSide.BUY, 5 * MICRO, 100 * MICRO)
    trader.manager.reconcile()
    trader.manager.reconcile()
    assert (Code.POSITION, "AAPL") in trader.manager.books.incidents


def test_shares_nobody_accounts_for_stay_so_while_an_order_of_the_symbol_is_on_its_way(trader, venue):
    hold_ten_shares(trader, venue)
    share_by_hand(trader, venue)
    venue.script("send", Fault.LOST_BEFORE)
    sale = order_of(3, SELL, kind=OrderType.STOP_LOSS, price=80.0, role=OrderRole.STOP)
    trader.cancel(trader.engine.orders["S-AAPL-2-sell"])
    trader.manager.poll()
    trader.place(sale)
    assert sale.status is S.UNKNOWN
    trader.manager.reconcile()
    assert (Code.POSITION, "AAPL") in trader.manager.books.incidents
    entry = order_of(4)
    trader.place(entry)
    assert entry.status is S.REJECTED


def test_a_difference_that_is_gone_is_over_even_where_it_could_not_be_looked_at_before(trader, venue):
    hold_ten_shares(trader, venue)
    share_by_hand(trader, venue)
    venue.truth.trade_by_hand("AAPL", OrderSide.SELL, 5 * MICRO, 100 * MICRO)
    trader.manager.reconcile()
    assert (Code.POSITION, "AAPL") not in trader.manager.books.incidents


def test_an_entry_that_waits_for_its_turn_is_not_sent_after_entries_were_stopped(trader, venue):
    venue.link = replace(venue.link, exclusive_account=True)
    venue.script("send", Fault.THROTTLED)
    entry = order_of(1)
    trader.place(entry)
    assert entry.status is S.SUBMITTED
    venue.truth.trade_by_hand("MSFT", OrderSide.BUY, MICRO, 50 * MICRO, fills=False)
    trader.pass_time(50)
    assert Effect.HALT in trader.manager.books.incidents.values()
    assert list(venue.truth.ours()) == []
    assert entry.status is S.REJECTED
    assert "entries are stopped" in trader.engine.heard[-1].reason


def test_a_stop_that_waits_for_its_turn_is_sent_all_the_same(trader, venue):
    stop = hold_ten_shares(trader, venue)
    trader.cancel(stop)
    trader.manager.poll()
    share_by_hand(trader, venue)
    venue.script("send", Fault.THROTTLED)
    again = order_of(3, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(again)
    trader.pass_time(50)
    assert again.status is S.ACCEPTED


def test_a_lost_entry_is_not_asked_for_again_after_entries_were_stopped(trader, venue):
    venue.link = replace(venue.link, exclusive_account=True, dedupe=Dedupe.PROVEN, dedupe_window_seconds=3_600.0)
    venue.script("send", Fault.LOST_BEFORE)
    entry = order_of(1)
    trader.place(entry)
    venue.truth.trade_by_hand("MSFT", OrderSide.BUY, MICRO, 50 * MICRO, fills=False)
    trader.pass_time(50)
    assert list(venue.truth.ours()) == []
    assert entry.status is S.UNKNOWN


def proven(venue):
    """A venue that takes an order once, however often it is sent under one id."""
    venue.link = replace(venue.link, dedupe=Dedupe.PROVEN, dedupe_window_seconds=3_600.0)


def test_a_lost_order_that_is_wanted_back_is_not_sent_again(trader, venue):
    proven(venue)
    venue.script("send", Fault.LOST_BEFORE)
    entry = order_of(1)
    trader.place(entry)
    trader.manager.cancel_order(entry.order_id)
    trader.pass_time(50)
    assert venue.requests["send"] == 1
    assert list(venue.truth.ours()) == []


@pytest.mark.parametrize("refused", [Fault.NOT_SENT, Fault.THROTTLED, Fault.NOT_AUTHENTICATED, Fault.FORBIDDEN])
def test_a_lost_order_stays_lost_where_its_repetition_was_refused_unseen(trader, venue, refused):
    proven(venue)
    venue.script("send", Fault.LOST_BEFORE, *[refused] * 100)
    entry = order_of(1)
    trader.place(entry)
    trader.pass_time(120)
    assert venue.requests["send"] > 1
    assert trader.manager.get_order(entry.order_id).status is S.UNKNOWN


def test_an_entry_whose_repetition_the_venue_does_not_take_may_still_be_there(trader, venue):
    """The first request holds the money that the second one would need."""
    proven(venue)
    venue.lag = 60.0
    venue.script("send", Fault.LOST_AFTER, Fault.REJECTED)
    entry = order_of(1)
    trader.place(entry)
    trader.pass_time(30)
    assert (entry.status, venue.requests["send"]) == (S.UNKNOWN, 2)
    beside = order_of(2)
    trader.place(beside)
    assert beside.status is S.REJECTED
    trader.pass_time(60)
    assert entry.status is S.ACCEPTED
    assert trader.manager.books.incidents == {}
    assert len(list(venue.truth.ours())) == 1


def test_a_lost_exit_whose_repetition_the_venue_does_not_take_is_over(trader, venue):
    """What guards the shares comes back; were it there after all, the venue would not sell them twice."""
    stop = hold_ten_shares(trader, venue)
    trader.cancel(stop)
    trader.manager.poll()
    proven(venue)
    venue.script("send", Fault.LOST_BEFORE, Fault.REJECTED)
    exit_order = order_of(3, SELL, price=101.0)
    trader.place(exit_order)
    trader.pass_time(30)
    assert exit_order.status is S.REJECTED


def test_shares_that_a_lost_sale_may_sell_are_sold_by_nobody_else_where_its_repetition_was_refused_unseen(trader, venue):
    stop = hold_ten_shares(trader, venue)
    trader.cancel(stop)
    trader.manager.poll()
    proven(venue)
    venue.lag = 600.0
    venue.script("send", Fault.LOST_AFTER, *[Fault.THROTTLED] * 5)
    first, second = order_of(3, SELL, price=101.0), order_of(4, SELL, price=102.0)
    trader.place(first)
    trader.pass_time(15)
    trader.place(second)
    assert (first.status, second.status) == (S.UNKNOWN, S.SUBMITTED)
    assert trader.manager.get_status(second.order_id).requests == 0
