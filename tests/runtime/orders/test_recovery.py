"""A process that begins knows what is on the tape, finds out the rest, and sends nothing twice."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from framework.domain.book import Book
from framework.domain.order import OrderRole, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.domain.values import MICRO
from framework.errors import SafetyError
from framework.runtime.orders import events, recorder
from framework.runtime.orders.books import OrderBooks
from framework.runtime.orders.fold import fold
from framework.runtime.orders.freezing import NAME, freeze, thaw
from framework.runtime.orders.incidents import Code
from framework.runtime.tape.chain import NewEvent
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.trader import SELL, Trader, foreign_orders, order_of

S = OrderStatus
PRICE = 100 * MICRO
DAY = 86_400


def folded(trader, upto=None):
    books = OrderBooks()
    for event in trader.store.events(kinds=events.ALL):
        if upto is None or event.sequence < upto:
            fold(books, event.timestamp, event.kind, event.payload)
    return books


def shape(books):
    """What is known, in a form that compares."""
    orders = {
        order_id: (one.order.status, one.order.filled_micros, one.ended_at, one.was_given_up, one.replaces, [repr(leg) for leg in one.legs])
        for order_id, one in books.tracked.items()
    }
    return orders, books.refs, books.venue_ids, set(books.open), books.ledgers, books.shares, books.baseline, books.incidents


def live_through(trader, venue):
    """A day with a little of everything."""
    trader.start()
    venue.script("send", Fault.LOST_AFTER, Fault.NOT_SENT, Fault.NONE, Fault.LOST_BEFORE)
    for number, symbol in enumerate(("AAPL", "MSFT", "AAPL", "MSFT")):
        trader.place(order_of(number, symbol=symbol))
        trader.pass_time(10)
    for true in list(venue.truth.ours())[:2]:
        venue.truth.fill(true, 10 * MICRO, PRICE, 1)
    trader.manager.poll()
    stop = order_of(7, SELL, 10, kind=OrderType.STOP_LOSS, price=90, role=OrderRole.STOP)
    trader.place(stop)
    trader.hold(stop)
    trader.place(order_of(8, SELL, 4, kind=OrderType.MARKET))
    trader.pass_time(10)


def test_what_is_known_is_the_fold_of_the_tape(trader, venue):
    live_through(trader, venue)
    assert shape(trader.manager.books) == shape(folded(trader))


def test_what_is_kept_of_the_fold_is_the_fold(trader, venue):
    live_through(trader, venue)
    venue.truth.trade_by_hand("AAPL", order_of(0).side, 5 * MICRO, PRICE)
    trader.manager.reconcile()
    trader.manager.reconcile()
    books = trader.manager.books
    again = thaw(json.loads(json.dumps(freeze(books))))
    assert shape(again) == shape(books)
    assert freeze(again) == freeze(books)


def test_a_checkpoint_is_taken_up_and_what_came_after_it_is_folded(tape, venue, monkeypatch):
    monkeypatch.setattr(recorder, "CHECKPOINT_EVERY", 10)
    with Trader(tape, venue) as first:
        live_through(first, venue)
        assert first.store.checkpoint(NAME) is not None
        first.place(order_of(20, symbol="MSFT"))
        known = shape(first.manager.books)
    with Trader(tape, venue) as second:
        assert shape(second.manager.books) == known


def test_what_the_engine_was_told_is_on_the_tape_in_its_order(trader, venue):
    live_through(trader, venue)
    books = OrderBooks()
    heard = [fold(books, event.timestamp, event.kind, event.payload) for event in trader.store.events(kinds=events.ALL)]
    news = [one for one in heard if one is not None]
    assert [one for one in news if isinstance(one, OrderUpdate)] == trader.engine.heard
    assert len(trader.engine.heard) >= 9


def test_a_new_process_knows_what_the_last_one_knew_and_asks_for_no_order(tape, venue):
    with Trader(tape, venue) as first:
        live_through(first, venue)
        known, sent = shape(first.manager.books), venue.requests["send"]
    with Trader(tape, venue) as second:
        assert shape(second.manager.books) == known
        second.start()
        second.pass_time(60)
        assert venue.requests["send"] == sent
        with Trader(tape, venue) as third:
            assert shape(third.manager.books) == shape(second.manager.books)


def test_every_beginning_of_a_tape_is_a_state_to_recover_from(tape, venue):
    with Trader(tape, venue) as first:
        live_through(first, venue)
        rows = list(first.store.events(kinds=events.ALL))
    for cut in range(len(rows) + 1):
        books = OrderBooks()
        for event in rows[:cut]:
            fold(books, event.timestamp, event.kind, event.payload)
        assert all(tracked.order.order_id == name for name, tracked in books.tracked.items())
        assert set(books.refs.values()) <= set(books.tracked)


def test_an_answer_lost_with_the_process_is_looked_for(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        venue.script("send", Fault.RAISES)
        real = first.manager._recorder.write
        first.manager._recorder.write = lambda *new: real(*new) if new[-1].kind == events.DISPATCH else None
        first.place(order_of(1))  # what it learns after the request dies with it
    with Trader(tape, venue) as second:
        second.start()
        (tracked,) = second.manager.books.tracked.values()
        assert (tracked.order.status, tracked.leg.venue_order_id, venue.requests["send"]) == (S.ACCEPTED, "v1", 1)


def test_an_intent_that_was_never_sent_is_sent_if_it_is_not_too_late(tape, venue):
    for wait, expected in ((10, S.ACCEPTED), (300, S.EXPIRED)):
        venue = ScriptedVenue()
        place = tape.with_name(f"{wait}.db")
        with Trader(place, venue) as first:
            first.start()
            venue.script("send", Fault.NOT_SENT)
            first.place(order_of(1))
        venue.truth.clock.advance(wait)
        with Trader(place, venue) as second:
            second.start()
            second.manager.poll()
            (tracked,) = second.manager.books.tracked.values()
            assert tracked.order.status is expected
            assert len(venue.truth.orders) == (expected is S.ACCEPTED)


def test_fills_while_nobody_looked_are_booked_once(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        first.place(order_of(1))
    (true,) = venue.truth.ours()
    venue.truth.fill(true, 10 * MICRO, PRICE, 5)
    venue.truth.clock.advance(3 * DAY)
    for _ in range(2):
        with Trader(tape, venue) as later:
            later.start()
            assert later.manager.ledger("S").cash_micros == venue.truth.cash
            assert later.manager.books.shares == {"AAPL": 10 * MICRO}


def test_a_cancel_under_way_goes_on(tape, venue):
    with Trader(tape, venue) as first:
        first.start()
        order = order_of(1)
        first.place(order)
        venue.script("cancel", Fault.LOST_BEFORE)
        first.cancel(order)
    with Trader(tape, venue) as second:
        second.start()
        second.manager.poll()
        second.manager.poll()
        assert not second.manager.books.open
        assert {one.now.status for one in venue.truth.ours()} == {S.CANCELED}


# --- the gate and what does not agree


def test_nothing_opens_before_the_account_is_known(tape, venue):
    with Trader(tape, venue) as trader:
        with pytest.raises(SafetyError, match="nothing is decided before the account is known"):
            trader.manager.require_ready()
        order = order_of(1)
        trader.place(order)
        assert (order.status, venue.requests.get("send")) == (S.REJECTED, None)
        venue.script("orders", Fault.FAILED)
        assert not trader.manager.reconcile().succeeded
        venue.script("positions", Fault.FAILED)
        assert not trader.manager.reconcile().succeeded
        assert not trader.manager.is_ready
        assert trader.manager.reconcile().succeeded
        trader.manager.require_ready()


def test_somebody_elses_orders_and_shares_are_left_alone(tape, venue):
    venue.truth.trade_by_hand("MSFT", order_of(0).side, 5 * MICRO, PRICE)
    venue.truth.trade_by_hand("AAPL", order_of(0).side, 5 * MICRO, PRICE, fills=False)
    with Trader(tape, venue) as trader:
        trader.start()
        assert trader.manager.books.baseline == {"MSFT": 5 * MICRO}
        assert foreign_orders(trader.manager) == ["v1", "v2"]
        sale = order_of(1, SELL, 5, symbol="MSFT")
        trader.place(sale)
        assert sale.status is S.REJECTED  # they are not ours to sell
        assert trader.manager.cancel_all() == []
        assert "cancel" not in venue.requests
        assert trader.incidents == []


def test_shares_that_somebody_else_trades_freeze_the_symbol_until_it_is_acknowledged(trader, venue):
    venue.truth.trade_by_hand("AAPL", order_of(0).side, 5 * MICRO, PRICE)
    assert not trader.manager.reconcile().succeeded
    assert trader.manager.reconcile().differences[0].is_sure
    assert trader.codes() == ["position_mismatch", "cash_difference"]
    first, other = order_of(1), order_of(2, symbol="MSFT")
    trader.place(first)
    trader.place(other)
    assert (first.status, other.status) == (S.REJECTED, S.ACCEPTED)
    trader.manager.acknowledge(Code.POSITION, "AAPL", "ann", "my own")
    assert trader.manager.reconcile() == trader.manager.reconcile()
    again = order_of(3)
    trader.place(again)
    assert again.status is S.ACCEPTED
    assert trader.manager.books.baseline == {"AAPL": 5 * MICRO}


def test_a_position_that_only_lags_raises_no_alarm(trader, venue):
    venue.truth.shares["AAPL"] = 5 * MICRO
    trader.manager.reconcile()
    venue.truth.shares["AAPL"] = 0
    assert trader.manager.reconcile().succeeded
    assert trader.incidents == []


def test_a_foreign_order_halts_an_account_that_is_ours_alone(tape, venue):
    venue.link = replace(venue.link, exclusive_account=True)
    with Trader(tape, venue) as trader:
        trader.start()
        venue.truth.trade_by_hand("MSFT", order_of(0).side, 5 * MICRO, PRICE, fills=False)
        trader.manager.poll()
        assert trader.codes() == ["foreign_order"]
        order = order_of(1)
        trader.place(order)
        assert order.status is S.REJECTED
        trader.manager.acknowledge(Code.FOREIGN_ORDER, "v1", "ann", "mine")
        again = order_of(2)
        trader.place(again)
        assert again.status is S.ACCEPTED


def test_an_order_that_vanishes_stops_entries_until_it_is_seen_again(trader, venue):
    trader.place(order_of(1))
    hidden = venue.truth.orders.pop("v1")
    venue.truth.changed.pop("v1")
    trader.manager.reconcile()
    assert trader.codes() == ["order_missing"]
    order = order_of(2, symbol="MSFT")
    trader.place(order)
    assert order.status is S.REJECTED
    venue.truth.orders["v1"] = venue.truth.changed["v1"] = hidden
    trader.manager.reconcile()
    assert not trader.manager.books.incidents


def test_books_of_the_engine_that_differ_from_the_tape_halt(tape, venue):
    engine = Book(0)
    with Trader(tape, venue, shares_of_engine=lambda: {name: one.quantity_micros for name, one in engine.positions.items()}) as trader:
        trader.start()
        trader.place(order_of(1))
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
        trader.manager.poll()
        trader.manager.reconcile()
        assert trader.codes() == ["ledger_mismatch"]


def test_only_open_incidents_are_acknowledged(trader):
    with pytest.raises(SafetyError, match="no open incident"):
        trader.manager.acknowledge(Code.POSITION, "AAPL", "ann", "why not")


# --- giving up, and being wrong about it


def given_up(trader, venue):
    venue.script("send", Fault.ZOMBIE)
    order = order_of(1)
    trader.place(order)
    trader.pass_time(1_000, 60)
    assert order.status is S.UNKNOWN
    return order


def test_a_day_order_that_was_never_listed_is_given_up_after_its_session(tape, venue):
    with Trader(tape, venue, session_end=lambda timestamp: timestamp + 2 * 3_600 * 10**9) as trader:
        trader.start()
        order = given_up(trader, venue)
        trader.pass_time(7_000, 60)
        assert (order.status, trader.engine.heard[-1].reason) == (S.EXPIRED, "unknown, expired: never listed after its session")
        assert not trader.manager.books.incidents
        trader.pass_time(3_000, 60)
        assert venue.requests["send"] == 1
        # It was on its way all the same.
        venue.wake_zombies()
        trader.pass_time(120, 10)
        assert {one.now.status for one in venue.truth.ours()} == {S.CANCELED}
        assert trader.codes()[-1] == "adopted_late"
        venue.truth.fill(next(venue.truth.ours()), 2 * MICRO, PRICE)
        trader.manager.poll()
        assert (order.status, trader.engine.book.cash_micros) == (S.EXPIRED, venue.truth.cash)


def test_an_order_is_not_given_up_while_listings_fail(tape, venue):
    with Trader(tape, venue, session_end=lambda timestamp: timestamp) as trader:
        trader.start()
        order = given_up_soon(trader, venue)
        venue.script("orders", *[Fault.FAILED] * 100)
        trader.pass_time(5_000, 60)
        assert order.status is S.UNKNOWN


def given_up_soon(trader, venue):
    venue.script("send", Fault.ZOMBIE)
    order = order_of(1)
    trader.place(order)
    return order


@pytest.mark.parametrize("terms", [{"force": order_of(0).time_in_force.__class__.GTC}, {"role": OrderRole.STOP, "side": SELL}])
def test_what_is_no_day_order_that_opens_is_left_to_a_person(tape, venue, terms):
    with Trader(tape, venue, session_end=lambda timestamp: timestamp) as trader:
        trader.start()
        trader.place(order_of(0))
        venue.truth.fill(next(venue.truth.ours()), 10 * MICRO, PRICE)
        trader.manager.poll()
        venue.script("send", Fault.LOST_BEFORE)
        order = order_of(1, **terms)
        trader.place(order)
        trader.pass_time(3_000, 60)
        assert (order.status, trader.codes()[0]) == (S.UNKNOWN, "order_parked")
        trader.manager.settle_as_absent(order.order_id, "ann", "looked in the app")
        assert order.status is S.EXPIRED
        assert (Code.PARKED, order.order_id) not in trader.manager.books.incidents
        with pytest.raises(SafetyError, match="only one that was lost"):
            trader.manager.settle_as_absent(order.order_id, "ann", "again")


def test_what_the_manager_writes_can_be_read_by_the_chain(trader, venue):
    live_through(trader, venue)
    assert trader.store.verify() > 20
    assert trader.store.append([NewEvent(1, "note", {})])
