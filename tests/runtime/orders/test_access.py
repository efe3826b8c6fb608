"""A venue that refuses the account or the session, and an adapter that breaks: told at once, and nobody is surprised."""

from __future__ import annotations

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.errors import OrderSubmissionError
from framework.runtime.orders.incidents import Code, Effect
from framework.runtime.orders.policy import OrderPolicy
from tests.venue.scripted import Fault
from tests.venue.trader import SELL, Trader, order_of

S = OrderStatus


def test_b14_a_restricted_account_stops_entries_at_once_and_until_a_person_says_otherwise(trader, venue):
    venue.script("send", Fault.FORBIDDEN)
    first, second = order_of(1), order_of(2, symbol="MSFT")
    trader.place(first)
    trader.place(second)
    assert (first.status, second.status) == (S.REJECTED, S.REJECTED)
    assert venue.requests["send"] == 1
    (told,) = trader.incidents
    assert (told.code, told.effect) == (Code.RESTRICTED, Effect.HALT)
    assert "Your account is restricted." in told.detail
    trader.pass_time(60)
    third = order_of(3)
    trader.place(third)
    assert third.status is S.REJECTED
    trader.manager.acknowledge(Code.RESTRICTED, "account", "ada", "they have lifted it")
    fourth = order_of(4)
    trader.place(fourth)
    assert fourth.status is S.ACCEPTED


def test_a_restricted_account_still_protects_and_leaves(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    venue.script("send", Fault.FORBIDDEN)
    trader.place(order_of(2, symbol="MSFT"))
    stop = order_of(3, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    assert stop.status is S.ACCEPTED


def test_a_session_that_ended_is_told_once_and_until_it_is_taken_again(trader, venue):
    venue.script("send", Fault.NOT_AUTHENTICATED, Fault.NOT_AUTHENTICATED)
    order = order_of(1)
    trader.place(order)
    assert order.status is S.SUBMITTED
    assert [(one.code, one.effect) for one in trader.incidents] == [(Code.SESSION_ENDED, Effect.ALERT)]
    trader.pass_time(5, step=1)
    assert order.status is S.ACCEPTED
    assert len(trader.incidents) == 1
    assert trader.manager.books.incidents == {}


def test_an_adapter_that_breaks_is_on_the_tape_and_told_until_it_answers(trader, venue):
    trader.place(order_of(1))
    venue.script("orders", Fault.RAISES, Fault.RAISES)
    trader.manager.poll()
    trader.manager.poll()
    assert [(one.code, one.subject) for one in trader.incidents] == [(Code.GATEWAY, "orders")]
    (event,) = trader.store.events(kinds={"venue_incident"})
    assert event.payload["detail"] == "orders raised BrokenError; it counts as no answer"
    trader.manager.poll()
    assert trader.manager.books.incidents == {}
    assert len(list(trader.store.events(kinds={"venue_cleared"}))) == 1


def test_no_call_of_the_adapter_breaks_the_loop_or_goes_without_a_word(trader, venue):
    trader.place(order_of(1))
    held = order_of(2, SELL, 5, price=120.0, status=S.EMULATED)
    venue.truth.shares["AAPL"] = 0
    trader.place(held)
    one = order_of(3, price=99.0)
    trader.place(one)
    for kind in ("orders", "order", "positions", "quotes", "send", "cancel"):
        venue.script(kind, Fault.RAISES, Fault.RAISES)
    trader.manager.poll()
    trader.manager.reconcile()
    trader.manager.synchronize_open_orders()
    trader.cancel(one)
    trader.place(order_of(4, symbol="MSFT"))
    assert {one.subject for one in trader.incidents if one.code is Code.GATEWAY} >= {"orders", "positions", "quotes", "send", "cancel"}


def test_one_order_that_cannot_be_looked_at_is_told(trader, venue):
    order = order_of(1)
    trader.place(order)
    shown = venue.orders
    venue.orders = lambda since: type(shown(since))((), complete=True)
    venue.script("order", Fault.RAISES)
    trader.manager.synchronize_open_orders()
    assert [(one.code, one.subject) for one in trader.incidents] == [(Code.GATEWAY, "order")]


def test_what_protects_or_leaves_waits_while_a_person_has_to_log_in_and_what_opens_is_refused(trader, venue):
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    venue.connected = False
    stop = order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    trader.place(stop)
    with pytest.raises(OrderSubmissionError, match="not connected"):
        trader.place(order_of(3, symbol="MSFT"))
    trader.pass_time(60)
    assert (stop.status, venue.requests["send"]) == (S.SUBMITTED, 1)
    assert (Code.UNPROTECTED, "AAPL") in trader.manager.books.incidents
    venue.connected = True
    trader.pass_time(5)
    assert stop.status is S.ACCEPTED
    assert trader.manager.books.incidents == {}


@pytest.mark.parametrize("fault", [Fault.NOT_AUTHENTICATED, Fault.THROTTLED, Fault.NOT_SENT])
def test_a_stop_that_cannot_be_sent_guards_nothing(trader, venue, fault):
    trader.place(order_of(1))
    venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
    trader.manager.poll()
    venue.script("send", *[fault] * 3)
    trader.place(order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP))
    trader.pass_time(10)
    assert (Code.UNPROTECTED, "AAPL") in trader.manager.books.incidents
    trader.pass_time(30)
    assert trader.manager.books.incidents.keys() <= {(Code.SESSION_ENDED, "account")}


def test_what_is_bare_stays_an_incident_when_its_stop_is_not_listened_to_any_more(tape, venue):
    with Trader(tape, venue, OrderPolicy(watch_seconds=60.0)) as trader:
        trader.start()
        trader.place(order_of(1))
        venue.truth.fill(next(iter(venue.truth.open.values())), 10 * MICRO, 100 * MICRO)
        trader.manager.poll()
        venue.script("send", Fault.REJECTED)
        trader.place(order_of(2, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP))
        trader.pass_time(120)
        assert trader.manager.books.tracked == {}
        assert (Code.UNPROTECTED, "AAPL") in trader.manager.books.incidents
        trader.place(order_of(3, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP))
        trader.pass_time(5)
        assert trader.manager.books.incidents == {}
