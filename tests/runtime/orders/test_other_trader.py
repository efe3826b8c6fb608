"""Two machines with tapes of their own on one account: each knows the other's orders at the venue for what they are, and stops."""

from __future__ import annotations

import uuid

import pytest

from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.values import MICRO
from framework.runtime.orders.ids import Desk, carries_mark, client_id
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect
from framework.runtime.orders.policy import OrderPolicy
from tests.venue.trader import BUY, DESK, SELL, Trader, foreign_orders, order_of

S = OrderStatus
OTHER = (Code.OTHER_TRADER, ACCOUNT)
PRICE = 100 * MICRO


@pytest.fixture
def two(tape, venue):
    with Trader(tape, venue) as one, Trader(tape.with_name("other.db"), venue) as other:
        one.start()
        other.start()
        yield one, other


def bought(trader, number, symbol="AAPL"):
    """An order that has filled."""
    order = order_of(number, symbol=symbol)
    trader.place(order)
    venue = trader.venue
    venue.truth.fill(venue.truth.by_client_id(trader.manager.get_status(order.order_id).client_id), 10 * MICRO, PRICE)
    trader.manager.poll()
    return order


def test_two_that_trade_at_the_same_time_both_stop_entries_and_go_on_guarding(two, venue):
    one, other = two
    bought(one, 1)
    other.manager.poll()  # by now it has ended there
    assert other.manager.books.incidents == {OTHER: Effect.HALT}
    refused = order_of(2, symbol="MSFT")
    other.place(refused)
    assert refused.status is S.REJECTED
    assert venue.requests["send"] == 1
    bought_elsewhere = order_of(3, symbol="IBM")
    venue.truth.accept(bought_elsewhere, client_id(DESK, bought_elsewhere.order_id, 0), 10 * MICRO)
    one.manager.poll()
    assert one.manager.books.incidents == {OTHER: Effect.HALT}
    stop = order_of(4, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP)
    one.place(stop)
    assert stop.status is S.ACCEPTED


def test_it_is_told_once_until_a_person_has_acknowledged_it_and_again_for_the_next_order(two):
    one, other = two
    for number in range(3):
        bought(one, number)
        other.manager.poll()
    assert other.codes() == [Code.OTHER_TRADER]
    other.manager.acknowledge(*OTHER, "ada", "I have stopped it")
    other.pass_time(600)
    assert other.manager.books.incidents == {}
    bought(one, 4)
    other.manager.poll()
    assert other.manager.books.incidents == {OTHER: Effect.HALT}


def test_what_a_run_before_has_left_at_the_venue_stops_entries_and_what_had_ended_does_not(tape, venue):
    with Trader(tape, venue) as before:
        before.start()
        bought(before, 1)
    with Trader(tape.with_name("second.db"), venue) as after:
        after.start()
        assert after.manager.books.incidents == {}
        bought(after, 2, "MSFT")
        stop = order_of(3, SELL, kind=OrderType.STOP_LOSS, price=90.0, role=OrderRole.STOP, symbol="MSFT")
        after.place(stop)
    with Trader(tape.with_name("third.db"), venue) as last:
        last.start()
        assert last.manager.books.incidents == {OTHER: Effect.HALT}
        assert last.manager.is_ready  # what is held can be left and guarded


def test_what_traded_while_the_process_was_down_is_seen_when_it_comes_back(tape, venue):
    with Trader(tape, venue) as one:
        one.start()
        bought(one, 1)
    venue.truth.clock.advance(86_400)
    with Trader(tape.with_name("other.db"), venue) as other:
        other.start()
        bought(other, 2)
    with Trader(tape, venue) as one:
        one.start()
        assert OTHER in one.manager.books.incidents
    with Trader(tape, venue) as one:
        one.start()
        assert OTHER in one.manager.books.incidents
        assert Code.OTHER_TRADER not in one.codes()  # it is on the tape


def test_an_order_of_this_tape_that_is_not_listened_to_any_more_is_nobody_else_s(tape, venue):
    policy = OrderPolicy(watch_seconds=60)
    with Trader(tape, venue, policy) as one:
        one.start()
        order = bought(one, 1)
        one.pass_time(300)
        assert order.order_id not in one.manager.books.tracked
    with Trader(tape, venue, policy) as one:
        one.start()
        assert foreign_orders(one.manager) == []
        assert one.manager.books.incidents == {}


def test_an_order_of_this_tape_that_was_over_and_works_again_is_on_the_tape_once_more(tape, venue):
    with Trader(tape, venue, OrderPolicy(watch_seconds=60)) as one:
        one.start()
        order = order_of(1)
        one.place(order)
        one.manager.cancel_order(order.order_id)
        one.pass_time(300)
        assert order.order_id not in one.manager.books.tracked
        (ended,) = venue.truth.ours()
        venue.truth.set_status(ended, S.ACCEPTED)
        one.manager.poll()
        assert foreign_orders(one.manager) == [ended.now.venue_order_id]


def test_a_person_in_the_app_is_not_taken_for_a_onetape(two, venue):
    one, _ = two
    by_hand = venue.truth.trade_by_hand("MSFT", BUY, MICRO, PRICE, fills=False)
    stranger = venue.truth.accept(order_of(9, symbol="IBM"), "84317fed-6c56-494f-aa65-415935aa36e3", MICRO, is_foreign=True)
    one.manager.poll()
    assert foreign_orders(one.manager) == [by_hand.now.venue_order_id, stranger.now.venue_order_id]
    assert one.manager.books.incidents == {}


@pytest.mark.parametrize("shown", [None, "", "no uuid", "84317fed-6c56-494f-aa65-415935aa36e3", str(uuid.uuid5(uuid.NAMESPACE_URL, "x"))])
def test_what_carries_no_mark_is_nobody_s(shown):
    assert not carries_mark(DESK.account, shown)


def test_a_mark_is_of_an_account_whatever_mode_and_spelling():
    found = client_id(Desk("mine", "live"), "order", 0)
    assert carries_mark("mine", found)
    assert carries_mark("mine", found.upper())
    assert not carries_mark("yours", found)
    assert uuid.UUID(found).version == 5
    assert uuid.UUID(found).variant == uuid.RFC_4122
